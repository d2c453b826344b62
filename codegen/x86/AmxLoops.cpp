//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/AmxLoops.h"

#include "codegen/x86/AmxPacking.h"

using namespace mlir;
using namespace moec;

/// Steps of a slab: 64 KiB of a panel.
static constexpr int64_t slabSteps = 32;
/// What packed rows may take of L2.
static constexpr int64_t mostPackedBytes = 1024 * 1024;
/// Rows of sums that are kept for a group, of all products together.
static constexpr int64_t mostSumRows = 512;
/// How far ahead of itself a single stream of weights is prefetched.
static constexpr int64_t streamAhead = 16 * 1024;
static constexpr int64_t cacheLine = 64;
static constexpr int64_t sumBytes = 4;
/// Bytes of a panel at one step.
static constexpr int64_t stepBytes = panelWidth * amxRowBytes;

/// Rows that use scratch memory at once; more come in chunks.
static int64_t chunkRows(const MatrixMethod &method) {
  return mostSumRows / method.epilogue.products();
}

static int64_t stepsOf(int64_t depth) {
  return llvm::divideCeil(depth, 2 * amxPairs);
}

/// Rows that are packed with all of K, at most.
static int64_t mostWholeRows(const MatrixMethod &method, int64_t depth) {
  int64_t fit = mostPackedBytes / (stepsOf(depth) * amxRowBytes);
  return std::min(std::max(fit, amxRows), chunkRows(method));
}

/// Bytes of the sums of a row for one panel, and for a group.
static int64_t rowSumBytes(const MatrixMethod &method) {
  return method.epilogue.products() * panelWidth * sumBytes;
}

int64_t moec::amxScratchBytes(const MatrixMethod &method,
                              const MatrixScratch &needs) {
  int64_t sums = amxGroupPanels * rowSumBytes(method);
  int64_t whole = mostWholeRows(method, needs.depth);
  int64_t bytes = std::min(needs.maxRows, whole) *
                  (stepsOf(needs.depth) * amxRowBytes + sums);
  if (needs.maxRows <= whole)
    return bytes;
  int64_t rows = std::min(needs.maxRows, chunkRows(method));
  return std::max(bytes, rows * (slabSteps * amxRowBytes + sums));
}

namespace {

/// A range of rows, a range of panels, a range of steps.
struct Chunk {
  Value from, rows;
};
struct Group {
  Value from, to;
};
struct Slab {
  Value from, to; ///< steps of K
  Value first, last;
};

/// Where the loops stand.
struct Cell {
  Chunk chunk;
  Group group;
  Slab slab;
  Value panel;
  int64_t product;
  Value next; ///< the weights that come after those of this cell
};

class AmxNest {
public:
  AmxNest(Emit &emit, const MatrixMethod &method, const MatrixProduct &product,
          bool packsWhole)
      : emit(emit), method(method), product(product),
        finisher(method.decoder, method.epilogue, method.shapes),
        packsWhole(packsWhole), steps(stepsOf(product.depth)),
        restPairs(product.depth % (2 * amxPairs) / 2) {}

  void run();

private:
  Value after(Value base, Value bytes) {
    return emit.at(base, emit.getI8Type(), bytes);
  }
  Value zero() { return emit.i64(0); }
  int64_t products() const { return method.epilogue.products(); }
  void chunk(const Chunk &chunk);
  void group(const Chunk &chunk, const Group &group);
  void slab(const Chunk &chunk, const Group &group, const Slab &slab);
  void pack(const Chunk &chunk, Value from, Value to);
  void cell(const Cell &cell);
  void blocks(const Cell &cell, Value pair, Value pairs);
  Slab slabAt(Value from, Value size);
  Value weights(int64_t of, Value panel, Value step) {
    Value offset = emit.add(emit.mul(panel, product.depth * 2 * panelWidth),
                            emit.mul(step, stepBytes));
    return after(product.w[of], offset);
  }
  /// Steps that a packed block has.
  Value packedSteps(const Slab &slab) {
    return packsWhole ? emit.i64(steps) : emit.sub(slab.to, slab.from);
  }
  Value rowsFrom(const Chunk &chunk, Value row) {
    return emit.min(emit.sub(chunk.rows, row), emit.i64(amxRows));
  }
  Value packed(const Cell &cell, Value row, Value step);
  /// Sums of a panel's rows, the first product's.
  Value sums(const Cell &cell, Value row);

  Emit &emit;
  const MatrixMethod &method;
  const MatrixProduct &product;
  MatrixTiles finisher;
  bool packsWhole;
  int64_t steps, restPairs;
};

} // namespace

void AmxNest::run() {
  if (packsWhole)
    return chunk({zero(), product.rows});
  emit.loop(zero(), product.rows, chunkRows(method), [&](Value from) {
    Value left = emit.sub(product.rows, from);
    chunk({from, emit.min(left, emit.i64(chunkRows(method)))});
  });
}

void AmxNest::chunk(const Chunk &chunk) {
  if (packsWhole)
    pack(chunk, zero(), emit.i64(steps));
  Value count = emit.sub(product.to, product.from);
  emit.loop(zero(), count, amxGroupPanels, [&](Value first) {
    Value from = emit.add(product.from, first);
    group(chunk, {from, emit.min(emit.add(from, amxGroupPanels), product.to)});
  });
}

Slab AmxNest::slabAt(Value from, Value size) {
  Value to = emit.min(emit.add(from, size), emit.i64(steps));
  return {from, to, emit.equal(from, zero()), emit.equal(to, emit.i64(steps))};
}

void AmxNest::group(const Chunk &chunk, const Group &group) {
  Value size = emit.i64(slabSteps);
  // One block takes each panel as a stream.
  if (packsWhole)
    size = emit.select(emit.less(chunk.rows, emit.i64(amxRows + 1)),
                       emit.i64(steps), size);
  Value count = emit.div(emit.add(size, steps - 1), size);
  emit.loop(zero(), count, 1, [&](Value i) {
    slab(chunk, group, slabAt(emit.mul(i, size), size));
  });
}

/// Packs a range of steps of a chunk's rows to the beginning of scratch memory.
void AmxNest::pack(const Chunk &chunk, Value from, Value to) {
  int64_t columns = product.source->columns, full = columns / (2 * amxPairs);
  Value whole = emit.sub(emit.min(to, emit.i64(full)), from);
  Value rest = emit.select(emit.equal(to, emit.i64(steps)),
                           emit.i64(columns % (2 * amxPairs)), zero());
  Value rowBytes = emit.mul(emit.sub(to, from), amxRowBytes);
  emit.loop(zero(), chunk.rows, amxRows, [&](Value row) {
    emitAmxPacking(emit, *product.source,
                   {emit.add(chunk.from, row), rowsFrom(chunk, row), from,
                    whole, rest,
                    after(product.scratch, emit.mul(row, rowBytes))});
  });
}

void AmxNest::slab(const Chunk &chunk, const Group &group, const Slab &slab) {
  if (!packsWhole)
    pack(chunk, slab.from, slab.to);
  Value wrapped = weights(0, emit.select(slab.last, group.to, group.from),
                          emit.select(slab.last, zero(), slab.to));
  emit.loop(group.from, group.to, 1, [&](Value panel) {
    Value later = emit.add(panel, 1);
    for (int64_t of = 0; of < products(); ++of) {
      Value next = of + 1 < products()
                       ? weights(of + 1, panel, slab.from)
                       : emit.select(emit.less(later, group.to),
                                     weights(0, later, slab.from), wrapped);
      cell({chunk, group, slab, panel, of, next});
    }
    emit.branch(slab.last, [&] {
      auto place = method.epilogue.place(emit, product.target, chunk.from,
                                         emit.mul(panel, panelWidth));
      Value from = sums({chunk, group, slab, panel, 0, Value()}, zero());
      finisher.callFinish(emit, chunk.rows, from, place);
    });
  });
}

Value AmxNest::packed(const Cell &cell, Value row, Value step) {
  Value before = emit.mul(row, packedSteps(cell.slab));
  Value first = packsWhole ? zero() : cell.slab.from;
  Value inBlock = emit.mul(emit.sub(step, first), rowsFrom(cell.chunk, row));
  return after(product.scratch,
               emit.mul(emit.add(before, inBlock), amxRowBytes));
}

Value AmxNest::sums(const Cell &cell, Value row) {
  int64_t most = packsWhole ? steps : slabSteps;
  Value behind = emit.mul(cell.chunk.rows, most * amxRowBytes);
  Value before = emit.add(
      emit.mul(emit.sub(cell.panel, cell.group.from), cell.chunk.rows), row);
  return after(product.scratch,
               emit.add(behind, emit.mul(before, rowSumBytes(method))));
}

void AmxNest::cell(const Cell &cell) {
  Value pairs = emit.ceilDiv(cell.chunk.rows, 2 * amxRows);
  emit.loop(zero(), pairs, 1, [&](Value pair) { blocks(cell, pair, pairs); });
}

/// Two blocks of rows, or the last one.
void AmxNest::blocks(const Cell &cell, Value pair, Value pairs) {
  const Slab &slab = cell.slab;
  Value row = emit.mul(pair, 2 * amxRows), second = emit.add(row, amxRows);
  Value last = emit.i64(steps - (restPairs ? 1 : 0));
  Value to = emit.min(slab.to, last), count = emit.sub(to, slab.from);
  // Each call prefetches its share of what comes next; one block, its stream.
  Value lines = emit.div(emit.add(pairs, stepBytes / cacheLine - 1), pairs);
  Value share = emit.mul(lines, cacheLine);
  Value begin = emit.mul(pair, emit.mul(share, count));
  Value w = weights(cell.product, cell.panel, slab.from);
  Value isStream = emit.less(cell.chunk.rows, emit.i64(amxRows + 1));
  AmxOperands o;
  o.x[0] = packed(cell, row, slab.from);
  o.x[1] = packed(cell, second, slab.from);
  o.rows = emit.min(emit.sub(cell.chunk.rows, row), emit.i64(2 * amxRows));
  o.w = w;
  o.steps = count;
  o.pairs = amxPairs;
  o.sums =
      after(sums(cell, row), emit.i64(cell.product * panelWidth * sumBytes));
  o.pitch = emit.i64(rowSumBytes(method));
  o.first = slab.first;
  o.next = emit.select(isStream, after(w, emit.i64(streamAhead)),
                       after(cell.next, begin));
  o.nextBytes = emit.select(isStream, emit.i64(stepBytes), share);
  emitAmxTiles(emit, o);
  if (!restPairs)
    return;
  emit.branch(slab.last, [&] {
    AmxOperands rest = o;
    rest.x[0] = packed(cell, row, last);
    rest.x[1] = packed(cell, second, last);
    rest.w = weights(cell.product, cell.panel, last);
    rest.steps = emit.i64(1);
    rest.pairs = restPairs;
    rest.first = emit.less(zero(), zero());
    rest.nextBytes = zero();
    emitAmxTiles(emit, rest);
  });
}

void moec::emitAmxLoops(Emit &emit, const MatrixMethod &method,
                        const MatrixProduct &product) {
  int64_t whole = mostWholeRows(method, product.depth);
  emit.branch(
      emit.less(product.rows, emit.i64(whole + 1)),
      [&] { AmxNest(emit, method, product, /*packsWhole=*/true).run(); },
      [&] { AmxNest(emit, method, product, /*packsWhole=*/false).run(); });
  emitAmxRelease(emit);
}
