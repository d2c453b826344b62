//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/Target.h"
#include "compiler/Compile.h"
#include "compiler/artifact/Inspect.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Commands.h"
#include "compiler/tools/TerminalProgress.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace moec;

namespace {
/// What the user typed, before it is understood.
struct CompileFlags {
  std::string model, output, weights, tokenizer, dumpPhasesTo;
  std::string targets = "host"; // with commas
  std::string emit = "artifact";
  std::string maxStepTokens = "512";
  std::string regimes; // "8,64" or "none"
  std::string topLogits = "1";
  std::string deterministic = "run";
  std::vector<std::string> disabledFusions, requiredFusions;
  std::string fusionReport;
};
} // namespace

/// Steps of more tokens gain nothing and take memory.
static constexpr int64_t largestStep = 65536;

/// Choosing more takes longer than writing all logits.
static constexpr int64_t mostTopLogits = 64;

static const char examples[] =
    "Examples:\n"
    "  moec compile path/to/Mixtral-8x7B-v0.1 -o mixtral.moe\n"
    "  moec compile mistralai/Mixtral-8x7B-v0.1 --target=x86-64-v3,znver4\n"
    "  moec compile tiny-moe.mlir --weights=random:1\n"
    "  moec compile path/to/Mixtral-8x7B-v0.1 --emit=exec --target=znver4";

static CLI::ValidationError wrong(llvm::StringRef flag,
                                  const llvm::Twine &what) {
  return CLI::ValidationError(flag.str(), what.str());
}

static std::vector<std::string> parseTargets(llvm::StringRef list) {
  std::vector<std::string> targets;
  for (llvm::StringRef name : llvm::split(list, ',')) {
    if (!llvm::is_contained(targetNames(), name))
      throw wrong("--target", "unknown target '" + name + "'; known are " +
                                  llvm::join(targetNames(), ", "));
    if (llvm::is_contained(targets, name))
      throw wrong("--target", "'" + name + "' is named twice");
    targets.push_back(name.str());
  }
  return targets;
}

static EmitKind parseEmit(const std::string &name) {
  auto kind = llvm::StringSwitch<std::optional<EmitKind>>(name)
                  .Case("moe", EmitKind::MoE)
                  .Case("exec", EmitKind::Exec)
                  .Case("llvm", EmitKind::LLVM)
                  .Case("asm", EmitKind::Assembly)
                  .Case("artifact", EmitKind::Artifact)
                  .Default(std::nullopt);
  if (!kind)
    throw wrong("--emit", "unknown form '" + name +
                              "'; known are moe, exec, llvm, asm, artifact");
  return *kind;
}

static int64_t parseMaxStepTokens(const std::string &text) {
  int64_t tokens;
  if (!llvm::to_integer(text, tokens, 10) || tokens < 1 || tokens > largestStep)
    throw wrong("--max-step-tokens", "'" + text +
                                         "' is no whole number from 1 to " +
                                         llvm::Twine(largestStep));
  return tokens;
}

static int64_t parseTopLogits(const std::string &text) {
  int64_t count;
  if (!llvm::to_integer(text, count, 10) || count < 0 || count > mostTopLogits)
    throw wrong("--top-logits", "'" + text + "' is no whole number from 0 to " +
                                    llvm::Twine(mostTopLogits));
  return count;
}

/// "8,64", "16" or "none".
static llvm::SmallVector<int64_t> parseRegimes(llvm::StringRef text) {
  llvm::SmallVector<int64_t> borders;
  if (text == "none")
    return borders;
  for (llvm::StringRef part : llvm::split(text, ',')) {
    int64_t border;
    bool grows = llvm::to_integer(part, border, 10) &&
                 border > (borders.empty() ? 0 : borders.back());
    if (!grows || border > largestStep || borders.size() == 2)
      throw wrong("--regimes", "'" + text +
                                   "' is not 'none', and no one or two whole "
                                   "numbers from 1 to " +
                                   llvm::Twine(largestStep) +
                                   ", the larger last");
    borders.push_back(border);
  }
  return borders;
}

static std::string fusionNames() {
  return llvm::join(
      llvm::map_range(allFusions(),
                      [](const Fusion &fusion) { return fusion.name.str(); }),
      ", ");
}

static void checkFusion(const char *flag, llvm::StringRef name) {
  bool known = llvm::any_of(
      allFusions(), [&](const Fusion &fusion) { return fusion.name == name; });
  if (!known)
    throw wrong(flag,
                "unknown fusion '" + name + "'; known are " + fusionNames());
}

static FusionChoice parseFusions(const CompileFlags &flags) {
  FusionChoice choice{flags.disabledFusions, flags.requiredFusions};
  for (const std::string &name : choice.disabled)
    if (name != "all")
      checkFusion("--disable-fusion", name);
  for (const std::string &name : choice.required) {
    checkFusion("--require-fused", name);
    if (!choice.isOn(name))
      throw wrong("--require-fused",
                  "'" + name + "' is disabled by --disable-fusion");
  }
  return choice;
}

static void listFusions() {
  for (const Fusion &fusion : allFusions())
    llvm::outs() << llvm::left_justify(fusion.name, 18) << fusion.summary
                 << '\n';
  throw CLI::Success();
}

static void parseWeights(llvm::StringRef text, CompileOptions &options) {
  llvm::StringRef seed = text;
  if (!seed.consume_front("random:")) {
    options.weightsFolder = text.str();
    return;
  }
  uint64_t value;
  if (!llvm::to_integer(seed, value, 10))
    throw wrong("--weights", "the seed in '" + text +
                                 "' is no whole number from 0 to 2^64 - 1");
  options.randomSeed = value;
}

/// Forms between the program and the artifact are those of one target.
static void checkForm(const CompileOptions &options) {
  if (options.emit == EmitKind::Artifact || options.emit == EmitKind::MoE)
    return;
  if (options.targets.size() > 1)
    throw wrong("--target", "--emit takes one target, but got " +
                                llvm::Twine(options.targets.size()));
}

static CompileOptions parse(const CLI::App &command,
                            const CompileFlags &flags) {
  for (const char *name :
       {"--output", "--weights", "--tokenizer", "--dump-phases-to"})
    if (command.count(name) && command[name]->as<std::string>().empty())
      throw wrong(name, "the name is empty");
  CompileOptions options;
  options.model = flags.model;
  options.output = flags.output;
  options.targets = parseTargets(flags.targets);
  options.emit = parseEmit(flags.emit);
  options.dumpPhasesTo = flags.dumpPhasesTo;
  options.tokenizer = flags.tokenizer;
  options.maxStepTokens = parseMaxStepTokens(flags.maxStepTokens);
  if (command.count("--regimes") > 0)
    options.regimes = parseRegimes(flags.regimes);
  options.topLogits = parseTopLogits(flags.topLogits);
  options.isBatchInvariant = flags.deterministic == "batch";
  options.fusions = parseFusions(flags);
  if (!flags.weights.empty())
    parseWeights(flags.weights, options);
  checkForm(options);
  return options;
}

static void addFlags(CLI::App &command, CompileFlags &flags) {
  command
      .add_option("MODEL", flags.model,
                  "A checkpoint folder, a model of the Hugging Face cache "
                  "(ORGANIZATION/NAME), or an .mlir file")
      ->required();
  command.add_option("-o,--output", flags.output,
                     "Where to write; - is standard output, of all but an "
                     "artifact [NAME.moe]");
  command.add_option(
      "--target", flags.targets,
      "Machines, with commas: " + llvm::join(targetNames(), ", ") + " [host]");
  command.add_option("--emit", flags.emit,
                     "What to write: moe, exec, llvm, asm or artifact "
                     "[artifact]; all but the last go to standard output");
  command.add_option("--weights", flags.weights,
                     "random:SEED for random weights; or the folder of the "
                     "files that an .mlir file names");
  command.add_option("--tokenizer", flags.tokenizer,
                     "A SentencePiece model [that of the checkpoint]");
  command.add_option("--max-step-tokens", flags.maxStepTokens,
                     "Tokens that one step may compute [512]");
  command.add_option("--regimes", flags.regimes,
                     "The most tokens of steps that are compiled as decode and "
                     "as skinny; or none [those of the target: 8,64]");
  command.add_option("--top-logits", flags.topLogits,
                     "The most tokens that --top-k may keep for a step to "
                     "compute no other logits; 1: greedy text alone; 0: steps "
                     "compute all [1]");
  command
      .add_option("--deterministic", flags.deterministic,
                  "run: the same bits whenever the same steps are run; batch: a "
                  "token's bits are the same whatever other tokens its step "
                  "has, too, as they always are on CPUs [run]")
      ->check(CLI::IsMember({"run", "batch"}));
  command
      .add_option("--disable-fusion", flags.disabledFusions,
                  "A fusion that is not made, or all; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--require-fused", flags.requiredFusions,
                  "A fusion without which compilation fails; may be "
                  "repeated")
      ->allow_extra_args(false);
  command
      .add_option(
          "--fusion-report", flags.fusionReport,
          "Print what fusion made of the programs, when the artifact is "
          "written; =json for JSON")
      ->expected(0, 1)
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json"}));
  command.add_flag_callback("--list-fusions", listFusions,
                            "Print the fusions that there are, and exit");
  command.add_option("--dump-phases-to", flags.dumpPhasesTo,
                     "A folder for the program after each phase");
}

void moec::addCompileCommand(CLI::App &app) {
  CLI::App *command = app.add_subcommand("compile", "Compile a model");
  command->footer(examples);
  auto flags = std::make_shared<CompileFlags>();
  addFlags(*command, *flags);
  command->callback([command, flags] {
    CompileOptions options = parse(*command, *flags);
    bool reports = command->count("--fusion-report") > 0;
    if (reports && options.emit != EmitKind::Artifact)
      throw wrong("--fusion-report", "is made of an artifact, but --emit is '" +
                                         flags->emit + "'");
    if (options.emit == EmitKind::Artifact && options.output == "-")
      throw wrong("--output", "an artifact needs a file, but - is standard "
                              "output");
    throwIfFailed(compileModel(options, *makeProgress()));
    if (!reports)
      return;
    InspectOptions report;
    report.path = artifactPath(options);
    report.fusionReport = true;
    report.json = flags->fusionReport == "json";
    throwIfFailed(inspectArtifact(report, llvm::outs()));
  });
}
