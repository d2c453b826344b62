//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixTile.h"

#include "codegen/x86/RowSplit.h"

using namespace mlir;
using namespace moec;

/// Steps of K in one iteration of the main loop. With more, instruction
/// scheduling mixes steps so far that registers spill.
static constexpr int64_t unrolledSteps = 2;
static_assert(depthSteps % unrolledSteps == 0, "no remainder loop");
static constexpr int64_t cacheLine = 64;
static constexpr int32_t intoL2 = 2;

TileShapes TileShapes::of(const Target &target) {
  int64_t bytes = target.prefetchBytes, from = target.prefetchRows;
  int64_t sparse = target.sparsePrefetchBytes;
  // Eight sums and what widened pairs take in 16 registers.
  if (target.registers() == 16)
    return {/*streamRows=*/2,
            /*slabRows=*/4,
            panelWidth / 2,
            bytes,
            from,
            sparse};
  // 24 sums, two vectors of weights and the activations in 32 registers; a
  // block of activations in one pass.
  return {blockRows, blockRows, panelWidth, bytes, from, sparse};
}

//===----------------------------------------------------------------------===//
// Main loop
//===----------------------------------------------------------------------===//

/// Address a number of bytes after another.
static Value after(Emit &emit, Value address, Value bytes) {
  return emit.at(address, emit.getI8Type(), bytes);
}
static Value after(Emit &emit, Value address, int64_t bytes) {
  return bytes ? after(emit, address, emit.i64(bytes)) : address;
}

void MatrixTiles::step(Emit &emit, TileSums &sums, Value x, Value w) const {
  SmallVector<Fragment> weights;
  for (int64_t v = 0; v < sums.vectors(); ++v)
    weights.push_back(decoder.weights(
        emit, after(emit, w, v * sums.lanes * decoder.weightBytes())));
  for (int64_t row = 0; row < sums.rows; ++row) {
    Fragment activation = decoder.activation(
        emit, after(emit, x, row * decoder.activationBytes()));
    for (int64_t v = 0; v < sums.vectors(); ++v)
      sums.at(row, v) =
          multiplyAdd(emit, sums.at(row, v), weights[v], activation);
  }
}

TileSums MatrixTiles::mainLoop(Emit &emit, TileSums sums,
                               const TileOperands &operands,
                               Prefetch prefetch) const {
  int64_t wStride = panelWidth * decoder.weightBytes();
  sums.values =
      emit.loop(emit.i64(0), operands.steps, unrolledSteps, sums.values,
                [&](Value k, ValueRange carried) {
                  TileSums next = sums;
                  next.values.assign(carried.begin(), carried.end());
                  Value x =
                      after(emit, operands.x, emit.mul(k, operands.xStride));
                  Value w = after(emit, operands.w, emit.mul(k, wStride));
                  for (int64_t u = 0; u < unrolledSteps; ++u) {
                    prefetch(emit, k, u);
                    Value xStep = emit.mul(operands.xStride, u);
                    step(emit, next, u ? after(emit, x, xStep) : x,
                         after(emit, w, u * wStride));
                  }
                  return next.values;
                });
  return sums;
}

TileSums MatrixTiles::zeros(Emit &emit, TileShape shape) const {
  auto type = emit.vector(decoder.lanes(), emit.getF32Type());
  int64_t count = shape.rows * shape.columns / decoder.lanes();
  return {SmallVector<Value>(count, emit.number(type, 0.0)), shape.rows,
          decoder.lanes()};
}

std::string MatrixTiles::functionName(const char *kind, TileShape shape) const {
  return std::string(kind) + "_" + std::to_string(shape.rows) + "x" +
         std::to_string(shape.columns) + "_" + decoder.name() + "_" +
         epilogue.name();
}

//===----------------------------------------------------------------------===//
// Sums in memory
//===----------------------------------------------------------------------===//

/// Address of a sum of a tile that is saved.
Value MatrixTiles::savedSum(Emit &emit, Value saved, const TileSums &sums,
                            int64_t i) const {
  int64_t row = i / sums.vectors(), v = i % sums.vectors();
  return after(emit, saved, 4 * (row * rowSums() + v * sums.lanes));
}

void MatrixTiles::save(Emit &emit, Value saved, const TileSums &sums) const {
  for (size_t i = 0; i < sums.values.size(); ++i)
    emit.store(sums.values[i], savedSum(emit, saved, sums, i));
}

/// Zeros in the first slab, what the slab before has left in others.
void MatrixTiles::loadSums(Emit &emit, const SlabState &state,
                           TileSums &sums) const {
  SmallVector<Value> zeros = sums.values, loaded;
  Type type = zeros[0].getType();
  sums.values = emit.branch(
      state.first, SmallVector<Type>(zeros.size(), type), [&] { return zeros; },
      [&] {
        for (size_t i = 0; i < zeros.size(); ++i)
          loaded.push_back(
              emit.load(type, savedSum(emit, state.sums, sums, i)));
        return loaded;
      });
}

void MatrixTiles::callFinish(Emit &emit, Value rows, Value sums,
                             ValueRange place) const {
  std::string name =
      "finish_" + std::to_string(decoder.lanes()) + "_" + epilogue.name();
  if (!emit.hasFunction(name))
    emitFinish(emit, name);
  SmallVector<Value> arguments = {rows, sums};
  llvm::append_range(arguments, place);
  emit.call(name, arguments);
}

/// Row by row: one function for tiles of any number of rows.
void MatrixTiles::emitFinish(Emit &emit, StringRef name) const {
  SmallVector<Type> types = {emit.getI64Type(), emit.pointer()};
  llvm::append_range(types, epilogue.placeTypes(emit));
  emit.function(name, /*exported=*/false, types, [&](ValueRange a) {
    emit.loop(emit.i64(0), a[0], 1, [&](Value row) {
      Value from = after(emit, a[1], emit.mul(row, 4 * rowSums()));
      auto type = emit.vector(decoder.lanes(), emit.getF32Type());
      TileSums sums = {{}, 1, decoder.lanes()};
      for (int64_t i = 0; i < rowSums(); i += decoder.lanes())
        sums.values.push_back(emit.load(type, after(emit, from, 4 * i)));
      epilogue.emit(emit, sums, epilogue.below(emit, a.drop_front(2), row));
    });
  });
}

//===----------------------------------------------------------------------===//
// Tiles over all of K
//===----------------------------------------------------------------------===//

void MatrixTiles::callStream(Emit &emit, int64_t rows,
                             const TileOperands &operands, Value sums,
                             ValueRange place) const {
  TileShape shape = shapes.stream(rows);
  std::string name = functionName("stream", shape);
  if (!emit.hasFunction(name))
    emitStream(emit, name, shape);
  SmallVector<Value> arguments = {operands.x, operands.steps, operands.w};
  if (several())
    arguments.push_back(sums);
  else
    llvm::append_range(arguments, place);
  emit.call(name, arguments);
}

void MatrixTiles::emitStream(Emit &emit, StringRef name,
                             TileShape shape) const {
  SmallVector<Type> types = {emit.pointer(), emit.getI64Type(), emit.pointer()};
  int64_t own = types.size();
  if (several())
    types.push_back(emit.pointer());
  else
    llvm::append_range(types, epilogue.placeTypes(emit));
  emit.function(name, /*exported=*/false, types, [&](ValueRange a) {
    // The rows are one block: their number is the distance between steps.
    TileOperands operands = {
        a[0], emit.i64(shape.rows * decoder.activationBytes()), a[2], a[1]};
    int64_t stride = panelWidth * decoder.weightBytes();
    auto prefetch = [&](Emit &emit, Value k, int64_t u) {
      Value ahead = after(emit, operands.w, emit.mul(k, stride));
      bool few = shape.rows < shapes.prefetchRows;
      if (few && shape.rows > 1 && u == 0 && shapes.sparsePrefetchBytes)
        emit.prefetch(after(emit, ahead, shapes.sparsePrefetchBytes), intoL2);
      if (few)
        return;
      for (int64_t line = 0; line < stride; line += cacheLine)
        emit.prefetch(
            after(emit, ahead, shapes.prefetchBytes + u * stride + line),
            intoL2);
    };
    TileSums sums = mainLoop(emit, zeros(emit, shape), operands, prefetch);
    if (several())
      save(emit, a[own], sums);
    else
      epilogue.emit(emit, sums, a.drop_front(own));
  });
}

//===----------------------------------------------------------------------===//
// Tiles over a slab of K
//===----------------------------------------------------------------------===//

void MatrixTiles::callSlab(Emit &emit, int64_t rows,
                           const TileOperands &operands, const SlabState &state,
                           ValueRange place) const {
  TileShape shape = shapes.slab(rows);
  std::string name =
      functionName(shapes.slabTakesBlock() ? "slab" : "part", shape);
  if (!emit.hasFunction(name))
    emitSlab(emit, name, shape);
  SmallVector<Value> arguments = {
      operands.x,        operands.xStride, operands.steps,   operands.w,
      state.sums,        state.first,      state.last,       state.nextW,
      state.nextWStride, state.nextX,      state.nextXStride};
  if (!several())
    llvm::append_range(arguments, place);
  emit.call(name, arguments);
}

void MatrixTiles::emitSlab(Emit &emit, StringRef name, TileShape shape) const {
  Type ptr = emit.pointer(), i64 = emit.getI64Type(), i1 = emit.getI1Type();
  SmallVector<Type> types = {ptr, i64, i64, ptr, ptr, i1,
                             i1,  ptr, i64, ptr, i64};
  int64_t own = types.size();
  if (!several())
    llvm::append_range(types, epilogue.placeTypes(emit));
  emit.function(name, /*exported=*/false, types, [&](ValueRange a) {
    TileOperands operands = {a[0], a[1], a[3], a[2]};
    if (shapes.slabTakesBlock())
      operands.xStride = emit.i64(shape.rows * decoder.activationBytes());
    SlabState state = {a[4], a[5], a[6], a[7], a[8], a[9], a[10]};
    TileSums sums = zeros(emit, shape);
    loadSums(emit, state, sums);
    auto prefetch = [&](Emit &emit, Value k, int64_t u) {
      Value step = emit.add(k, u);
      auto fetch = [&](Value base, Value stride) {
        emit.prefetch(after(emit, base, emit.mul(step, stride)), intoL2);
      };
      fetch(state.nextW, state.nextWStride);
      fetch(state.nextX, state.nextXStride);
    };
    sums = mainLoop(emit, sums, operands, prefetch);
    if (several())
      return save(emit, state.sums, sums);
    emit.branch(
        state.last, [&] { epilogue.emit(emit, sums, a.drop_front(own)); },
        [&] { save(emit, state.sums, sums); });
  });
}
