//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/StageRing.h"

#include "codegen/nvidia/StateSpace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace moec;

/// How long a try to see the end of a phase may take, in nanoseconds; then
/// there is another one.
static constexpr int64_t tryNanoseconds = 10'000'000;

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

StageRing::Position StageRing::start(Emit &emit) const {
  return {emit.i64(0), emit.i64(0)};
}

StageRing::Position StageRing::next(Emit &emit, const Position &at) const {
  Value stage = emit.add(at.stage, 1);
  Value wraps = emit.equal(stage, emit.i64(stages));
  return {emit.select(wraps, emit.i64(0), stage),
          emit.select(wraps, emit.sub(emit.i64(1), at.parity), at.parity)};
}

Value StageRing::previousStage(Emit &emit, Value stage) const {
  Value isFirst = emit.equal(stage, emit.i64(0));
  return emit.add(emit.select(isFirst, emit.i64(stages), stage), -1);
}

Value StageRing::address(Emit &emit, Value stage) const {
  return emit.at(sharedMemory(emit), emit.getI8Type(),
                 emit.mul(stage, stageBytes));
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

Value StageRing::barrier(Emit &emit, Value index) const {
  Value address = emit.at(sharedMemory(emit, stages * stageBytes),
                          emit.getI8Type(), emit.mul(index, barrierBytes));
  return inSpace(emit, address, StateSpace::Shared);
}

Value StageRing::full(Emit &emit, Value stage) const {
  return barrier(emit, stage);
}

Value StageRing::empty(Emit &emit, Value stage) const {
  return barrier(emit, emit.add(stage, stages));
}

void StageRing::open(Emit &emit, Value fillers, Value readers) const {
  emit.branch(emit.equal(threadIndex(emit), emit.i64(0)), [&] {
    for (int64_t i = 0; i < stages; ++i) {
      NVVM::MBarrierInitOp::create(emit, full(emit, emit.i64(i)), fillers,
                                   Value());
      NVVM::MBarrierInitOp::create(emit, empty(emit, emit.i64(i)), readers,
                                   Value());
    }
    fenceForAsync(emit); // bulk copies arrive at them
  });
  blockBarrier(emit);
}

void StageRing::close(Emit &emit) const {
  blockBarrier(emit);
  emit.branch(emit.equal(threadIndex(emit), emit.i64(0)), [&] {
    for (int64_t i = 0; i < 2 * stages; ++i)
      NVVM::MBarrierInvalOp::create(emit, barrier(emit, emit.i64(i)));
  });
}

static void await(Emit &emit, Value barrier, Value parity) {
  NVVM::MBarrierTryWaitParityOp::create(
      emit, barrier, emit.truncate(parity),
      emit.truncate(emit.i64(tryNanoseconds)));
}

void StageRing::awaitFull(Emit &emit, const Position &at) const {
  await(emit, full(emit, at.stage), at.parity);
}

void StageRing::awaitEmpty(Emit &emit, const Position &at) const {
  // Of a new barrier, the phase before the first counts as over.
  await(emit, empty(emit, at.stage), emit.sub(emit.i64(1), at.parity));
}

void moec::arrive(Emit &emit, Value barrier) {
  NVVM::MBarrierArriveOp::create(emit, emit.getI64Type(), barrier, Value());
}

void moec::fenceForAsync(Emit &emit) {
  NVVM::FenceProxyOp::create(
      emit, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(emit.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}
