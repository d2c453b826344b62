//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixLoops.h"

#include "codegen/x86/AmxLoops.h"

using namespace mlir;
using namespace moec;

/// With fewer blocks of rows a panel leaves L2 no time to fetch eight streams.
static constexpr int64_t minGroupBlocks = 8;
static constexpr int64_t sumBytes = 4;
/// What a thread keeps in L2 for itself: half of what small L2 caches have.
static constexpr int64_t mostScratchBytes = 528 * 1024;
/// The most that rows may take which are packed with all of K.
static constexpr int64_t mostPackedBytes = 1024 * 1024;

/// Scratch memory that one row takes for the sums of a group.
static int64_t rowSumBytes(const MatrixMethod &method) {
  return method.epilogue.products() * groupPanels * panelWidth * sumBytes;
}

/// Scratch memory that one row takes for a prepared slab.
static int64_t rowPreparedBytes(const MatrixMethod &method) {
  const OperandDecoder *prepared = method.decoder.prepared();
  return prepared ? slabDepth / prepared->unit() * prepared->activationBytes()
                  : 0;
}

/// Blocks that use scratch memory at once; more come in chunks.
static int64_t chunkBlocks(const MatrixMethod &method) {
  return mostScratchBytes / (rowSumBytes(method) + rowPreparedBytes(method)) /
         blockRows;
}

/// Bytes of a row that is packed with all of K.
static int64_t packedRowBytes(const MatrixMethod &method, int64_t depth) {
  return depth / method.decoder.unit() * packedStepBytes;
}

/// Rows that are packed with all of K, at most.
static int64_t mostPackedRows(const MatrixMethod &method, int64_t depth) {
  int64_t stream = method.shapes.streamRows;
  if (method.decoder.prepared())
    return stream;
  int64_t fit = mostPackedBytes / packedRowBytes(method, depth);
  return std::max(stream, std::min(fit, (minGroupBlocks - 1) * blockRows));
}

int64_t moec::matrixScratchBytes(const MatrixMethod &method,
                                 const MatrixScratch &needs) {
  if (method.usesAmx)
    return amxScratchBytes(method, needs);
  int64_t row = rowSumBytes(method) + rowPreparedBytes(method);
  int64_t rows = std::min(needs.maxRows, chunkBlocks(method) * blockRows);
  if (!needs.packs)
    return rows * row;
  int64_t slabs =
      rows * (row + slabDepth / method.decoder.unit() * packedStepBytes);
  int64_t most = std::min(needs.maxRows, mostPackedRows(method, needs.depth));
  int64_t whole = most * (row + packedRowBytes(method, needs.depth));
  return std::max(slabs, whole) + packingSlack;
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

/// What comes after the weights at hand, for their tiles to prefetch.
struct Next {
  Value weights;
  Slab slab;      ///< of activations
  Value rowBytes; ///< of activations to prefetch per row and step
};

/// Where the loops stand: a slab of a panel of a product.
struct Cell {
  Group group;
  Chunk chunk;
  Slab slab;
  Next next;
  Value panel;
  int64_t product;
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
  /// Packs all rows with all of K.
  void pack();

private:
  void group(const Group &group);
  void chunk(const Group &group, const Chunk &chunk);
  Value sumsOf(const Cell &cell, Value row);
  void block(const Cell &cell, Value block);
  void finish(const Cell &cell, Value block);
  void tileRows(TileOperands operands, SlabState state, Value row, Value column,
                Value rows);

  Value bytes(Value base, Value offset) {
    return emit.at(base, emit.getI8Type(), offset);
  }
  int64_t products() const { return method.epilogue.products(); }
  /// Where the weights of a panel begin at k.
  Value weights(int64_t of, Value panel, Value k) {
    Value offset = emit.add(emit.mul(panel, product.depth / unit * stepBytes),
                            emit.mul(emit.div(k, unit), stepBytes));
    return bytes(product.w[of], offset);
  }
  /// Where the packed activations of a row, the first of its block, begin in
  /// the slab.
  Value packed(Value row, const Slab &slab) {
    Value steps = emit.add(emit.mul(emit.div(slab.k, unit), product.rows),
                           emit.mul(row, emit.div(slab.size, unit)));
    return bytes(product.x, emit.mul(steps, packedStepBytes));
  }
  /// The same in scratch memory, where a chunk's slab is packed.
  Value packed(Value row, const Chunk &chunk, const Slab &slab) {
    if (!product.source)
      return packed(row, slab);
    Value before =
        emit.mul(chunk.rows, rowSumBytes(method) + rowPreparedBytes(method));
    Value steps =
        emit.mul(emit.sub(row, chunk.firstRow), emit.div(slab.size, unit));
    return bytes(product.scratch,
                 emit.add(before, emit.mul(steps, packedStepBytes)));
  }
  void packBlock(Value block, const Slab &slab, Value to) {
    emitPacking(emit, *product.source,
                {split.first(emit, block), split.size(emit, block),
                 emit.div(slab.k, unit), emit.div(slab.size, unit), to});
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
  Value sums = products() > 1 ? product.scratch : Value();
  emit.loop(product.from, product.to, 1, [&](Value panel) {
    SmallVector<Value> place = method.epilogue.place(
        emit, product.target, emit.i64(0), emit.mul(panel, panelWidth));
    emit.dispatch(product.rows, 1, method.shapes.streamRows, [&](int64_t rows) {
      for (int64_t of = 0; of < products(); ++of) {
        TileOperands operands = {product.x, Value(),
                                 weights(of, panel, emit.i64(0)),
                                 emit.i64(steps)};
        Value own =
            sums ? bytes(sums, emit.i64(of * panelWidth * sumBytes)) : Value();
        streamTiles.callStream(emit, rows, operands, own, place);
      }
    });
    if (sums)
      streamTiles.callFinish(emit, product.rows, sums, place);
  });
}

void LoopNest::pack() {
  emit.loop(emit.i64(0), emit.i64(product.depth), slabDepth, [&](Value k) {
    Slab slab = slabAt(k);
    emit.loop(emit.i64(0), split.count(), 1, [&](Value block) {
      packBlock(block, slab, packed(split.first(emit, block), slab));
    });
  });
}

void LoopNest::slabs() {
  Value size = emit.i64(groupPanels);
  // Few blocks: keep the weights one sequential stream, but prepare or pack a
  // slab for several panels.
  if (!method.decoder.prepared() && !product.source)
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
  int64_t size = chunkBlocks(method);
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
    Value wrapped = weights(0, nextPanel, next.k);
    emit.loop(group.from, group.to, 1, [&](Value panel) {
      Value after = emit.add(panel, 1);
      Value inGroup = emit.less(after, group.to);
      for (int64_t of = 0; of < products(); ++of) {
        bool last = of + 1 == products();
        Value nextWeights =
            last ? emit.select(inGroup, weights(0, after, k), wrapped)
                 : weights(of + 1, panel, k);
        // The last panel fetches the next slab of activations, too.
        Value rowBytes =
            last ? emit.select(inGroup, zero, emit.i64(packedStepBytes)) : zero;
        Cell cell = {group, chunk, slab, {nextWeights, next, rowBytes},
                     panel, of};
        emit.loop(chunk.from, chunk.to, 1, [&](Value b) {
          block(cell, b);
          if (last && products() > 1)
            finish(cell, b);
        });
      }
    });
  });
}

Value LoopNest::activations(Value row, const Chunk &chunk, const Slab &slab) {
  if (!method.decoder.prepared())
    return packed(row, chunk, slab);
  Value steps =
      emit.mul(emit.sub(row, chunk.firstRow), emit.div(slab.size, unit));
  Value offset = emit.add(emit.mul(chunk.rows, rowSumBytes(method)),
                          emit.mul(steps, slabDecoder.activationBytes()));
  return bytes(product.scratch, offset);
}

void LoopNest::prepare(const Chunk &chunk, const Slab &slab) {
  if (product.source)
    emit.loop(chunk.from, chunk.to, 1, [&](Value block) {
      Value first = split.first(emit, block);
      packBlock(block, slab, packed(first, chunk, slab));
    });
  if (method.decoder.prepared())
    method.decoder.prepare(emit, packed(chunk.firstRow, chunk, slab),
                           activations(chunk.firstRow, chunk, slab),
                           emit.mul(chunk.rows, emit.div(slab.size, unit)));
}

/// Where the sums of a block that begins with a row are.
Value LoopNest::sumsOf(const Cell &cell, Value row) {
  Value inScratch =
      emit.add(emit.mul(emit.sub(cell.panel, cell.group.from), cell.chunk.rows),
               emit.sub(row, cell.chunk.firstRow));
  return bytes(product.scratch,
               emit.mul(inScratch, products() * panelWidth * sumBytes));
}

void LoopNest::block(const Cell &cell, Value block) {
  Value row = split.first(emit, block), rows = split.size(emit, block);
  Value sums = sumsOf(cell, row);
  Value x = activations(row, cell.chunk, cell.slab);
  Value w = weights(cell.product, cell.panel, cell.slab.k);
  Value steps = emit.div(cell.slab.size, unit);
  // What the kernel packs itself is in L2.
  Value nextX = product.source ? x : packed(row, cell.next.slab);
  Value nextXStride =
      product.source ? emit.i64(0) : emit.mul(rows, cell.next.rowBytes);

  int64_t columns = method.shapes.slabColumns, parts = panelWidth / columns;
  Value shares = emit.mul(emit.sub(cell.chunk.to, cell.chunk.from), parts);
  Value shareBytes = emit.div(emit.i64(slabDepth / unit * stepBytes), shares);
  Value stride = emit.div(emit.add(shares, stepBytes - 1), shares);
  for (int64_t part = 0; part < parts; ++part) {
    Value share =
        emit.add(emit.mul(emit.sub(block, cell.chunk.from), parts), part);
    int64_t first = part * columns;
    int64_t own = cell.product * panelWidth + first;
    SlabState state = {bytes(sums, emit.i64(own * sumBytes)),
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

/// Behind the last slab of the last of several products.
void LoopNest::finish(const Cell &cell, Value block) {
  Value row = split.first(emit, block);
  auto place = method.epilogue.place(emit, product.target, row,
                                     emit.mul(cell.panel, panelWidth));
  emit.branch(cell.slab.last, [&] {
    slabTiles.callFinish(emit, split.size(emit, block), sumsOf(cell, row),
                         place);
  });
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
    int64_t rowSums = products() * panelWidth * sumBytes;
    ownState.sums = bytes(state.sums, emit.mul(first, rowSums));
    auto place = method.epilogue.place(emit, product.target,
                                       emit.add(row, first), column);
    emit.dispatch(
        parts.size(emit, part), shapes.minSlabRows(), shapes.slabRows,
        [&](int64_t r) { slabTiles.callSlab(emit, r, own, ownState, place); });
  });
}

} // namespace

static void emitPackedLoops(Emit &emit, const MatrixMethod &method,
                            const MatrixProduct &product) {
  Value few = emit.less(product.rows, emit.i64(method.shapes.streamRows + 1));
  emit.branch(
      few, [&] { LoopNest(emit, method, product).stream(); },
      [&] { LoopNest(emit, method, product).slabs(); });
}

void moec::emitMatrixLoops(Emit &emit, const MatrixMethod &method,
                           const MatrixProduct &product) {
  if (method.usesAmx)
    return emitAmxLoops(emit, method, product);
  if (!product.source)
    return emitPackedLoops(emit, method, product);
  int64_t most = mostPackedRows(method, product.depth);
  emit.branch(
      emit.less(product.rows, emit.i64(most + 1)),
      [&] {
        MatrixProduct packed = product;
        packed.x = product.scratch;
        LoopNest(emit, method, packed).pack();
        packed.source.reset();
        packed.scratch = emit.at(
            product.scratch, emit.getI8Type(),
            emit.mul(product.rows, packedRowBytes(method, product.depth)));
        emitPackedLoops(emit, method, packed);
      },
      [&] { LoopNest(emit, method, product).slabs(); });
}
