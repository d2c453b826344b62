//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/tools/CommandLine.h"

#include "compiler/tools/Commands.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace moec;

/// Every message is one line.
static int report(std::string message, int exitCode) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  if (!message.empty())
    llvm::errs() << "error: " << message << '\n';
  return exitCode;
}

/// What CLI11 says, in the form of our own messages.
static std::string describe(const CLI::App &app, const CLI::ParseError &error) {
  std::vector<std::string> rest = app.remaining();
  if (app.get_subcommands().empty())
    return rest.empty() ? "a command is needed: compile, inspect or verify"
                        : "'" + rest.front() +
                              "' is no command; expected compile, inspect or "
                              "verify";
  std::string message = error.what();
  // "The following argument was not expected", but not "MODEL is required".
  if (message.size() > 1 && llvm::isLower(message[1]))
    message[0] = llvm::toLower(message[0]);
  return message;
}

static int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  auto commands = app.get_subcommands();
  std::string help = "moec ";
  if (!commands.empty())
    help += commands.front()->get_name() + " ";
  return report(describe(app, error) + "; see " + help + "--help", 2);
}

void moec::throwIfFailed(llvm::Error error) {
  if (error)
    throw CommandFailure(llvm::toString(std::move(error)));
}

int moec::runCommandLine(CLI::App &app, int argc, char **argv) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success &request) {
    return app.exit(request); // --help, --version
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error);
  } catch (const CommandFailure &failure) {
    return report(failure.what(), 1);
  } catch (const std::bad_alloc &) {
    return report("out of memory", 1);
  } catch (const std::exception &exception) {
    return report(exception.what(), 1);
  }
}
