//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AsyncCopy.h"

#include "codegen/nvidia/StateSpace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace moec;

/// Copies of a thread that are written out rather than looped over.
static constexpr int64_t mostUnrolled = 32;

void moec::beginCopy(Emit &emit, Value from, Value to, Value present) {
  if (present)
    present = arith::TruncIOp::create(emit, emit.getI32Type(), present);
  // Past the L1 cache: what is copied is read from shared memory.
  NVVM::CpAsyncOp::create(emit, inSpace(emit, to, StateSpace::Shared),
                          inSpace(emit, from, StateSpace::Global), copyBytes,
                          NVVM::LoadCacheModifierKind::CG, present);
}

Value moec::bytesOfCopy(Emit &emit, Value bytes) {
  return emit.min(emit.max(bytes, emit.i64(0)), emit.i64(copyBytes));
}

void moec::beginCopies(Emit &emit, Value from, Value to, int64_t bytes,
                       Value thread, int64_t threads,
                       llvm::function_ref<Value(Value)> presentAt) {
  int64_t step = threads * copyBytes;
  Value start = emit.mul(thread, copyBytes);
  auto copy = [&](Value offset) {
    beginCopy(emit, emit.at(from, emit.getI8Type(), offset),
              emit.at(to, emit.getI8Type(), offset),
              presentAt ? presentAt(offset) : Value());
  };
  if (bytes > mostUnrolled * step)
    return emit.loop(start, emit.i64(bytes), step, copy);
  int64_t whole = bytes / step * step;
  for (int64_t done = 0; done < whole; done += step)
    copy(emit.add(start, done));
  if (whole < bytes)
    emit.branch(emit.less(start, emit.i64(bytes - whole)),
                [&] { copy(emit.add(start, whole)); });
}

void moec::closeCopies(Emit &emit) { NVVM::CpAsyncCommitGroupOp::create(emit); }

void moec::awaitCopies(Emit &emit, int64_t newest) {
  NVVM::CpAsyncWaitGroupOp::create(emit, newest);
}
