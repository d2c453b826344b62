//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A file that appears under its name only when it is complete.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_OUTPUTFILE_H
#define COMPILER_ARTIFACT_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>

namespace moec {

/// A temporary file in the folder of `path`. It is renamed to `path` by
/// `commit`, and removed if that is never called or a signal ends the process.
class OutputFile {
public:
  /// Fails if `path` is something else than a regular file, or cannot be
  /// written.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  OutputFile(OutputFile &&);
  ~OutputFile();

  /// The file's name until it is complete.
  llvm::StringRef temporaryPath() const { return temporary; }

  /// Fails if the disk of the file has no room for `size` bytes.
  llvm::Error requireSpace(uint64_t size) const;

  /// Writes at `offset`; what lies between writes is zero. Threads may write at
  /// the same time.
  llvm::Error write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);

  /// Renames the file to `path`, which it replaces.
  llvm::Error commit();

private:
  class SizeLimitAsError;

  OutputFile(llvm::StringRef path, std::string temporary, int descriptor);
  llvm::Error closeDescriptor();

  std::string path, temporary;
  int descriptor;
  std::unique_ptr<SizeLimitAsError> sizeLimit;
};

} // namespace moec

#endif // COMPILER_ARTIFACT_OUTPUTFILE_H
