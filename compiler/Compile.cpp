//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/Compile.h"

#include "codegen/ScratchMemory.h"
#include "codegen/Target.h"
#include "codegen/nvidia/CompileKernels.h"
#include "codegen/nvidia/Occupancy.h"
#include "codegen/x86/CompileKernels.h"
#include "compiler/Diagnostics.h"
#include "compiler/ModelInput.h"
#include "compiler/PhaseDump.h"
#include "compiler/Pipeline.h"
#include "compiler/artifact/OutputFile.h"
#include "compiler/artifact/Writer.h"
#include "dialects/Decoder/Decoder.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir;
using namespace moec;

namespace {

/// A target, its module after the last phase on IR, and its code.
struct CompiledTarget {
  moec::Target target;
  OwningOpRef<ModuleOp> module;
  KernelContext context() { return {target, maxLaunchRows(*module)}; }
};

/// One run of `moec compile`.
class Compilation {
public:
  Compilation(const CompileOptions &options, Progress &progress,
              MLIRContext &context, PhaseDump dump)
      : options(options), progress(progress), context(context),
        dump(std::move(dump)), diagnostics(&context, options.model) {}

  Error run();

private:
  Error runModelPhases();
  Expected<CompiledTarget> lower(const std::string &name);
  Expected<std::string> compileText(CompiledTarget &compiled, CodeForm form);
  Error dumpCode(CompiledTarget &compiled);
  Expected<TargetCode> buildCode(CompiledTarget &compiled);
  Error linkCode(CompiledTarget &compiled, TargetCode &made);
  Error assembleCode(CompiledTarget &compiled, TargetCode &made);
  Error runPhase(const Phase &phase, ModuleOp module, StringRef prefix);
  Error dumpModule(ModuleOp module, const Twine &name);
  Error checkWeights();
  Error emitTarget();
  Error emitArtifact();
  Error writeText(StringRef text);

  const CompileOptions &options;
  Progress &progress;
  MLIRContext &context;
  PhaseDump dump;
  DiagnosticCollector diagnostics;
  ModelInput input;
};

} // namespace

static std::string print(ModuleOp module) {
  std::string text;
  raw_string_ostream(text) << module << '\n';
  return text;
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

Error Compilation::dumpModule(ModuleOp module, const Twine &name) {
  if (!dump.isOn())
    return Error::success();
  return dump.write((name + ".mlir").str(), print(module));
}

Error Compilation::runPhase(const Phase &phase, ModuleOp module,
                            StringRef prefix) {
  PassManager passes(&context, ModuleOp::getOperationName());
  phase.addPasses(passes);
  if (failed(passes.run(module)))
    return diagnostics.take();
  return dumpModule(module, prefix + phase.name);
}

Error Compilation::runModelPhases() {
  if (Error error = dumpModule(*input.module, "import"))
    return error;
  for (const Phase &phase : modelPhases())
    if (Error error = runPhase(phase, *input.module, ""))
      return error;
  return Error::success();
}

Expected<CompiledTarget> Compilation::lower(const std::string &name) {
  Expected<moec::Target> target = lookupTarget(name);
  if (!target)
    return target.takeError();
  target->isBatchInvariant = options.isBatchInvariant;
  CompiledTarget compiled{*target, input.module->clone()};
  CpuOptions cpu;
  cpu.target = name;
  cpu.machine = target->machine;
  cpu.maxStepTokens = options.maxStepTokens;
  cpu.isBatchInvariant = options.isBatchInvariant;
  cpu.hasAmx = target->hasAmx;
  cpu.regimes = options.regimes ? *options.regimes
                                : llvm::to_vector(target->regimeBorders);
  cpu.fusions = options.fusions;
  cpu.topLogits = options.topLogits;
  cpu.cost = costOf(*target);
  for (const Phase &phase : cpuPhases(cpu))
    if (Error error = runPhase(phase, *compiled.module, name + "-"))
      return error;
  return compiled;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// The code as text: LLVM IR, or the assembly of the machine.
Expected<std::string> Compilation::compileText(CompiledTarget &compiled,
                                               CodeForm form) {
  auto text = compiled.target.machine == Machine::X86
                  ? compileKernels(*compiled.module, compiled.context(), form)
                  : compileGpuKernels(*compiled.module, compiled.context(),
                                      form == CodeForm::LLVM ? GpuForm::LLVM
                                                             : GpuForm::Ptx);
  if (text)
    return text;
  return createStringError(options.model + ": " + toString(text.takeError()));
}

Error Compilation::dumpCode(CompiledTarget &compiled) {
  if (!dump.isOn())
    return Error::success();
  bool isGpu = compiled.target.machine == Machine::Nvidia;
  for (auto [form, suffix] :
       {std::pair(CodeForm::LLVM, "-kernels.ll"),
        std::pair(CodeForm::Assembly, isGpu ? "-kernels.ptx" : "-kernels.s")}) {
    Expected<std::string> text = compileText(compiled, form);
    if (!text)
      return text.takeError();
    if (Error error = dump.write(compiled.target.name + suffix, *text))
      return error;
  }
  return Error::success();
}

/// What the artifact holds for a target.
Expected<TargetCode> Compilation::buildCode(CompiledTarget &compiled) {
  const moec::Target &target = compiled.target;
  progress.begin("compiling kernels for " + target.name);
  if (Error error = dumpCode(compiled))
    return error;
  FailureOr<int64_t> scratch =
      scratchBytes(*compiled.module, compiled.context());
  if (failed(scratch))
    return diagnostics.take();
  TargetCode made;
  made.name = target.name;
  made.features = target.requiredFeatures;
  made.module = *compiled.module;
  made.cost = costOf(target);
  made.scratchBytes = static_cast<uint64_t>(*scratch);
  made.isBatchInvariant =
      target.machine == Machine::X86 || target.isBatchInvariant;
  Error error = target.machine == Machine::Nvidia ? assembleCode(compiled, made)
                                                  : linkCode(compiled, made);
  if (error)
    return createStringError(options.model + ": " + toString(std::move(error)));
  return made;
}

/// A CPU's code.
Error Compilation::linkCode(CompiledTarget &compiled, TargetCode &made) {
  auto code = compileKernels(*compiled.module, compiled.context(),
                             CodeForm::SharedObject);
  if (!code)
    return code.takeError();
  made.code = std::move(*code);
  return Error::success();
}

/// A GPU's code.
Error Compilation::assembleCode(CompiledTarget &compiled, TargetCode &made) {
  auto code = assembleGpuKernels(*compiled.module, compiled.context());
  if (!code)
    return createStringError("target '" + made.name +
                             "': " + toString(code.takeError()));
  made.machine = moert::format::Machine::Nvidia;
  made.code = std::move(code->fatBinary);
  for (auto kernel : compiled.module->getOps<exec::KernelOp>()) {
    if (kernel.getLibraryAttr())
      continue;
    KernelResources taken = code->kernels.lookup(kernel.getSymName());
    exec::BlockAttr block = kernel.getBlockAttr();
    int64_t resident = residentBlocks(compiled.target.gpu,
                                      {block.getThreads(), taken.registers,
                                       taken.sharedBytes + block.getShared()});
    made.resources[kernel.getSymName()] = {
        static_cast<uint32_t>(taken.registers),
        static_cast<uint32_t>(taken.sharedBytes),
        static_cast<uint32_t>(taken.stackBytes),
        static_cast<uint32_t>(resident)};
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

Error Compilation::writeText(StringRef text) {
  if (!options.output.empty() && options.output != "-")
    return writeTextFile(options.output, text);
  outs() << text;
  outs().flush();
  std::error_code code = outs().error();
  outs().clear_error();
  if (code)
    return createStringError("standard output: cannot be written: " +
                             code.message());
  return Error::success();
}

/// Whether the weights have values is known before minutes of work.
Error Compilation::checkWeights() {
  if (options.randomSeed)
    return Error::success();
  for (auto parameter : input.module->getOps<moe::ParameterOp>())
    if (!parameter.getSource() || !input.weights)
      return createStringError(
          options.model + ": parameter '" + parameter.getSymName() +
          "' has no values; give --weights=random:SEED, or --weights=DIR for "
          "parameters that name bytes of files");
  return Error::success();
}

/// The parameters of which the model looks up rows and nothing else.
static llvm::StringSet<> tablesOf(ModuleOp module) {
  llvm::StringSet<> tables, others;
  module.walk([&](moe::ReadParameterOp read) {
    for (OpOperand &use : read->getUses()) {
      auto embed = dyn_cast<decoder::EmbedOp>(use.getOwner());
      bool looksUp = embed && &use == &embed.getTableMutable();
      (looksUp ? tables : others).insert(read.getParameter());
    }
  });
  for (const auto &other : others)
    tables.erase(other.getKey());
  return tables;
}

/// Prints a form between the model's program and the artifact.
Error Compilation::emitTarget() {
  Expected<CompiledTarget> compiled = lower(options.targets.front());
  if (!compiled)
    return compiled.takeError();
  if (options.emit == EmitKind::Exec)
    return writeText(print(*compiled->module));
  progress.begin("compiling kernels for " + compiled->target.name);
  Expected<std::string> text = compileText(
      *compiled,
      options.emit == EmitKind::LLVM ? CodeForm::LLVM : CodeForm::Assembly);
  if (!text)
    return text.takeError();
  progress.end();
  return writeText(*text);
}

Error Compilation::emitArtifact() {
  std::string path = artifactPath(options);
  // Before minutes of work: a file that cannot be written fails at once.
  if (auto probe = OutputFile::create(path); !probe)
    return probe.takeError();
  std::vector<CompiledTarget> compiled;
  std::vector<TargetCode> codes;
  for (const std::string &name : options.targets) {
    Expected<CompiledTarget> target = lower(name);
    if (!target)
      return target.takeError();
    Expected<TargetCode> code = buildCode(*target);
    if (!code)
      return code.takeError();
    compiled.push_back(std::move(*target));
    codes.push_back(std::move(*code));
  }
  ArtifactContents contents;
  contents.targets = codes;
  contents.weights = input.weights ? &*input.weights : nullptr;
  contents.randomSeed = options.randomSeed;
  contents.tables = tablesOf(*input.module);
  contents.tokenizer = input.tokenizer;
  contents.progress = [&](uint64_t done, uint64_t total) {
    progress.advance(done, total);
  };
  progress.begin("packing weights");
  return writeArtifact(path, contents);
}

Error Compilation::run() {
  Expected<ModelInput> loaded = loadModel(options, context, diagnostics);
  if (!loaded)
    return loaded.takeError();
  input = std::move(*loaded);
  if (Error error = runModelPhases())
    return error;
  if (options.emit == EmitKind::MoE)
    return writeText(print(*input.module));
  if (options.emit != EmitKind::Artifact)
    return emitTarget();
  if (Error error = checkWeights())
    return error;
  return emitArtifact();
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

std::string moec::defaultOutput(StringRef model) {
  SmallString<128> path(model.rtrim('/'));
  // "." has a name of its own.
  if (sys::path::filename(path).starts_with("."))
    sys::fs::real_path(model, path);
  StringRef name = sys::path::filename(path);
  name.consume_back(".mlir");
  return (name + ".moe").str();
}

std::string moec::artifactPath(const CompileOptions &options) {
  return options.output.empty() ? defaultOutput(options.model) : options.output;
}

Error moec::compileModel(const CompileOptions &options, Progress &progress) {
  Expected<PhaseDump> dump = PhaseDump::open(options.dumpPhasesTo);
  if (!dump)
    return dump.takeError();
  DialectRegistry registry;
  registerModelDialects(registry);
  // One thread: the same input gives the same output and the same first error.
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Error error = Compilation(options, progress, context, std::move(*dump)).run();
  progress.end();
  return error;
}
