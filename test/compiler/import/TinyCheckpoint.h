//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Checkpoints of a few kilobytes, made by tests and then broken by them.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_COMPILER_IMPORT_TINYCHECKPOINT_H
#define TEST_COMPILER_IMPORT_TINYCHECKPOINT_H

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace moec::test {

/// Keeps keys in the order in which they were added.
using OrderedJson = nlohmann::ordered_json;

/// A new folder; removed with all that is in it.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;

  std::string path(llvm::StringRef name = "") const;
  std::string write(llvm::StringRef name, llvm::StringRef bytes) const;
  void makeFolder(llvm::StringRef name) const;
  /// Makes a symbolic link to `target`, which need not exist.
  void link(llvm::StringRef name, llvm::StringRef target) const;
  void remove(llvm::StringRef name) const;

private:
  llvm::SmallString<64> root;
};

/// The bytes of a safetensors file: the size, the header, `dataSize` bytes.
std::string safetensorsBytes(llvm::StringRef header, uint64_t dataSize);

struct TinyTensor {
  std::string name;
  std::string type;
  std::vector<int64_t> shape;
};

/// The header of a file of these tensors, one behind the other; their size in
/// bytes is added to `dataSize`.
OrderedJson headerOf(const std::vector<TinyTensor> &tensors,
                     uint64_t &dataSize);

/// config.json and the tensors that it asks for. 16 tokens, hidden size 8,
/// 2 heads of 4, 1 key head, inner size 6, 1 layer, 3 experts, 2 per token.
struct TinyCheckpoint {
  OrderedJson config;
  std::vector<TinyTensor> tensors;

  static TinyCheckpoint sparse();
  static TinyCheckpoint fused();
  static TinyCheckpoint dense(llvm::StringRef architecture);

  TinyTensor &tensor(llvm::StringRef name);
  void drop(llvm::StringRef name);
  /// Writes config.json and model.safetensors.
  void write(const TemporaryFolder &folder) const;
  void writeConfig(const TemporaryFolder &folder) const;
};

/// The message of an error, or "" of a success.
template <typename T> std::string messageOf(llvm::Expected<T> result) {
  return result ? "" : llvm::toString(result.takeError());
}

} // namespace moec::test

#endif // TEST_COMPILER_IMPORT_TINYCHECKPOINT_H
