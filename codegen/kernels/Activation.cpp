//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The activation of a gated multi-layer perceptron.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "codegen/kernels/Strips.h"
#include "dialects/Decoder/Decoder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

static FailureOr<KernelPlan> planSwiglu(exec::KernelOp kernel,
                                        const KernelContext &) {
  auto op = firstOperation<decoder::SwigluOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(4 * rowLength(op.getY()));
  return plan;
}

/// a / (1 + exp(-a)). Where exp overflows, to infinity, the result is -0.
static Value silu(Emit &emit, Value a) {
  Value one = emit.number(a.getType(), 1.0);
  Value exp = emit.exp(arith::NegFOp::create(emit, a));
  return emit.divF(a, emit.addF(one, exp));
}

static void emitSwiglu(exec::KernelOp kernel, const KernelContext &,
                       Emit &emit) {
  auto op = firstOperation<decoder::SwigluOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Value gate = pointerTo(emit, arguments, op.getGate());
    Value up = pointerTo(emit, arguments, op.getUp());
    Value y = pointerTo(emit, arguments, op.getY());
    Type f32 = emit.getF32Type();
    forEachTask(emit, arguments, [&](Value t) {
      Value g = rowAddress(emit, gate, op.getGate(), t);
      Value u = rowAddress(emit, up, op.getUp(), t);
      Value to = rowAddress(emit, y, op.getY(), t);
      forEachStrip(emit, rowLength(op.getY()), [&](Value i, int64_t lanes) {
        Value v = emit.mulF(silu(emit, loadStrip(emit, g, f32, i, lanes)),
                            loadStrip(emit, u, f32, i, lanes));
        storeStrip(emit, v, to, elementType(op.getY()), i);
      });
    });
  });
}

static constexpr StringRef swigluOperations[] = {
    decoder::SwigluOp::getOperationName()};
const KernelBuilder moec::swigluKernel = {swigluOperations, planSwiglu,
                                          emitSwiglu};
