//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/AmxTile.h"

#include "codegen/x86/MatrixOperands.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t cacheLine = 64;
static constexpr int32_t intoL2 = 2;
/// Sums in a row of a tile register.
static constexpr int64_t tileWidth = 16;
static_assert(panelWidth == 2 * tileWidth, "a panel is two tile registers");
/// Bytes of a panel at one pair of k, and at one step.
static constexpr int64_t pairBytes = panelWidth * 4;
static constexpr int64_t stepBytes = amxPairs * pairBytes;

namespace {

/// Tile registers: sums of the blocks' rows and the panel's halves, rows of
/// activations, halves of the panel.
enum Tile : int8_t { Sums = 0, Rows = 4, Weights = 6 };

/// The body of a function for one block or two.
class AmxLoop {
public:
  AmxLoop(Emit &emit, ValueRange a, int64_t blocks)
      : emit(emit), x{a[0], a[1]}, rows(a[2]), w(a[3]), steps(a[4]),
        pairs(a[5]), sums(a[6]), pitch(a[7]), first(a[8]), next(a[9]),
        nextBytes(a[10]), blocks(blocks) {}

  static SmallVector<Type> types(Emit &emit) {
    Type ptr = emit.pointer(), i64 = emit.getI64Type(), i1 = emit.getI1Type();
    return {ptr, ptr, i64, ptr, i64, i64, ptr, i64, i1, ptr, i64};
  }
  void emitBody();

private:
  Value after(Value base, Value bytes) {
    return emit.at(base, emit.getI8Type(), bytes);
  }
  Value rowsOf(int64_t block) {
    return block + 1 < blocks ? emit.i64(amxRows)
                              : emit.sub(rows, emit.i64(block * amxRows));
  }
  void call(StringRef intrinsic, ArrayRef<int64_t> tiles, ValueRange rest = {});
  void configure();
  /// An intrinsic for each tile of sums, with its place in memory.
  void eachOfSums(StringRef intrinsic, bool inMemory);
  void step(Value k);

  Emit &emit;
  Value x[2], rows, w, steps, pairs, sums, pitch, first;
  Value next, nextBytes;
  int64_t blocks;
};

} // namespace

bool moec::isAmxProduct(Operation *product, Type weight) {
  return weight.isBF16() && !isa<moe::RouterOp>(product);
}

static void callIntrinsic(Emit &emit, StringRef name, ValueRange arguments) {
  StringAttr full = emit.getStringAttr("llvm.x86." + name.str());
  LLVM::CallIntrinsicOp::create(emit, full, arguments);
}

void AmxLoop::call(StringRef intrinsic, ArrayRef<int64_t> tiles,
                   ValueRange rest) {
  SmallVector<Value> arguments;
  for (int64_t tile : tiles)
    arguments.push_back(LLVM::ConstantOp::create(
        emit, emit.getI8Type(), emit.getI8IntegerAttr(int8_t(tile))));
  llvm::append_range(arguments, rest);
  callIntrinsic(emit, intrinsic, arguments);
}

/// The 64 bytes that LDTILECFG reads: the palette in byte 0, bytes of a row in
/// 16 bits each from byte 16 on, rows in a byte each from byte 48 on.
void AmxLoop::configure() {
  Value config = LLVM::AllocaOp::create(emit, emit.pointer(), emit.getI64Type(),
                                        emit.i64(8), /*alignment=*/64);
  auto store = [&](int64_t word, Value v) {
    emit.store(v, emit.at(config, emit.getI64Type(), emit.i64(word)));
  };
  constexpr int64_t each16 = 0x0001000100010001;
  Value rowBytes = emit.mul(pairs, 4 * 0x00010001);
  Value last = rowsOf(blocks - 1), whole = rowsOf(0);
  // One block: its registers twice, of which the second ones are not used.
  Value sumsRows =
      emit.add(emit.mul(whole, 0x00000101), emit.mul(last, 0x01010000));
  Value rowsRows = emit.add(whole, emit.mul(last, 0x0100));
  Value count =
      emit.add(emit.add(sumsRows, emit.mul(rowsRows, int64_t(1) << 32)),
               emit.mul(pairs, int64_t(0x0101) << 48));
  store(0, emit.i64(1));
  for (int64_t unused : {1, 4, 5, 7})
    store(unused, emit.i64(0));
  store(2, emit.i64(cacheLine * each16));
  store(3, emit.add(rowBytes, cacheLine * (int64_t(0x00010001) << 32)));
  store(6, count);
  callIntrinsic(emit, "ldtilecfg", config);
}

void AmxLoop::eachOfSums(StringRef intrinsic, bool inMemory) {
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t half = 0; half < 2; ++half) {
      int64_t tile = Sums + 2 * block + half;
      if (!inMemory) {
        call(intrinsic, tile);
        continue;
      }
      Value place = after(sums, emit.add(emit.mul(pitch, block * amxRows),
                                         half * tileWidth * 4));
      call(intrinsic, tile, {place, pitch});
    }
}

void AmxLoop::step(Value k) {
  emit.loop(emit.i64(0), nextBytes, cacheLine, [&](Value line) {
    emit.prefetch(after(next, emit.add(emit.mul(k, nextBytes), line)), intoL2);
  });
  Value stride = emit.i64(pairBytes), rowStride = emit.i64(amxRowBytes);
  Value weights = after(w, emit.mul(k, stepBytes));
  for (int64_t half = 0; half < 2; ++half)
    call("tileloadd64", Weights + half,
         {after(weights, emit.i64(half * tileWidth * 4)), stride});
  for (int64_t block = 0; block < blocks; ++block) {
    Value inBlock = emit.mul(k, emit.mul(rowsOf(block), amxRowBytes));
    call("tileloadd64", Rows + block, {after(x[block], inBlock), rowStride});
    for (int64_t half = 0; half < 2; ++half)
      call("tdpbf16ps",
           {Sums + 2 * block + half, Rows + block, Weights + half});
  }
}

void AmxLoop::emitBody() {
  configure();
  emit.branch(
      first, [&] { eachOfSums("tilezero", /*inMemory=*/false); },
      [&] { eachOfSums("tileloadd64", /*inMemory=*/true); });
  emit.loop(emit.i64(0), steps, 1, [&](Value k) { step(k); });
  eachOfSums("tilestored64", /*inMemory=*/true);
}

static void callLoop(Emit &emit, const AmxOperands &o, int64_t blocks) {
  std::string name = "amx_" + std::to_string(blocks * amxRows) + "x" +
                     std::to_string(panelWidth) + "_bf16";
  if (!emit.hasFunction(name))
    emit.function(name, /*exported=*/false, AmxLoop::types(emit),
                  [&](ValueRange a) { AmxLoop(emit, a, blocks).emitBody(); });
  emit.call(name, {o.x[0], o.x[1], o.rows, o.w, o.steps, emit.i64(o.pairs),
                   o.sums, o.pitch, o.first, o.next, o.nextBytes});
}

void moec::emitAmxTiles(Emit &emit, const AmxOperands &operands) {
  emit.branch(
      emit.less(emit.i64(amxRows), operands.rows),
      [&] { callLoop(emit, operands, 2); },
      [&] { callLoop(emit, operands, 1); });
}

void moec::emitAmxRelease(Emit &emit) {
  callIntrinsic(emit, "tilerelease", {});
}
