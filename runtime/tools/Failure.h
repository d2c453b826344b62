//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How a command of moert ends when it cannot do its job.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_FAILURE_H
#define RUNTIME_TOOLS_FAILURE_H

#include <stdexcept>
#include <string>

namespace moert::tools {

/// The job failed. The message is one line for people; if it is empty, there
/// is nothing to say.
class Failure : public std::runtime_error {
public:
  explicit Failure(const std::string &message, int exitCode = 1)
      : std::runtime_error(message), exitCode(exitCode) {}

  const int exitCode;
};

/// The command line asks for what no model could do.
class UsageFailure : public Failure {
public:
  explicit UsageFailure(const std::string &message) : Failure(message, 2) {}
};

/// Throws a Failure that names `subject` and the reason in `errno`.
[[noreturn]] void failWithErrno(const std::string &subject, const char *what);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_FAILURE_H
