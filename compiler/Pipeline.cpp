//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"

#include "codegen/Passes.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace moec;

std::vector<Phase> moec::modelPhases() {
  return {{"simplify",
           [](OpPassManager &passes) {
             passes.addPass(createCanonicalizerPass());
             passes.addPass(createCSEPass());
           }},
          {"verify-program", [](OpPassManager &passes) {
             passes.addPass(createVerifyProgramPass());
           }}};
}

std::vector<Phase> moec::cpuPhases(const CpuOptions &options) {
  LowerToExecPassOptions lowering;
  lowering.maxTokens = options.maxStepTokens;
  lowering.targetName = options.target;
  lowering.batchInvariant = options.isBatchInvariant;
  X86PackMatrixOperandsPassOptions packing;
  packing.amx = options.hasAmx;
  SplitRegimesPassOptions regimes;
  regimes.maxTokens = options.maxStepTokens;
  regimes.borders = options.regimes;
  AddTopEntryPassOptions top;
  top.k = options.topLogits;
  // The library's order of summation is its own, and depends on the rows.
  bool hasLibrary =
      options.machine == Machine::Nvidia && !options.isBatchInvariant;
  return {{"fuse",
           [regimes, top, hasLibrary, fusions = options.fusions,
            cost = options.cost](OpPassManager &passes) {
             if (top.k > 0)
               passes.addPass(createAddTopEntryPass(top));
             passes.addPass(createSplitRegimesPass(regimes));
             if (hasLibrary)
               passes.addNestedPass<func::FuncOp>(
                   createNvidiaChooseLibraryProductsPass());
             addFusionPasses(passes, fusions, cost);
           }},
          {"pack",
           [packing, machine = options.machine](OpPassManager &passes) {
             if (machine == Machine::X86)
               passes.addNestedPass<func::FuncOp>(
                   createX86PackMatrixOperandsPass(packing));
           }},
          {"lower",
           [lowering](OpPassManager &passes) {
             passes.addPass(createLowerToExecPass(lowering));
           }},
          {"plan", [](OpPassManager &passes) {
             OpPassManager &programs = passes.nest<exec::ProgramOp>();
             programs.addPass(createPlanMemoryPass());
             programs.addPass(createVerifyMemoryPlanPass());
           }}};
}

namespace {
struct CpuPipelineOptions : PassPipelineOptions<CpuPipelineOptions> {
  Option<std::string> target{*this, "target", llvm::cl::init("host"),
                             llvm::cl::desc("The machine to compile for")};
  Option<int64_t> maxStepTokens{*this, "max-step-tokens", llvm::cl::init(512),
                                llvm::cl::desc("Tokens that a step may have")};
  ListOption<int64_t> regimes{*this, "regimes",
                              llvm::cl::list_init<int64_t>({8, 64}),
                              llvm::cl::desc("Borders of the regimes")};
  Option<int64_t> topLogits{*this, "top-logits", llvm::cl::init(1),
                            llvm::cl::desc("Logits of a row that @top gives; "
                                           "0: no @top")};
  ListOption<std::string> disabledFusions{
      *this, "disable-fusion",
      llvm::cl::desc("Names of fusions that are not made, or all")};
};
} // namespace

void moec::registerPipelines() {
  PassPipelineRegistration<CpuPipelineOptions>(
      "moec-cpu-pipeline", "From a model to launches on an x86-64 machine",
      [](OpPassManager &passes, const CpuPipelineOptions &options) {
        for (const Phase &phase : modelPhases())
          phase.addPasses(passes);
        CpuOptions cpu;
        cpu.target = options.target;
        // The pass that reads the name says if there is no such target.
        if (llvm::Expected<Target> target = lookupTarget(options.target)) {
          cpu.cost = costOf(*target);
          cpu.hasAmx = target->hasAmx;
        } else {
          llvm::consumeError(target.takeError());
        }
        cpu.maxStepTokens = options.maxStepTokens;
        cpu.topLogits = options.topLogits;
        cpu.fusions.disabled.assign(options.disabledFusions.begin(),
                                    options.disabledFusions.end());
        cpu.regimes.assign(options.regimes.begin(), options.regimes.end());
        for (const Phase &phase : cpuPhases(cpu))
          phase.addPasses(passes);
      });
}

void moec::registerModelDialects(DialectRegistry &registry) {
  registry.insert<decoder::DecoderDialect, exec::ExecDialect, func::FuncDialect,
                  moe::MoEDialect>();
}
