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
#include "codegen/nvidia/GpuKernels.h"
#include "dialects/MoE/MoE.h"

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
  Operation *op; ///< a group, or an operation on its own
  exec::KernelOp kernel;
  ExtentAttr rows;
  SmallVector<ExtentAttr> resultRows;
};

/// One program to be.
struct Version {
  StepFunction step;
  SmallVector<Launch> launches;
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
    FailureOr<SmallVector<StepFunction>> steps =
        findStepFunctions(module, maxTokens);
    if (failed(steps) || failed(describeModel(module, *steps)))
      return failure();

    SymbolTable symbols(module);
    FailureOr<SmallVector<Version>> versions = collectVersions(*steps, symbols, target->machine);
    if (failed(versions))
      return failure();
    FailureOr<Plans> plans = planKernels(*versions, *target);
    if (failed(plans))
      return failure();
    StoredTensors tensors(steps->front(), symbols);
    for (const Version &version : *versions)
      buildProgram(version, tensors, *plans);
    for (const Version &version : *versions)
      symbols.erase(version.step.op);
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
    target->isBatchInvariant = batchInvariant;
    return *target;
  }

  FailureOr<SmallVector<Version>> collectVersions(ArrayRef<StepFunction> steps,
                                                  SymbolTable &symbols,
                                                  Machine machine) {
    KernelTable kernels(symbols, machine);
    SmallVector<Version> versions;
    for (const StepFunction &step : steps) {
      FailureOr<SmallVector<Launch>> launches = collectLaunches(step, kernels);
      if (failed(launches))
        return failure();
      numLaunches += launches->size();
      versions.push_back({step, std::move(*launches)});
    }
    numKernels = kernels.all().size();
    return versions;
  }

  FailureOr<SmallVector<Launch>> collectLaunches(StepFunction step,
                                                 KernelTable &kernels) {
    RowExtents extents;
    auto tokens = ExtentAttr::get(&getContext(), 1, exec::Symbol::Tokens, 0);
    auto rows = ExtentAttr::get(&getContext(), 1, exec::Symbol::Rows, 0);
    extents.set(step.tokens, tokens);
    extents.set(step.batch, tokens);
    extents.set(step.rows, rows);

    SmallVector<Launch> launches;
    for (Operation &op : step.op.getBody().front().without_terminator()) {
      if (op.getNumResults() == 1 && findWeight(op.getResult(0)))
        continue;
      FailureOr<ExtentAttr> launchRows = extents.infer(&op);
      if (failed(launchRows))
        return failure();
      SmallVector<ExtentAttr> resultRows;
      for (Value result : op.getResults())
        resultRows.push_back(extents.of(result));
      launches.push_back({&op, kernels.get(&op, step.maxTokens), *launchRows, resultRows});
    }
    for (Value result : step.results)
      if (extents.of(result) != rows)
        return result.getDefiningOp()->emitOpError("computes the logits of ")
               << extents.of(result) << " rows; expected " << rows;
    return launches;
  }

  FailureOr<Plans> planKernels(ArrayRef<Version> versions,
                               const Target &target) {
    int64_t maxRows = 1;
    for (const Version &version : versions)
      for (const Launch &launch : version.launches)
        maxRows =
            std::max(maxRows, launch.rows.evaluate(version.step.maxTokens));
    Plans plans;
    for (const Version &version : versions)
      for (const Launch &launch : version.launches)
        if (failed(planKernel(launch.kernel, {target, maxRows}, plans)))
          return failure();
    return plans;
  }

  exec::BlockAttr blockOf(const KernelPlan &plan) {
    BlockShape shape = blockShape(plan);
    return exec::BlockAttr::get(&getContext(), shape.threads, shape.tasks,
                                shape.sharedBytes, plan.scratchBytes);
  }

  void describeMethod(exec::KernelOp kernel, const KernelPlan &plan) {
    Builder builder(&getContext());
    SmallVector<Attribute> maps;
    for (const TensorMapPlan &map : plan.tensorMaps)
      maps.push_back(exec::TensorMapAttr::get(&getContext(), map.operand,
                                              map.boxRows));
    if (!maps.empty())
      kernel.setTensorMapsAttr(builder.getArrayAttr(maps));
    if (!plan.method.empty())
      kernel.setMethod(plan.method);
  }

  LogicalResult planKernel(exec::KernelOp kernel, const KernelContext &context,
                           Plans &plans) {
    if (plans.contains(kernel))
      return success();
    FailureOr<const KernelBuilder *> builder =
        findKernelBuilder(kernel, context.target.machine);
    if (failed(builder))
      return failure();
    FailureOr<KernelPlan> plan = (*builder)->plan(kernel, context);
    if (failed(plan))
      return failure();
    plans[kernel] = *plan;
    if (plan->library)
      kernel.setLibraryAttr(exec::LibraryProductAttr::get(
          &getContext(), plan->library->rows, plan->library->weight,
          plan->library->residual, plan->library->workspaceBytes));
    else if (context.target.machine == Machine::Nvidia)
      kernel.setBlockAttr(blockOf(*plan));
    if (!plan->layouts.empty()) {
      SmallVector<Attribute> layouts(plan->layouts.begin(),
                                     plan->layouts.end());
      kernel.setLayoutsAttr(ArrayAttr::get(&getContext(), layouts));
    }
    describeMethod(kernel, *plan);
    return success();
  }

  void buildProgram(const Version &version, StoredTensors &tensors,
                    const Plans &plans) {
    StepFunction step = version.step;
    auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
    StringAttr name = step.op.getSymNameAttr();
    StringAttr entry;
    if (name != step.entry)
      entry = step.entry;
    auto program = exec::ProgramOp::create(
        builder, step.op.getLoc(), name, entry, step.regime,
        builder.getI64IntegerAttr(step.maxTokens), IntegerAttr());
    if (Attribute reasons = step.op->getAttr(moe::notFusedAttributeName))
      program->setAttr(moe::notFusedAttributeName, reasons);
    builder.setInsertionPointToEnd(&program.getBody().emplaceBlock());
    ProgramBuffers buffers(step, tensors, builder);
    for (const Launch &launch : version.launches)
      buildLaunch(launch, plans.at(launch.kernel), buffers, builder);
  }

  void buildLaunch(const Launch &launch, const KernelPlan &plan,
                   ProgramBuffers &buffers, OpBuilder &builder) {
    exec::KernelOp kernel = launch.kernel;
    SmallVector<Value> arguments;
    for (Value operand : launch.op->getOperands())
      arguments.push_back(buffers.read(operand, launch.op));
    for (auto [result, rows] :
         llvm::zip(launch.op->getResults(), launch.resultRows))
      arguments.push_back(buffers.write(result, rows));
    exec::LaunchOp::create(
        builder, launch.op->getLoc(), kernel.getSymName(), arguments,
        launch.rows, scaled(launch.rows, plan.tasksPerRow, plan.fixedTasks),
        plan.grain, scaled(launch.rows, plan.flopsPerRow), plan.weights);
  }
};

} // namespace
