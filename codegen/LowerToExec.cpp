//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/KernelBuilder.h"
#include "codegen/KernelTable.h"
#include "codegen/ModelFacts.h"
#include "codegen/Passes.h"
#include "codegen/ProgramBuffers.h"
#include "codegen/RowExtents.h"
#include "codegen/StepFunction.h"

#include "llvm/ADT/DenseMap.h"

namespace moec {
#define GEN_PASS_DEF_LOWERTOEXECPASS
#include "codegen/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;
using exec::ExtentAttr;

/// Steps beyond this make buffers that no machine has.
static constexpr int64_t largestMaxTokens = 65536;

namespace {

/// One launch to be.
struct Launch {
  Operation *op;
  exec::KernelOp kernel;
  ExtentAttr rows;
};

struct LowerToExec : moec::impl::LowerToExecPassBase<LowerToExec> {
  using LowerToExecPassBase::LowerToExecPassBase;

  void runOnOperation() override {
    if (failed(lower()))
      signalPassFailure();
  }

private:
  using Plans = llvm::DenseMap<Operation *, KernelPlan>; ///< by kernel

  LogicalResult lower() {
    ModuleOp module = getOperation();
    FailureOr<Target> target = findTarget();
    if (failed(target))
      return failure();
    FailureOr<StepFunction> step = StepFunction::find(module);
    if (failed(step) || failed(describeModel(module, step->op)))
      return failure();

    SymbolTable symbols(module);
    FailureOr<SmallVector<Launch>> launches = collectLaunches(*step, symbols);
    if (failed(launches))
      return failure();
    FailureOr<Plans> plans = planKernels(*launches, *target);
    if (failed(plans))
      return failure();
    buildProgram(*step, symbols, *launches, *plans);
    step->op.erase();
    return success();
  }

  FailureOr<Target> findTarget() {
    if (maxTokens < 1 || maxTokens > largestMaxTokens)
      return getOperation().emitOpError("cannot be compiled for steps of ")
             << int64_t(maxTokens) << " tokens; expected 1 to "
             << largestMaxTokens;
    llvm::Expected<Target> target = lookupTarget(targetName);
    if (!target)
      return getOperation().emitOpError() << llvm::toString(target.takeError());
    return *target;
  }

  FailureOr<SmallVector<Launch>> collectLaunches(StepFunction step,
                                                 SymbolTable &symbols) {
    RowExtents extents;
    auto tokens = ExtentAttr::get(&getContext(), 1, exec::Symbol::Tokens, 0);
    auto rows = ExtentAttr::get(&getContext(), 1, exec::Symbol::Rows, 0);
    extents.set(step.tokens, tokens);
    extents.set(step.batch, tokens);
    extents.set(step.rows, rows);

    KernelTable kernels(symbols);
    SmallVector<Launch> launches;
    for (Operation &op : step.op.getBody().front().without_terminator()) {
      if (op.getNumResults() == 1 && findWeight(op.getResult(0)))
        continue;
      FailureOr<ExtentAttr> launchRows = extents.infer(&op);
      if (failed(launchRows))
        return failure();
      launches.push_back({&op, kernels.get(&op), *launchRows});
    }
    numKernels = kernels.all().size();
    numLaunches = launches.size();
    if (extents.of(step.logits) != rows)
      return step.logits.getDefiningOp()->emitOpError("computes the logits of ")
             << extents.of(step.logits) << " rows; expected " << rows;
    return launches;
  }

  FailureOr<Plans> planKernels(ArrayRef<Launch> launches,
                               const Target &target) {
    int64_t maxRows = 1;
    for (const Launch &launch : launches)
      maxRows = std::max(maxRows, launch.rows.evaluate(maxTokens));
    Plans plans;
    for (const Launch &launch : launches) {
      if (plans.contains(launch.kernel))
        continue;
      FailureOr<const KernelBuilder *> builder =
          findKernelBuilder(launch.kernel);
      if (failed(builder))
        return failure();
      FailureOr<KernelPlan> plan =
          (*builder)->plan(launch.kernel, {target, maxRows});
      if (failed(plan))
        return failure();
      plans[launch.kernel] = *plan;
    }
    return plans;
  }

  void buildProgram(StepFunction step, SymbolTable &symbols,
                    ArrayRef<Launch> launches, const Plans &plans) {
    auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto program =
        exec::ProgramOp::create(builder, step.op.getLoc(), stepFunctionName,
                                "any", maxTokens, IntegerAttr());
    builder.setInsertionPointToEnd(&program.getBody().emplaceBlock());
    ProgramBuffers buffers(step, symbols, builder);
    for (const Launch &launch : launches)
      buildLaunch(launch, plans.at(launch.kernel), buffers, builder);
  }

  void buildLaunch(Launch launch, const KernelPlan &plan,
                   ProgramBuffers &buffers, OpBuilder &builder) {
    SmallVector<Value> arguments;
    for (Value operand : launch.op->getOperands())
      arguments.push_back(buffers.read(operand, launch.op));
    for (OpResult result : launch.op->getResults())
      arguments.push_back(buffers.write(result, launch.rows));
    exec::LaunchOp::create(
        builder, launch.op->getLoc(), launch.kernel.getSymName(), arguments,
        launch.rows, scaled(launch.rows, plan.tasksPerRow, plan.fixedTasks),
        plan.grain, scaled(launch.rows, plan.flopsPerRow), plan.weights);
  }
};

} // namespace
