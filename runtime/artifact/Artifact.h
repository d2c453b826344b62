//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Reading a .moe artifact: the one door through which its bytes come in.
///
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ARTIFACT_ARTIFACT_H
#define RUNTIME_ARTIFACT_ARTIFACT_H

#include "runtime/abi/artifact_generated.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace moert {

/// How much of an artifact is checked before it can be used.
enum class VerifyDepth {
  Load, ///< all but the weights: header, table, code, tokenizer, padding
  Deep, ///< every byte
};

/// Bytes of a mapped artifact; they live as long as it does.
struct ByteSpan {
  const uint8_t *data = nullptr;
  uint64_t size = 0;
};

/// Called now and then during a deep check: bytes of weights done, and all.
using VerifyProgress = std::function<void(uint64_t done, uint64_t total)>;

/// A mapped and verified artifact. Whoever holds one may follow every index,
/// offset and size in its table without a further check.
class Artifact {
public:
  /// Maps the file at `path`, read-only, and verifies it. On failure returns
  /// null and sets `error` to one line that begins with `path`.
  static std::unique_ptr<Artifact> open(const std::string &path,
                                        VerifyDepth depth, std::string &error,
                                        const VerifyProgress &progress = {});
  ~Artifact();
  Artifact(const Artifact &) = delete;
  Artifact &operator=(const Artifact &) = delete;

  const std::string &path() const { return path_; }
  const format::Artifact &table() const { return *table_; }
  /// The whole file.
  ByteSpan file() const { return file_; }
  /// Segment `index` of the table, without its padding.
  ByteSpan segment(uint32_t index) const;
  /// Tensor `index` of the table, in its layout; 64-aligned.
  ByteSpan tensor(uint32_t index) const;
  /// The SentencePiece model; no bytes if there is none.
  ByteSpan tokenizer() const;

private:
  Artifact(std::string path, ByteSpan file)
      : path_(std::move(path)), file_(file) {}

  std::string path_;
  ByteSpan file_;
  const format::Artifact *table_ = nullptr;
};

} // namespace moert

#endif // RUNTIME_ARTIFACT_ARTIFACT_H
