//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An artifact in pieces, which a test can change before it is put together.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_ARTIFACT_ARTIFACTPARTS_H
#define TEST_RUNTIME_ARTIFACT_ARTIFACTPARTS_H

#include "runtime/abi/Header.h"
#include "runtime/artifact/Artifact.h"

#include <string>
#include <vector>

/// The table and the segments of an artifact. Sizes, offsets and checksums are
/// right until a test changes them; `assemble` makes those of the header and of
/// the table right in any case.
struct ArtifactParts {
  moert::format::ArtifactT table;
  std::vector<std::string> segments; ///< bytes without padding

  /// A dense model of two targets that share three tensors.
  static ArtifactParts sound();

  /// The bytes of the file.
  std::string assemble() const;
};

/// The bytes with a header of these fields, whose checksum is right.
std::string withHeader(std::string file, const moert_header &header);
moert_header headerOf(const std::string &file);

/// A file in the folder for temporary files, removed with its scope.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &bytes);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  const std::string path;
};

/// What the reader says about these bytes; empty if it accepts them. Without
/// the name of the file, which every message must begin with.
std::string violationOf(const std::string &bytes,
                        moert::VerifyDepth depth = moert::VerifyDepth::Load);

#endif // TEST_RUNTIME_ARTIFACT_ARTIFACTPARTS_H
