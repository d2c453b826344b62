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

static int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  std::string message = error.what();
  for (char &character : message)
    if (character == '\n')
      character = ' ';
  message[0] = static_cast<char>(std::tolower(message[0]));
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
  std::signal(SIGPIPE, SIG_IGN); // writing reports it
  catchInterrupts();
  CLI::App app{"Runs models that moec compiled."};
  app.name("moert");
  app.set_version_flag("--version", std::string("moert ") + moert_version());
  app.require_subcommand(1);
  addGenerate(app);
  addScore(app);
  addTokenize(app);
  addBench(app);
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
