//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Rotary positions.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Rope.h"

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Kernels.h"

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
  plan.scratchBytes = Rotation::scratchBytes(op);
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

//===----------------------------------------------------------------------===//
// Rotation
//===----------------------------------------------------------------------===//

int64_t Rotation::scratchBytes(decoder::RopeOp op) {
  return op.getHeadDim() * sizeof(float);
}

bool Rotation::sameAngles(decoder::RopeOp a, decoder::RopeOp b) {
  return a.getHeadDim() == b.getHeadDim() && a.getTheta() == b.getTheta();
}

Rotation::Rotation(Emit &emit, decoder::RopeOp op, StringRef table, Row scratch)
    : half(op.getHeadDim() / 2),
      frequencies(constantTable(emit, table, inverseFrequencies(op))),
      cos(scratch),
      sin(scratch.base ? scratch.from(emit, emit.i64(half)) : scratch) {}

SinCos Rotation::angle(Emit &emit, Value position, Value index,
                       int64_t lanes) const {
  Value p = arith::SIToFPOp::create(emit, emit.getF32Type(), position);
  Value frequency = loadStrip(emit, frequencies, index, lanes);
  return emitSinCos(emit, emit.mulF(spread(emit, p, lanes), frequency));
}

Rotation::Pair Rotation::rotatePair(Emit &emit, Pair v, SinCos angle) {
  Value minus = arith::NegFOp::create(emit, emit.mulF(v.b, angle.sin));
  return {emit.fma(v.a, angle.cos, minus),
          emit.fma(v.b, angle.cos, emit.mulF(v.a, angle.sin))};
}

void Rotation::setPosition(Emit &emit, Value position) const {
  forEachStrip(emit, half, [&](Value i, int64_t lanes) {
    SinCos v = angle(emit, position, i, lanes);
    storeStrip(emit, v.cos, cos, i);
    storeStrip(emit, v.sin, sin, i);
  });
}

void Rotation::rotateHead(Emit &emit, Row from, Row to) const {
  forEachStrip(emit, half, [&](Value i, int64_t lanes) {
    Value j = emit.add(i, half);
    Pair v = {loadStrip(emit, from, i, lanes), loadStrip(emit, from, j, lanes)};
    auto [a, b] = rotatePair(
        emit, v,
        {loadStrip(emit, sin, i, lanes), loadStrip(emit, cos, i, lanes)});
    storeStrip(emit, a, to, i);
    storeStrip(emit, b, to, j);
  });
}

void Rotation::rotate(Emit &emit, Row from, Row to, int64_t width) const {
  emit.loop(emit.i64(0), emit.i64(width), 2 * half, [&](Value head) {
    rotateHead(emit, from.from(emit, head), to.from(emit, head));
  });
}

//===----------------------------------------------------------------------===//
// decoder.rope
//===----------------------------------------------------------------------===//

static void emitRope(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  auto op = firstOperation<decoder::RopeOp>(kernel);
  std::string table = (kernel.getSymName() + "_frequencies").str();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix x = matrixOf(emit, arguments, op.getX());
    Matrix y = matrixOf(emit, arguments, op.getY());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    Rotation rotation(emit, op, table,
                      scratchArea(emit, arguments, 0, emit.getF32Type()));
    forEachTask(emit, arguments, [&](Value t) {
      rotation.setPosition(emit, batch.position(emit, t));
      rotation.rotate(emit, x.row(emit, t), y.row(emit, t), x.width);
    });
  });
}

static constexpr StringRef ropeOperations[] = {
    decoder::RopeOp::getOperationName()};
const KernelBuilder moec::ropeKernel = {ropeOperations, planRope, emitRope};

//===----------------------------------------------------------------------===//
// decoder.rope of queries and of keys, then decoder.append_kv
//===----------------------------------------------------------------------===//

RotatedAppend::RotatedAppend(exec::KernelOp kernel)
    : queries(firstOperation<decoder::RopeOp>(kernel)),
      keys(cast<decoder::RopeOp>(queries->getNextNode())),
      append(cast<decoder::AppendKVOp>(keys->getNextNode())) {
  if (append.getKeys() == queries.getY())
    std::swap(queries, keys);
}

LogicalResult RotatedAppend::check() {
  if (append.getKeys() != keys.getY())
    return append.emitOpError(
        "shares a kernel with two rotations and reads neither as keys");
  Value batch = append.getBatch();
  if (queries.getBatch() != batch || keys.getBatch() != batch)
    return append.emitOpError("shares a kernel with rotations of other tokens");
  if (failed(checkRowMajor(queries)) || failed(checkRowMajorTypes(keys)))
    return failure();
  return checkRowMajor(append);
}

namespace {

/// The areas of a thread's scratch memory.
struct RotationAreas {
  ScratchAreas areas;
  int64_t queryAngles, keyAngles, keyRow;

  explicit RotationAreas(RotatedAppend ops)
      : queryAngles(areas.take(Rotation::scratchBytes(ops.queries))),
        keyAngles(areas.take(Rotation::scratchBytes(ops.keys))),
        keyRow(areas.take(rowLength(ops.keys.getY()) * sizeof(float))) {}
};

} // namespace

static FailureOr<KernelPlan> planRotatedAppend(exec::KernelOp kernel,
                                               const KernelContext &) {
  RotatedAppend ops(kernel);
  if (failed(ops.check()))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = MOERT_PAGE_TOKENS; // as decoder.append_kv alone
  plan.scratchBytes = RotationAreas(ops).areas.bytes();
  return plan;
}

static void emitRotatedAppend(exec::KernelOp kernel, const KernelContext &,
                              Emit &emit) {
  RotatedAppend ops(kernel);
  RotationAreas areas(ops);
  std::string table = (kernel.getSymName() + "_frequencies").str();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    auto area = [&](int64_t offset) {
      return scratchArea(emit, arguments, offset, emit.getF32Type());
    };
    auto batch = BatchFields::load(
        emit, pointerTo(emit, arguments, ops.append.getBatch()));
    CachePages cache(pointerTo(emit, arguments, ops.append.getUpdated()),
                     ops.append.getCache().getType());
    Matrix from = matrixOf(emit, arguments, ops.queries.getX());
    Matrix to = matrixOf(emit, arguments, ops.queries.getY());
    Matrix keys = matrixOf(emit, arguments, ops.keys.getX());
    Matrix values = matrixOf(emit, arguments, ops.append.getValues());
    Rotation ofQueries(emit, ops.queries, table, area(areas.queryAngles));
    Rotation ofKeys = ofQueries;
    bool same = Rotation::sameAngles(ops.queries, ops.keys);
    if (!same)
      ofKeys = Rotation(emit, ops.keys, table + "_keys", area(areas.keyAngles));
    forEachTask(emit, arguments, [&](Value t) {
      Value position = batch.position(emit, t);
      ofQueries.setPosition(emit, position);
      if (!same)
        ofKeys.setPosition(emit, position);
      ofQueries.rotate(emit, from.row(emit, t), to.row(emit, t), from.width);
      Row rotated =
          isYielded(ops.keys.getY())
              ? matrixOf(emit, arguments, ops.keys.getY()).row(emit, t)
              : area(areas.keyRow);
      ofKeys.rotate(emit, keys.row(emit, t), rotated, keys.width);
      cache.append(emit, batch, t, {rotated, values.row(emit, t)});
    });
  });
}

static constexpr StringRef rotatedAppendOperations[] = {
    decoder::RopeOp::getOperationName(), decoder::RopeOp::getOperationName(),
    decoder::AppendKVOp::getOperationName()};
const KernelBuilder moec::rotatedAppendKernel = {
    rotatedAppendOperations, planRotatedAppend, emitRotatedAppend};
