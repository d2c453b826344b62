//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuStages.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moec;

/// What a finished block adds to the counter.
static constexpr int64_t finishedUnit = int64_t(1) << 32;
/// Atomic operations are for all blocks of the device.
static constexpr llvm::StringLiteral deviceScope = "device";

/// What this thread has seen, and those that it has met, is seen by whoever
/// reads what it writes next; and the other way round.
static void fence(Emit &emit) {
  LLVM::FenceOp::create(emit, LLVM::AtomicOrdering::acq_rel, deviceScope);
}

static Value addToCounter(Emit &emit, const GpuArguments &arguments,
                          int64_t count) {
  return LLVM::AtomicRMWOp::create(
      emit, LLVM::AtomicBinOp::add, arguments.finished(emit), emit.i64(count),
      LLVM::AtomicOrdering::monotonic, deviceScope);
}

static Value loadCounter(Emit &emit, Value counter) {
  return LLVM::LoadOp::create(emit, emit.getI64Type(), counter, /*alignment=*/8,
                              /*isVolatile=*/false, /*isNonTemporal=*/false,
                              /*isInvariant=*/false, /*isInvariantGroup=*/false,
                              LLVM::AtomicOrdering::monotonic, deviceScope);
}

static void onFirstThread(Emit &emit, llvm::function_ref<void()> body) {
  emit.branch(emit.equal(threadIndex(emit), emit.i64(0)), body);
}

/// The index of the block among those that have begun.
static Value takeTicket(Emit &emit, const GpuArguments &arguments,
                        int64_t offset) {
  Value place = sharedMemory(emit, offset);
  onFirstThread(emit,
                [&] { emit.store(addToCounter(emit, arguments, 1), place); });
  blockBarrier(emit);
  Value counter = emit.load(emit.getI64Type(), place);
  return emit.rem(counter, finishedUnit);
}

/// Waits until `blocks` blocks are finished; sees what they have written.
static void awaitBlocks(Emit &emit, const GpuArguments &arguments,
                        Value blocks) {
  onFirstThread(emit, [&] {
    Value counter = arguments.finished(emit);
    scf::WhileOp::create(
        emit, TypeRange(), ValueRange(),
        [&](OpBuilder &, Location, ValueRange) {
          Value finished = emit.div(loadCounter(emit, counter), finishedUnit);
          scf::ConditionOp::create(emit, emit.less(finished, blocks),
                                   ValueRange());
        },
        [&](OpBuilder &, Location, ValueRange) { scf::YieldOp::create(emit); });
    fence(emit);
  });
  blockBarrier(emit);
}

static void finishBlock(Emit &emit, const GpuArguments &arguments) {
  blockBarrier(emit);
  onFirstThread(emit, [&] {
    fence(emit);
    addToCounter(emit, arguments, finishedUnit);
  });
}

TaskCount StagedKernel::tasks() const {
  TaskCount all;
  for (const auto &stage : stages) {
    all.perRow += stage->tasks().perRow;
    all.fixed += stage->tasks().fixed;
  }
  return all;
}

/// A block's work in its stage, after those of the stages before: `first`
/// blocks.
void StagedKernel::emitWork(Emit &emit, const GpuArguments &arguments,
                            GpuStage &stage, Value first, Value block) const {
  auto work = [&] {
    if (&stage != stages.front().get()) {
      stage.prefetch(emit, arguments, block);
      awaitBlocks(emit, arguments, first);
    }
    stage.emitBlock(emit, arguments, block);
  };
  if (Value hasWork = stage.hasWork(emit, arguments, block))
    emit.branch(hasWork, work);
  else
    work();
  if (&stage != stages.back().get())
    finishBlock(emit, arguments);
}

void StagedKernel::emitBlocks(Emit &emit, const GpuArguments &arguments) const {
  for (const auto &stage : stages)
    stage->prepare(emit, arguments);
  Value index = stages.size() > 1 ? takeTicket(emit, arguments, ticketOffset)
                                  : blockIndex(emit);
  Value first = emit.i64(0); // block of the stage
  for (const auto &stage : stages) {
    TaskCount tasks = stage->tasks();
    Value count =
        emit.add(emit.mul(arguments.rows(emit), tasks.perRow), tasks.fixed);
    Value end = emit.add(first, emit.div(count, unit));
    Value block = emit.sub(index, first);
    Value isHere = arith::AndIOp::create(
        emit, emit.less(emit.add(first, -1), index), emit.less(index, end));
    emit.branch(isHere,
                [&] { emitWork(emit, arguments, *stage, first, block); });
    first = end;
  }
}

void StagedKernel::emitInto(Emit &emit) const {
  auto body = [&](const GpuArguments &arguments) {
    emitBlocks(emit, arguments);
  };
  emitEntry(emit, kernel, threads, body, maps);
}

LogicalResult moec::checkSharedMemory(exec::KernelOp kernel,
                                      const KernelPlan &plan,
                                      const Target &target) {
  int64_t most = target.gpu.sharedBytes;
  if (plan.sharedBytes <= most)
    return success();
  return kernel.emitOpError("needs ")
         << plan.sharedBytes << " bytes of shared memory; a block of "
         << target.name << " has " << most;
}
