//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that rotate heads and append to the cache: a block for each token.
/// It computes the token's angles once, for all heads, in shared memory.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Rope.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStrips.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <optional>

using namespace mlir;
using namespace moec;

static constexpr int64_t blockThreads = 256;

namespace {

/// What a kernel does; null where it has none.
struct HeadOperations {
  decoder::RopeOp queries, keys;
  decoder::AppendKVOp append;

  explicit HeadOperations(exec::KernelOp kernel);
  LogicalResult check(exec::KernelOp kernel);
};

/// The token of a block.
class HeadBlock {
public:
  HeadBlock(Emit &emit, const GpuArguments &arguments,
            const HeadOperations &ops, StringRef name);
  void run();

private:
  using StripBody = llvm::function_ref<void(Value head, Value d, Value v)>;

  Row angles(int64_t index);
  void fillAngles(decoder::RopeOp op, int64_t index);
  void rotate(decoder::RopeOp op, int64_t index, StripBody put);
  void copy(Value from, int64_t lanes, StripBody put);
  void putKeys(Value head, Value d, Value v);
  void putValues(Value head, Value d, Value v);
  void append();

  Emit &emit;
  const GpuArguments &arguments;
  HeadOperations ops;
  std::string table; ///< name of a constant
  Value token;
  BatchFields batch;
  std::optional<CachePages> cache;
  CachePages::Place place;
};

} // namespace

HeadOperations::HeadOperations(exec::KernelOp kernel) {
  Block &body = kernel.getBody().front();
  if (auto op = dyn_cast<decoder::AppendKVOp>(body.front())) {
    append = op;
  } else if (isa<exec::YieldOp>(body.front().getNextNode())) {
    queries = cast<decoder::RopeOp>(body.front());
  } else {
    RotatedAppend all(kernel);
    queries = all.queries;
    keys = all.keys;
    append = all.append;
  }
}

LogicalResult HeadOperations::check(exec::KernelOp kernel) {
  if (keys)
    return RotatedAppend(kernel).check();
  return checkRowMajor(append ? append.getOperation() : queries.getOperation());
}

HeadBlock::HeadBlock(Emit &emit, const GpuArguments &arguments,
                     const HeadOperations &operations, StringRef name)
    : emit(emit), arguments(arguments), ops(operations),
      table((name + "_frequencies").str()), token(blockIndex(emit)) {
  Value operand = ops.append ? ops.append.getBatch() : ops.queries.getBatch();
  batch = BatchFields::load(emit, arguments.pointerTo(operand));
  if (!ops.append)
    return;
  cache.emplace(arguments.pointerTo(ops.append.getUpdated()),
                ops.append.getCache().getType());
  place = cache->place(emit, batch, token);
}

//===----------------------------------------------------------------------===//
// Rotation
//===----------------------------------------------------------------------===//

/// Cosines, then sines, of queries (0) or keys (1).
Row HeadBlock::angles(int64_t index) {
  int64_t offset = index ? Rotation::scratchBytes(ops.queries) : 0;
  return {sharedMemory(emit, offset), emit.getF32Type()};
}

void HeadBlock::fillAngles(decoder::RopeOp op, int64_t index) {
  int64_t half = op.getHeadDim() / 2;
  Rotation rotation(emit, op, table + (index ? "_keys" : ""), Row());
  Value position = batch.position(emit, token);
  forEachOfBlock(emit, blockThreads, emit.i64(half), [&](Value i) {
    SinCos v = rotation.angle(emit, position, i, 1);
    storeStrip(emit, v.cos, angles(index), i);
    storeStrip(emit, v.sin, angles(index), emit.add(i, half));
  });
}

/// put(head, d, v): the rotated elements from column d of a head on.
void HeadBlock::rotate(decoder::RopeOp op, int64_t index, StripBody put) {
  int64_t half = op.getHeadDim() / 2;
  Matrix x = matrixOf(arguments, op.getX());
  int64_t lanes = accessLanes({x.element, emit.getF32Type()}, half);
  int64_t strips = half / lanes, heads = x.width / op.getHeadDim();
  Row from = x.row(emit, token);
  forEachOfBlock(emit, blockThreads, emit.i64(heads * strips), [&](Value i) {
    Value head = emit.div(i, strips), d = emit.mul(emit.rem(i, strips), lanes);
    Value other = emit.add(d, half);
    Value at = emit.add(emit.mul(head, 2 * half), d);
    auto angle = [&](Value at) {
      return loadWhole(emit, angles(index), at, lanes);
    };
    auto [a, b] =
        Rotation::rotatePair(emit,
                             {loadWhole(emit, from, at, lanes),
                              loadWhole(emit, from, emit.add(at, half), lanes)},
                             {/*sin=*/angle(other), /*cos=*/angle(d)});
    put(head, d, a);
    put(head, other, b);
  });
}

//===----------------------------------------------------------------------===//
// The cache
//===----------------------------------------------------------------------===//

/// To a column of K, whose pitch is a page's tokens.
void HeadBlock::putKeys(Value head, Value d, Value v) {
  Row column = cache->keys(emit, place.page, head).from(emit, place.slot);
  auto type = dyn_cast<VectorType>(v.getType());
  for (int64_t i = 0; i < (type ? type.getNumElements() : 1); ++i) {
    Value scalar = type ? vector::ExtractOp::create(emit, v, i).getResult() : v;
    storeStrip(emit, scalar, column,
               emit.mul(emit.add(d, i), MOERT_PAGE_TOKENS));
  }
}

void HeadBlock::putValues(Value head, Value d, Value v) {
  Row keys = cache->keys(emit, place.page, head);
  storeWhole(emit, v, cache->values(emit, keys),
             emit.add(emit.mul(place.slot, cache->headDim), d));
}

/// put(head, d, v): the token's elements of a tensor.
void HeadBlock::copy(Value tensor, int64_t lanes, StripBody put) {
  Matrix x = matrixOf(arguments, tensor);
  Row from = x.row(emit, token);
  forEachBlockStrip(emit, x.width, lanes, blockThreads, [&](Value i) {
    put(emit.div(i, cache->headDim), emit.rem(i, cache->headDim),
        loadWhole(emit, from, i, lanes));
  });
}

void HeadBlock::append() {
  int64_t lanes =
      accessLanes({emit.getF32Type(), cache->element}, cache->headDim);
  copy(ops.append.getValues(), lanes,
       [&](Value head, Value d, Value v) { putValues(head, d, v); });
  if (!ops.keys)
    copy(ops.append.getKeys(), lanes,
         [&](Value head, Value d, Value v) { putKeys(head, d, v); });
}

void HeadBlock::run() {
  if (ops.append)
    append();
  if (!ops.queries)
    return;
  bool same = ops.keys && Rotation::sameAngles(ops.queries, ops.keys);
  fillAngles(ops.queries, 0);
  if (ops.keys && !same)
    fillAngles(ops.keys, 1);
  blockBarrier(emit);
  auto putRow = [&](Value tensor, Value head, Value d, Value v) {
    Matrix y = matrixOf(arguments, tensor);
    Value heads = emit.mul(head, ops.queries.getHeadDim());
    storeWhole(emit, v, y.row(emit, token), emit.add(heads, d));
  };
  rotate(ops.queries, 0, [&](Value head, Value d, Value v) {
    putRow(ops.queries.getY(), head, d, v);
  });
  if (ops.keys)
    rotate(ops.keys, same ? 0 : 1, [&](Value head, Value d, Value v) {
      putKeys(head, d, v);
      if (isYielded(ops.keys.getY()))
        putRow(ops.keys.getY(), head, d, v);
    });
}

//===----------------------------------------------------------------------===//
// The builders
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planHeads(exec::KernelOp kernel,
                                       const KernelContext &) {
  HeadOperations ops(kernel);
  if (failed(ops.check(kernel)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.blockThreads = blockThreads;
  for (decoder::RopeOp op : {ops.queries, ops.keys})
    if (op)
      plan.sharedBytes += Rotation::scratchBytes(op);
  return plan;
}

static void emitHeads(exec::KernelOp kernel, const KernelContext &,
                      Emit &emit) {
  HeadOperations ops(kernel);
  emitEntry(emit, kernel, blockThreads, [&](const GpuArguments &arguments) {
    HeadBlock(emit, arguments, ops, kernel.getSymName()).run();
  });
}

ArrayRef<KernelBuilder> moec::gpuHeadKernels() {
  static constexpr StringRef all[] = {decoder::RopeOp::getOperationName(),
                                      decoder::RopeOp::getOperationName(),
                                      decoder::AppendKVOp::getOperationName()};
  static const ArrayRef<StringRef> operations(all);
  static const KernelBuilder builders[] = {
      {operations, planHeads, emitHeads},
      {operations.take_front(), planHeads, emitHeads},
      {operations.take_back(), planHeads, emitHeads}};
  return builders;
}
