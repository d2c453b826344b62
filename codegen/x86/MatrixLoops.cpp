//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixLoops.h"

#include "codegen/x86/RowSplit.h"

using namespace mlir;
using namespace moec;

/// Panels that share a slab of activations while it is in L2.
static constexpr int64_t groupPanels = 8;
/// With fewer blocks of rows a panel leaves L2 no time to fetch eight streams.
static constexpr int64_t minGroupBlocks = 8;
static constexpr int64_t sumBytes = 4;
/// Scratch memory that one row takes for the sums of a group.
static constexpr int64_t rowSumBytes = groupPanels * panelWidth * sumBytes;
/// What a thread keeps in L2 for itself: half of what small L2 caches have.
static constexpr int64_t mostScratchBytes = 528 * 1024;

/// Scratch memory that one row takes for a prepared slab.
static int64_t rowPreparedBytes(const OperandDecoder &decoder) {
  const OperandDecoder *prepared = decoder.prepared();
  return prepared ? slabDepth / decoder.unit() * prepared->activationBytes()
                  : 0;
}

/// Blocks that use scratch memory at once; more come in chunks.
static int64_t chunkBlocks(const OperandDecoder &decoder) {
  return mostScratchBytes / (rowSumBytes + rowPreparedBytes(decoder)) /
         blockRows;
}

int64_t moec::matrixScratchBytes(int64_t maxRows,
                                 const OperandDecoder &decoder) {
  return std::min(maxRows, chunkBlocks(decoder) * blockRows) *
         (rowSumBytes + rowPreparedBytes(decoder));
}

namespace {

/// A group of panels.
struct Group {
  Value from, to;
};

/// A range of blocks of rows, and the rows in them.
struct Chunk {
  Value from, to;
  Value firstRow, rows;
};

/// A slab of K.
struct Slab {
  Value k, size;     ///< in elements
  Value first, last; ///< i1
};

/// What comes after the panel at hand, for its tiles to prefetch.
struct Next {
  Value weights;
  Slab slab;      ///< of activations
  Value rowBytes; ///< of activations to prefetch per row and step
};

/// Where the loops stand: a slab of a panel.
struct Cell {
  Group group;
  Chunk chunk;
  Slab slab;
  Next next;
  Value panel;
};

class LoopNest {
public:
  LoopNest(Emit &emit, const MatrixMethod &method, const MatrixProduct &product)
      : emit(emit), method(method), product(product),
        slabDecoder(method.decoder.prepared() ? *method.decoder.prepared()
                                              : method.decoder),
        streamTiles(method.decoder, method.epilogue, method.shapes),
        slabTiles(slabDecoder, method.epilogue, method.shapes),
        split(emit, product.rows, blockRows),
        stepBytes(panelWidth * method.decoder.weightBytes()),
        unit(method.decoder.unit()) {}

  void stream();
  void slabs();

private:
  void group(const Group &group);
  void chunk(const Group &group, const Chunk &chunk);
  void block(const Cell &cell, Value block);
  void tileRows(TileOperands operands, SlabState state, Value row, Value column,
                Value rows);

  Value bytes(Value base, Value offset) {
    return emit.at(base, emit.getI8Type(), offset);
  }
  /// Where the weights of a panel begin at k.
  Value weights(Value panel, Value k) {
    Value offset = emit.add(emit.mul(panel, product.depth / unit * stepBytes),
                            emit.mul(emit.div(k, unit), stepBytes));
    return bytes(product.w, offset);
  }
  /// Where the packed activations of a row, the first of its block, begin in
  /// the slab.
  Value packed(Value row, const Slab &slab) {
    Value steps = emit.add(emit.mul(emit.div(slab.k, unit), product.rows),
                           emit.mul(row, emit.div(slab.size, unit)));
    return bytes(product.x, emit.mul(steps, packedStepBytes));
  }
  /// The same as the tiles read them: after prepare(), if they are prepared.
  Value activations(Value row, const Chunk &chunk, const Slab &slab);
  void prepare(const Chunk &chunk, const Slab &slab);
  Slab slabAt(Value k) {
    Value depth = emit.i64(product.depth), next = emit.add(k, slabDepth);
    return {k, emit.sub(emit.min(next, depth), k), emit.equal(k, emit.i64(0)),
            emit.less(emit.i64(product.depth - 1), next)};
  }

  Emit &emit;
  const MatrixMethod &method;
  const MatrixProduct &product;
  const OperandDecoder &slabDecoder;
  MatrixTiles streamTiles, slabTiles;
  RowSplit split;
  int64_t stepBytes, unit;
};

void LoopNest::stream() {
  int64_t steps = product.depth / unit;
  emit.loop(product.from, product.to, 1, [&](Value panel) {
    Value w = weights(panel, emit.i64(0));
    SmallVector<Value> place = method.epilogue.place(
        emit, product.target, emit.i64(0), emit.mul(panel, panelWidth));
    emit.dispatch(product.rows, 1, method.shapes.streamRows, [&](int64_t rows) {
      TileOperands operands = {product.x, Value(), w, emit.i64(steps)};
      streamTiles.callStream(emit, rows, operands, place);
    });
  });
}

void LoopNest::slabs() {
  Value size = emit.i64(groupPanels);
  // Few blocks: keep the weights one sequential stream, but prepare a slab for
  // several panels.
  if (!method.decoder.prepared())
    size = emit.select(emit.less(split.count(), emit.i64(minGroupBlocks)),
                       emit.i64(1), size);
  Value count = emit.sub(product.to, product.from);
  Value groups = emit.div(emit.add(count, emit.sub(size, emit.i64(1))), size);
  emit.loop(emit.i64(0), groups, 1, [&](Value g) {
    Value from = emit.add(product.from, emit.mul(g, size));
    Value to = emit.min(emit.add(from, size), product.to);
    group({from, to});
  });
}

void LoopNest::group(const Group &group) {
  int64_t size = chunkBlocks(method.decoder);
  emit.loop(emit.i64(0), split.count(), size, [&](Value from) {
    Value to = emit.min(emit.add(from, size), split.count());
    Value first = split.first(emit, from);
    Value rows = emit.sub(split.first(emit, to), first);
    chunk(group, {from, to, first, rows});
  });
}

void LoopNest::chunk(const Group &group, const Chunk &chunk) {
  Value zero = emit.i64(0);
  emit.loop(zero, emit.i64(product.depth), slabDepth, [&](Value k) {
    Slab slab = slabAt(k);
    prepare(chunk, slab);
    Slab next = slabAt(emit.select(slab.last, zero, emit.add(k, slabDepth)));
    Value nextPanel = emit.select(slab.last, group.to, group.from);
    Value wrapped = weights(nextPanel, next.k);
    emit.loop(group.from, group.to, 1, [&](Value panel) {
      Value after = emit.add(panel, 1);
      Value inGroup = emit.less(after, group.to);
      Value nextWeights = emit.select(inGroup, weights(after, k), wrapped);
      // The last panel fetches the next slab of activations, too.
      Value rowBytes = emit.select(inGroup, zero, emit.i64(packedStepBytes));
      Cell cell = {group, chunk, slab, {nextWeights, next, rowBytes}, panel};
      emit.loop(chunk.from, chunk.to, 1, [&](Value b) { block(cell, b); });
    });
  });
}

Value LoopNest::activations(Value row, const Chunk &chunk, const Slab &slab) {
  if (!method.decoder.prepared())
    return packed(row, slab);
  Value steps =
      emit.mul(emit.sub(row, chunk.firstRow), emit.div(slab.size, unit));
  Value offset = emit.add(emit.mul(chunk.rows, rowSumBytes),
                          emit.mul(steps, slabDecoder.activationBytes()));
  return bytes(product.scratch, offset);
}

void LoopNest::prepare(const Chunk &chunk, const Slab &slab) {
  if (method.decoder.prepared())
    method.decoder.prepare(emit, packed(chunk.firstRow, slab),
                           activations(chunk.firstRow, chunk, slab),
                           emit.mul(chunk.rows, emit.div(slab.size, unit)));
}

void LoopNest::block(const Cell &cell, Value block) {
  Value row = split.first(emit, block), rows = split.size(emit, block);
  Value inScratch =
      emit.add(emit.mul(emit.sub(cell.panel, cell.group.from), cell.chunk.rows),
               emit.sub(row, cell.chunk.firstRow));
  Value sums =
      bytes(product.scratch, emit.mul(inScratch, panelWidth * sumBytes));
  Value x = activations(row, cell.chunk, cell.slab);
  Value w = weights(cell.panel, cell.slab.k);
  Value steps = emit.div(cell.slab.size, unit);
  Value nextX = packed(row, cell.next.slab);
  Value nextXStride = emit.mul(rows, cell.next.rowBytes);

  int64_t columns = method.shapes.slabColumns, parts = panelWidth / columns;
  Value shares = emit.mul(emit.sub(cell.chunk.to, cell.chunk.from), parts);
  Value shareBytes = emit.div(emit.i64(slabDepth / unit * stepBytes), shares);
  Value stride = emit.div(emit.add(shares, stepBytes - 1), shares);
  for (int64_t part = 0; part < parts; ++part) {
    Value share =
        emit.add(emit.mul(emit.sub(block, cell.chunk.from), parts), part);
    int64_t first = part * columns;
    SlabState state = {bytes(sums, emit.i64(first * sumBytes)),
                       cell.slab.first,
                       cell.slab.last,
                       bytes(cell.next.weights, emit.mul(share, shareBytes)),
                       stride,
                       nextX,
                       nextXStride};
    Value wPart = bytes(w, emit.i64(first * method.decoder.weightBytes()));
    TileOperands operands = {x, emit.mul(rows, slabDecoder.activationBytes()),
                             wPart, steps};
    Value column = emit.add(emit.mul(cell.panel, panelWidth), first);
    tileRows(operands, state, row, column, rows);
  }
}

void LoopNest::tileRows(TileOperands operands, SlabState state, Value row,
                        Value column, Value rows) {
  const TileShapes &shapes = method.shapes;
  if (shapes.slabTakesBlock()) {
    auto place = method.epilogue.place(emit, product.target, row, column);
    emit.dispatch(rows, shapes.minSlabRows(), shapes.slabRows, [&](int64_t r) {
      slabTiles.callSlab(emit, r, operands, state, place);
    });
    return;
  }
  RowSplit parts(emit, rows, shapes.slabRows);
  emit.loop(emit.i64(0), parts.count(), 1, [&](Value part) {
    Value first = parts.first(emit, part);
    TileOperands own = operands;
    own.x = bytes(operands.x, emit.mul(first, slabDecoder.activationBytes()));
    SlabState ownState = state;
    ownState.sums = bytes(state.sums, emit.mul(first, panelWidth * sumBytes));
    auto place = method.epilogue.place(emit, product.target,
                                       emit.add(row, first), column);
    emit.dispatch(
        parts.size(emit, part), shapes.minSlabRows(), shapes.slabRows,
        [&](int64_t r) { slabTiles.callSlab(emit, r, own, ownState, place); });
  });
}

} // namespace

void moec::emitMatrixLoops(Emit &emit, const MatrixMethod &method,
                           const MatrixProduct &product) {
  Value few = emit.less(product.rows, emit.i64(method.shapes.streamRows + 1));
  emit.branch(
      few, [&] { LoopNest(emit, method, product).stream(); },
      [&] { LoopNest(emit, method, product).slabs(); });
}
