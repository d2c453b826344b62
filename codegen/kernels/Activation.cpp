//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The activation of a gated multi-layer perceptron.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Activation.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
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

Value moec::silu(Emit &emit, Value a) {
  Value one = emit.number(a.getType(), 1.0);
  Value exp = emit.exp(arith::NegFOp::create(emit, a));
  return emit.divF(a, emit.addF(one, exp));
}

static void emitSwiglu(exec::KernelOp kernel, const KernelContext &,
                       Emit &emit) {
  auto op = firstOperation<decoder::SwigluOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix gate = matrixOf(emit, arguments, op.getGate());
    Matrix up = matrixOf(emit, arguments, op.getUp());
    Matrix y = matrixOf(emit, arguments, op.getY());
    forEachTask(emit, arguments, [&](Value t) {
      Row g = gate.row(emit, t), u = up.row(emit, t), to = y.row(emit, t);
      forEachStrip(emit, y.width, [&](Value i, int64_t lanes) {
        Value v = emit.mulF(silu(emit, loadStrip(emit, g, i, lanes)),
                            loadStrip(emit, u, i, lanes));
        storeStrip(emit, v, to, i);
      });
    });
  });
}

static constexpr StringRef swigluOperations[] = {
    decoder::SwigluOp::getOperationName()};
const KernelBuilder moec::swigluKernel = {swigluOperations, planSwiglu,
                                          emitSwiglu};
