//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Rotary positions.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "codegen/kernels/SinCos.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <cmath>

using namespace mlir;
using namespace moec;

static FailureOr<KernelPlan> planRope(exec::KernelOp kernel,
                                      const KernelContext &) {
  auto op = firstOperation<decoder::RopeOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(2 * rowLength(op.getX()));
  plan.scratchBytes = op.getHeadDim() * sizeof(float);
  return plan;
}

/// 1 / theta^(2 i / head_dim), each step rounded to f32 as published
/// implementations round it.
static SmallVector<float> inverseFrequencies(decoder::RopeOp op) {
  double theta = op.getTheta().convertToDouble();
  int64_t headDim = op.getHeadDim();
  SmallVector<float> inverse;
  for (int64_t i = 0; i < headDim / 2; ++i) {
    float exponent = static_cast<float>(2 * i) / static_cast<float>(headDim);
    float power = static_cast<float>(std::pow(theta, double(exponent)));
    inverse.push_back(1.0f / power);
  }
  return inverse;
}

/// Defines a constant of the module.
static Row constantTable(Emit &emit, StringRef name, ArrayRef<float> data) {
  Type f32 = emit.getF32Type();
  auto tensor = RankedTensorType::get({int64_t(data.size())}, f32);
  auto array = LLVM::LLVMArrayType::get(f32, data.size());
  Operation *function = emit.getInsertionBlock()->getParentOp();
  while (!isa<LLVM::LLVMFuncOp>(function))
    function = function->getParentOp();
  {
    OpBuilder::InsertionGuard guard(emit);
    emit.setInsertionPoint(function);
    LLVM::GlobalOp::create(emit, array, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name,
                           DenseElementsAttr::get(tensor, data));
  }
  return {LLVM::AddressOfOp::create(emit, emit.pointer(), name), f32};
}

namespace {

/// Scratch memory of the angles of one position.
struct Angles {
  Row cos, sin; ///< [half]
  int64_t half; ///< head_dim / 2
};

} // namespace

static void computeAngles(Emit &emit, Value position, Row frequencies,
                          Angles to) {
  Value p = arith::SIToFPOp::create(emit, emit.getF32Type(), position);
  forEachStrip(emit, to.half, [&](Value i, int64_t lanes) {
    Value frequency = loadStrip(emit, frequencies, i, lanes);
    SinCos v = emitSinCos(emit, emit.mulF(spread(emit, p, lanes), frequency));
    storeStrip(emit, v.cos, to.cos, i);
    storeStrip(emit, v.sin, to.sin, i);
  });
}

/// (a, b) -> (a cos - b sin, b cos + a sin) for one head.
static void rotateHead(Emit &emit, Row from, Row to, Angles angles) {
  forEachStrip(emit, angles.half, [&](Value i, int64_t lanes) {
    Value j = emit.add(i, angles.half);
    Value a = loadStrip(emit, from, i, lanes);
    Value b = loadStrip(emit, from, j, lanes);
    Value cos = loadStrip(emit, angles.cos, i, lanes);
    Value sin = loadStrip(emit, angles.sin, i, lanes);
    Value minus = arith::NegFOp::create(emit, emit.mulF(b, sin));
    storeStrip(emit, emit.fma(a, cos, minus), to, i);
    storeStrip(emit, emit.fma(b, cos, emit.mulF(a, sin)), to, j);
  });
}

static void emitRope(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  auto op = firstOperation<decoder::RopeOp>(kernel);
  int64_t headDim = op.getHeadDim(), half = headDim / 2;
  int64_t heads = rowLength(op.getX()) / headDim;
  std::string table = (kernel.getSymName() + "_frequencies").str();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix x = matrixOf(emit, arguments, op.getX());
    Matrix y = matrixOf(emit, arguments, op.getY());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    Row frequencies = constantTable(emit, table, inverseFrequencies(op));
    Row scratch = {arguments.scratch, emit.getF32Type()};
    Angles angles = {scratch, scratch.from(emit, emit.i64(half)), half};
    forEachTask(emit, arguments, [&](Value t) {
      computeAngles(emit, batch.position(emit, t), frequencies, angles);
      Row from = x.row(emit, t), to = y.row(emit, t);
      emit.loop(emit.i64(0), emit.i64(heads), 1, [&](Value head) {
        Value offset = emit.mul(head, headDim);
        rotateHead(emit, from.from(emit, offset), to.from(emit, offset),
                   angles);
      });
    });
  });
}

static constexpr StringRef ropeOperations[] = {
    decoder::RopeOp::getOperationName()};
const KernelBuilder moec::ropeKernel = {ropeOperations, planRope, emitRope};
