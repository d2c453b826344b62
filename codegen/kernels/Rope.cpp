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
#include "codegen/kernels/Strips.h"

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

/// Defines a constant of the module, and returns its address.
static Value constantTable(Emit &emit, StringRef name, ArrayRef<float> data) {
  auto tensor = RankedTensorType::get({int64_t(data.size())}, emit.getF32Type());
  auto array = LLVM::LLVMArrayType::get(emit.getF32Type(), data.size());
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
  return LLVM::AddressOfOp::create(emit, emit.pointer(), name);
}

/// Cosines [head_dim / 2] and sines [head_dim / 2] of one position.
struct Angles {
  Value cos, sin;
};

static void computeAngles(Emit &emit, Value position, Value frequencies,
                          Angles to, int64_t half) {
  Type f32 = emit.getF32Type();
  Value p = arith::SIToFPOp::create(emit, f32, position);
  forEachStrip(emit, half, [&](Value i, int64_t lanes) {
    Value frequency = loadStrip(emit, frequencies, f32, i, lanes);
    Value angle = emit.mulF(lanes > 1 ? emit.splat(p, lanes) : p, frequency);
    SinCos value = emitSinCos(emit, angle);
    storeStrip(emit, value.cos, to.cos, f32, i);
    storeStrip(emit, value.sin, to.sin, f32, i);
  });
}

/// (a, b) -> (a cos - b sin, b cos + a sin) for one head.
static void rotateHead(Emit &emit, Value from, Value to, Angles angles,
                       int64_t half) {
  Type f32 = emit.getF32Type();
  forEachStrip(emit, half, [&](Value i, int64_t lanes) {
    Value a = loadStrip(emit, from, f32, i, lanes);
    Value b = loadStrip(emit, from, f32, emit.add(i, half), lanes);
    Value cos = loadStrip(emit, angles.cos, f32, i, lanes);
    Value sin = loadStrip(emit, angles.sin, f32, i, lanes);
    Value minus = arith::NegFOp::create(emit, emit.mulF(b, sin));
    storeStrip(emit, emit.fma(a, cos, minus), to, f32, i);
    storeStrip(emit, emit.fma(b, cos, emit.mulF(a, sin)), to, f32,
               emit.add(i, half));
  });
}

static void emitRope(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  auto op = firstOperation<decoder::RopeOp>(kernel);
  int64_t headDim = op.getHeadDim(), half = headDim / 2;
  std::string table = (kernel.getSymName() + "_frequencies").str();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Type f32 = emit.getF32Type();
    Value x = pointerTo(emit, arguments, op.getX());
    Value y = pointerTo(emit, arguments, op.getY());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    Value frequencies = constantTable(emit, table, inverseFrequencies(op));
    Angles angles = {arguments.scratch,
                     emit.at(arguments.scratch, f32, emit.i64(half))};
    forEachTask(emit, arguments, [&](Value t) {
      computeAngles(emit, batch.position(emit, t), frequencies, angles, half);
      Value from = rowAddress(emit, x, op.getX(), t);
      Value to = rowAddress(emit, y, op.getY(), t);
      int64_t heads = rowLength(op.getX()) / headDim;
      emit.loop(emit.i64(0), emit.i64(heads), 1, [&](Value head) {
        Value offset = emit.mul(head, headDim);
        rotateHead(emit, emit.at(from, f32, offset), emit.at(to, f32, offset),
                   angles, half);
      });
    });
  });
}

static constexpr StringRef ropeOperations[] = {
    decoder::RopeOp::getOperationName()};
const KernelBuilder moec::ropeKernel = {ropeOperations, planRope, emitRope};
