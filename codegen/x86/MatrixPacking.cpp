//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixPacking.h"

#include "codegen/x86/RowSplit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

/// Words that are transposed at once.
static constexpr int64_t lanes = 16;
static constexpr int64_t wordBytes = 4;
/// How far ahead rows are prefetched: what bf16 rows take in a slab.
static constexpr int64_t slabBytes = 2 * slabDepth;
static constexpr int32_t intoL2 = 2;
static_assert(blockRows <= lanes && packingSlack >= lanes * wordBytes,
              "a transposed word of all rows is one vector");

namespace {

/// The body of a packing function: one block, whose rows begin at some word of
/// K.
class BlockPacking {
public:
  BlockPacking(Emit &emit, ValueRange a, int64_t choices)
      : emit(emit), source{a[0], a[1], a[2], choices}, row(a[3]), rows(a[4]),
        whole(a[5]), half(a[6]), words(a[7]), to(a[8]) {}

  static SmallVector<Type> types(Emit &emit) {
    Type ptr = emit.pointer(), i64 = emit.getI64Type();
    return {ptr, i64, ptr, i64, i64, i64, i64, i64, ptr};
  }
  void emitBody();

private:
  Value rowAt(Value i) { return source.address(emit, emit.add(row, i)); }
  Value wordOf(Value rowStart, Value word) {
    return emit.at(rowStart, emit.getI32Type(), word);
  }
  Value packed(Value word) {
    return emit.at(to, emit.getI32Type(), emit.mul(word, rows));
  }
  void copy(Value vectors);
  void transpose(Value vectors, int64_t count);
  void words32(Value from, Value end, llvm::function_ref<Value(Value)> load);

  Emit &emit;
  GatheredRows source;
  Value row, rows;
  Value whole; ///< words that are full
  Value half;  ///< 1 if half a word follows, else 0
  Value words, to;
};

} // namespace

Value GatheredRows::address(Emit &emit, Value index) const {
  if (choices) {
    Type i32 = emit.getI32Type();
    Value slot = emit.extend(emit.load(i32, emit.at(slots, i32, index)));
    index = emit.div(slot, choices);
  }
  return emit.at(source, emit.getI8Type(), emit.mul(index, pitch));
}

/// One row: packed is as it is.
void BlockPacking::copy(Value vectors) {
  auto type = emit.vector(lanes, emit.getI32Type());
  Value from = rowAt(emit.i64(0));
  emit.loop(emit.i64(0), vectors, lanes, [&](Value word) {
    emit.store(emit.load(type, wordOf(from, word)), packed(word));
  });
}

/// Vectors of 16 words, each of some rows, to vectors in which all rows of a
/// word stand together, words in order. Level by level, two groups of rows that
/// stand together become one of twice as many.
static SmallVector<Value> interleave(Emit &emit, SmallVector<Value> rows) {
  int64_t count = rows.size();
  for (int64_t group = 1; group < count; group *= 2) {
    SmallVector<Value> next;
    for (int64_t first = 0; first < count; first += 2 * group)
      for (int64_t i = 0; i < group; ++i)
        for (int64_t half : {0, 1}) {
          SmallVector<int64_t> mask;
          for (int64_t word = 0; word < lanes / group / 2; ++word)
            for (int64_t from : {int64_t(0), lanes})
              for (int64_t row = 0; row < group; ++row)
                mask.push_back(from + half * lanes / 2 + word * group + row);
          next.push_back(vector::ShuffleOp::create(
              emit, rows[first + i], rows[first + group + i], mask));
        }
    rows = std::move(next);
  }
  return rows;
}

/// At most `count` rows, 4, 8 or 16; those beyond the last are copies of it.
void BlockPacking::transpose(Value vectors, int64_t count) {
  auto type = emit.vector(lanes, emit.getI32Type());
  Value last = emit.sub(rows, emit.i64(1));
  int64_t loaded = std::min(count, blockRows);
  SmallVector<Value> starts;
  for (int64_t i = 0; i < loaded; ++i)
    starts.push_back(rowAt(emit.min(emit.i64(i), last)));
  Value zero =
      arith::ConstantOp::create(emit, cast<TypedAttr>(emit.getZeroAttr(type)));
  emit.loop(emit.i64(0), vectors, lanes, [&](Value word) {
    SmallVector<Value> v(count, zero);
    Value ahead = emit.add(word, slabBytes / wordBytes);
    for (int64_t i = 0; i < loaded; ++i) {
      v[i] = emit.load(type, wordOf(starts[i], word));
      emit.prefetch(wordOf(starts[i], ahead), intoL2);
    }
    v = interleave(emit, v);
    // Each store ends in what the next ones overwrite.
    for (int64_t i = 0; i < lanes; ++i) {
      Value ofWord = vector::ExtractStridedSliceOp::create(
          emit, v[i * count / lanes], i * count % lanes, count, 1);
      emit.store(ofWord, packed(emit.add(word, i)));
    }
  });
}

void BlockPacking::words32(Value from, Value end,
                           llvm::function_ref<Value(Value)> load) {
  emit.loop(from, end, 1, [&](Value word) {
    emit.loop(emit.i64(0), rows, 1, [&](Value i) {
      Value address = emit.at(packed(word), emit.getI32Type(), i);
      emit.store(load(wordOf(rowAt(i), word)), address);
    });
  });
}

void BlockPacking::emitBody() {
  Type i32 = emit.getI32Type();
  Value vectors = emit.sub(whole, emit.rem(whole, lanes));
  auto upTo = [&](int64_t count, Emit::Body then, Emit::Body otherwise) {
    emit.branch(emit.less(rows, emit.i64(count + 1)), then, otherwise);
  };
  upTo(
      1, [&] { copy(vectors); },
      [&] {
        upTo(
            4, [&] { transpose(vectors, 4); },
            [&] {
              upTo(
                  8, [&] { transpose(vectors, 8); },
                  [&] { transpose(vectors, lanes); });
            });
      });
  Value full = emit.add(whole, half);
  words32(vectors, whole, [&](Value from) { return emit.load(i32, from); });
  words32(whole, full, [&](Value from) {
    Value element = emit.load(emit.getI16Type(), from);
    return arith::ExtUIOp::create(emit, i32, element);
  });
  words32(full, words, [&](Value) {
    return arith::ConstantOp::create(emit, emit.getI32IntegerAttr(0));
  });
}

void moec::emitPacking(Emit &emit, const RowSource &source,
                       const PackedBlock &block) {
  int64_t choices = source.slots ? source.choices : 0;
  std::string name = "pack_block";
  if (choices)
    name += "_of_tokens_" + std::to_string(choices);
  if (!emit.hasFunction(name))
    emit.function(
        name, /*exported=*/false, BlockPacking::types(emit),
        [&](ValueRange a) { BlockPacking(emit, a, choices).emitBody(); });
  int64_t elementBytes = source.element.getIntOrFloatBitWidth() / 8;
  int64_t unit = wordBytes / elementBytes, full = source.columns / unit;
  Value whole = emit.min(emit.sub(emit.i64(full), block.word), block.words);
  Value half = emit.i64(0);
  if (source.columns % unit)
    half = emit.select(emit.less(whole, block.words), emit.i64(1), half);
  Value start = emit.at(source.rows, emit.getI32Type(), block.word);
  Value slots = source.slots ? source.slots : source.rows;
  emit.call(name, {start, emit.i64(source.columns * elementBytes), slots,
                   block.row, block.rows, whole, half, block.words, block.to});
}
