//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// moert bench: how fast a model runs, beside what the machine can do.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/BenchReport.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"
#include "runtime/tools/Flags.h"
#include "runtime/tools/Interrupt.h"
#include "runtime/tools/Probes.h"

#include <sstream>

using namespace moert::tools;

namespace {

/// -p and -n where they are not given, if the model has so many positions.
constexpr int64_t defaultPrompt = 512, defaultGenerated = 64;
constexpr int64_t notGiven = -1;

struct BenchFlags {
  RunFlags run;
  std::string prompts; ///< with commas; empty: not given
  BenchSettings settings{{}, notGiven, 1, 5};
  bool profile = false;
  bool json = false;
};

/// "1,16,64" as numbers.
std::vector<int64_t> parsePrompts(const std::string &text) {
  std::vector<int64_t> prompts;
  std::string number;
  for (std::istringstream list(text + ","); std::getline(list, number, ',');) {
    bool digits = !number.empty() && number.size() < 10 &&
                  number.find_first_not_of("0123456789") == std::string::npos;
    int64_t value = digits ? std::stoll(number) : notGiven;
    if (value == notGiven || value > maxCount)
      throw UsageFailure("-p: '" + text +
                         "' is no list of whole numbers from 0 to " +
                         std::to_string(maxCount) + ", with commas between");
    prompts.push_back(value);
  }
  return prompts;
}

BenchSettings completeSettings(const Model &model, BenchSettings settings) {
  int64_t most = model.info().max_positions;
  if (settings.promptTokens.empty())
    settings.promptTokens = {std::min(defaultPrompt, most)};
  if (settings.generatedTokens == notGiven)
    settings.generatedTokens = std::min(defaultGenerated, most);
  return settings;
}

moert_session_options sessionOptions(const BenchFlags &flags,
                                     const BenchSettings &settings) {
  int64_t length = settings.generatedTokens;
  for (int64_t prompt : settings.promptTokens)
    length = std::max(length, prompt);
  moert_session_options options{};
  options.threads = flags.run.threads;
  options.max_sequences = static_cast<int32_t>(settings.sequences);
  options.cache_positions = pagedPositions(length) * settings.sequences;
  options.profile = flags.profile;
  return options;
}

/// What kernels took since `before`, a profile of the same session.
std::vector<moert_kernel_profile>
profileSince(const std::vector<moert_kernel_profile> &before,
             const Session &session) {
  std::vector<moert_kernel_profile> kernels = session.profile();
  for (size_t i = 0; i < kernels.size(); ++i) {
    kernels[i].launches -= before[i].launches;
    kernels[i].tasks -= before[i].tasks;
    kernels[i].seconds -= before[i].seconds;
    kernels[i].flops -= before[i].flops;
    kernels[i].weight_bytes -= before[i].weight_bytes;
  }
  return kernels;
}

void bench(BenchFlags flags) {
  if (!flags.prompts.empty())
    flags.settings.promptTokens = parsePrompts(flags.prompts);
  if (flags.settings.promptTokens == std::vector<int64_t>{0} &&
      flags.settings.generatedTokens == 0)
    throw UsageFailure("-p: 0 and -n 0 leave nothing to measure");
  Model model(flags.run);
  BenchSettings settings = completeSettings(model, flags.settings);
  std::vector<BenchTest> tests = planTests(model, settings);
  Session session(model, sessionOptions(flags, settings));
  double stepBytes = std::max(
      4096.0, model.cost(settings.sequences, settings.sequences).weight_bytes);
  Rooflines rooflines(flags.run, model, static_cast<size_t>(stepBytes),
                      session);
  for (const BenchTest &test : tests)
    runTest(test, model, session); // page faults, clocks, caches
  const std::vector<moert_kernel_profile> warmUp = session.profile();
  for (int64_t i = 0; i < settings.repetitions; ++i)
    for (BenchTest &test : tests) {
      throwIfInterrupted();
      double read = rooflines.readRate();
      double dot = rooflines.productRate();
      TestRun run = runTest(test, model, session);
      test.repetitions.push_back(
          {run.seconds, run.launchesPerStep, run.callsPerStep, read, dot});
    }
  moert_session_stats stats = session.stats();
  BenchReport report{flags.run.model,
                     &model.info(),
                     stats.threads,
                     settings.sequences,
                     stats.launches,
                     std::move(tests),
                     profileSince(warmUp, session)};
  print(flags.json ? report.formatJson() : report.formatTable());
}

const char *const examples =
    R"(Tests: ppN computes a prompt of N tokens of each sequence, tgN
generates N tokens one by one, in the same steps for all sequences. Tokens are
random and the same in every run. Each test is warmed up once, then repeated;
numbers are medians, with the least and the most.

Before every repetition two probes run on the same threads:
- The read probe reads the artifact's own file mapping in order, as many bytes
  of it as a step that generates has to read, over and over; with --huge-pages,
  such pages, filled from the file. Of a plain and a prefetching reader, it
  takes the better one.
- The dot-product peak is that of TDPBF16PS on registers if the artifact's code
  multiplies on tiles, else of VDPBF16PS, or of FMA on a CPU without it.
Of a GPU, the read probe copies inside of its memory, and counts bytes read and
written; the peak is what the data sheet says.
Shares are medians of the ratios to the probe right before. Bytes are those of
the weights a step has to read, with experts as even routing would choose them;
operations those of matrix products. Attention is in neither. A model that
routes unevenly reads fewer experts than that if tokens are few, so its share of
the read probe is then less than what is printed.

--json prints one object: `read_probe_gb_s`, `dot_peak_gflop_s`,
`launches_per_step`, and `tests`, a list of `name`, `tokens_per_s`,
`launches_per_step` (as counted), `library_calls_per_step`, `bytes_per_token`, `gb_s`, `gflop_s`, `share_of_read_probe`,
`share_of_dot_peak`; measured numbers also with _min and _max. With --profile,
also `kernels`, a list of the totals of each kernel over all repetitions.

Examples:
  moert bench mixtral.moe
  moert bench mixtral.moe -p 1,16,64,512 -n 0
  moert bench mixtral.moe -p 0 -n 32 -b 8 --threads 2 --json)";

CLI::Option *addCount(CLI::App &command, const char *name, int64_t &value,
                      const char *what) {
  return command.add_option(name, value, what)->option_text("N");
}

} // namespace

void moert::tools::addBench(CLI::App &app) {
  CLI::App *command = app.add_subcommand("bench", "Measure the speed");
  auto flags = std::make_shared<BenchFlags>();
  BenchSettings &settings = flags->settings;
  addModel(*command, flags->run.model);
  command
      ->add_option("-p", flags->prompts,
                   "tokens of each prompt, or several numbers with commas, a "
                   "test for each; 0: no prompt test [512, or what the model "
                   "takes]")
      ->option_text("N,...");
  addCount(*command, "-n", settings.generatedTokens,
           "tokens to generate; 0: no generation test [64, or what the model "
           "takes]")
      ->check(wholeNumber(0, maxCount));
  addCount(*command, "-b", settings.sequences, "sequences at a time [1]")
      ->check(wholeNumber(1, 65536));
  addCount(*command, "-r", settings.repetitions, "repetitions [5]")
      ->check(wholeNumber(1, 10000));
  command->add_flag("--profile", flags->profile,
                    "measure each kernel, too, which costs a little time");
  addRunFlags(*command, flags->run);
  command->add_flag("--json", flags->json, "print one JSON object");
  command->footer(examples);
  command->callback([flags] { bench(*flags); });
}
