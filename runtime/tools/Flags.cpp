//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Flags.h"

#include <charconv>
#include <cmath>
#include <sstream>

using namespace moert::tools;

namespace {

template <typename Number> std::string show(Number number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

/// Messages complete "--flag: ".
template <typename Number>
CLI::Validator inRange(Number least, Number most, const char *kind) {
  auto check = [=](std::string &text) -> std::string {
    Number number{};
    const char *end = text.data() + text.size();
    auto parsed = std::from_chars(text.data(), end, number);
    bool isNumber = parsed.ec == std::errc() && parsed.ptr == end;
    if (parsed.ec != std::errc::result_out_of_range && !isNumber)
      return "'" + text + "' is no " + kind;
    if (isNumber && number >= least && number <= most)
      return "";
    return text + " is out of range, " + show(least) + " to " + show(most);
  };
  return CLI::Validator(check, "");
}

} // namespace

CLI::Validator moert::tools::wholeNumber(int64_t least, int64_t most) {
  return inRange<int64_t>(least, most, "whole number");
}

CLI::Validator moert::tools::realNumber(double least, double most) {
  return inRange<double>(least, most, "number");
}

void moert::tools::addModel(CLI::App &command, std::string &model) {
  command.add_option("MODEL", model, "artifact that moec compiled")
      ->required()
      ->option_text("MODEL.moe");
}

void moert::tools::addRunFlags(CLI::App &command, RunFlags &flags) {
  command
      .add_option("--threads", flags.threads,
                  "threads to compute with [one for each CPU]")
      ->check(wholeNumber(1, 1024))
      ->option_text("N");
  command
      .add_option("--target", flags.target,
                  "run this target of the artifact [the best one that the "
                  "device can run]")
      ->option_text("NAME");
  command
      .add_option("--device", flags.device,
                  "cpu, cuda[:N], or emulated:ARCH, a GPU on this CPU [a GPU "
                  "that the artifact has a target for, else cpu]")
      ->option_text("DEVICE");
  command.add_flag("--huge-pages", flags.hugePages,
                   "on a CPU, copy weights into huge pages: starts later, and "
                   "takes their memory, but steps read them faster");
}

void moert::tools::addChunk(CLI::App &command, int64_t &chunk) {
  command
      .add_option("--chunk", chunk,
                  "tokens of a sequence to compute in one step; results do "
                  "not depend on it [512]")
      ->check(wholeNumber(1, maxCount))
      ->option_text("N");
}
