//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Whole files, and standard output.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_FILES_H
#define RUNTIME_TOOLS_FILES_H

#include <string>
#include <string_view>

namespace moert::tools {

/// The bytes of a file of at most 1 GiB; "-" is standard input. Throws a
/// Failure.
std::string readFile(const std::string &path);

/// Writes to standard output at once. Throws a Failure; one without a message
/// and with exit code 0 if nobody reads any more.
void print(std::string_view text);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_FILES_H
