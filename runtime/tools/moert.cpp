//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Runs the models that moec compiled.
//
//===----------------------------------------------------------------------===//

#include "runtime/moert.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/Failure.h"
#include "runtime/tools/Flags.h"
#include "runtime/tools/Interrupt.h"

#include <cctype>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <new>

using namespace moert::tools;

/// A descriptor 0, 1 or 2 that is not open would be given to the next file
/// that is opened, and that file then be taken for standard output.
static void occupyStandardDescriptors() {
  for (int descriptor : {0, 1, 2})
    if (fcntl(descriptor, F_GETFD) < 0)
      (void)!open("/dev/null", descriptor == 2 ? O_WRONLY : O_RDONLY);
}

/// One line in lower case of what CLI11 says.
static std::string describe(const CLI::App &app, const CLI::ParseError &error) {
  bool hasCommand = !app.get_subcommands().empty();
  const std::vector<std::string> rest = app.remaining();
  if (!hasCommand && !rest.empty())
    return "'" + rest[0] + "' is no command";
  if (!hasCommand)
    return "a command is needed";
  std::string message = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch *>(&error))
    return message.substr(0, message.find(':')) + ": takes one value, once";
  for (char &character : message)
    if (character == '\n')
      character = ' ';
  if (message.size() > 1 && std::islower(message[1]))
    message[0] = static_cast<char>(std::tolower(message[0]));
  return message;
}

static int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  std::string message = describe(app, error);
  const auto commands = app.get_subcommands();
  std::string help = commands.empty() ? "" : commands[0]->get_name() + " ";
  std::fprintf(stderr, "error: %s; see moert %s--help\n", message.c_str(),
               help.c_str());
  return 2;
}

static int report(const std::string &message, int exitCode) {
  if (!message.empty())
    std::fprintf(stderr, "error: %s\n", message.c_str());
  return exitCode;
}

int main(int argc, char **argv) {
  occupyStandardDescriptors();
  std::signal(SIGPIPE, SIG_IGN); // writing reports them
  std::signal(SIGXFSZ, SIG_IGN);
  catchInterrupts();
  CLI::App app{"Runs models that moec compiled."};
  app.name("moert");
  app.set_version_flag("--version", std::string("moert ") + moert_version());
  app.require_subcommand(1);
  addGenerate(app);
  addScore(app);
  addTokenize(app);
  addBench(app);
  addEmulate(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success &request) {
    return app.exit(request);
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error);
  } catch (const Failure &failure) {
    return report(failure.what(), failure.exitCode);
  } catch (const std::bad_alloc &) {
    return report("out of memory", 1);
  } catch (const std::exception &exception) {
    return report(exception.what(), 1);
  }
}
