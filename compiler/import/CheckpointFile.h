//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The files of a checkpoint folder, any of which may be missing, a link to
/// something that was not downloaded, or no file at all.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_CHECKPOINTFILE_H
#define COMPILER_IMPORT_CHECKPOINTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace moec {

/// Whether something of that name is there, even a dangling link.
bool entryExists(llvm::StringRef path);

/// The size in bytes of a regular file, after links. Fails, with the way out,
/// if there is none.
llvm::Expected<uint64_t> regularFileSize(llvm::StringRef path);

/// Reads `length` bytes from the start of a regular file of at least that size.
llvm::Expected<std::string> readStart(llvm::StringRef path, uint64_t length);

/// Reads a text file of at most 64 MiB.
llvm::Expected<std::string> readTextFile(llvm::StringRef path);

/// Whether `name` names a file in a folder and nothing outside it, and fits in
/// one line of a message.
bool isPlainFileName(llvm::StringRef name);

/// `folder` / `name`.
std::string pathIn(llvm::StringRef folder, llvm::StringRef name);

} // namespace moec

#endif // COMPILER_IMPORT_CHECKPOINTFILE_H
