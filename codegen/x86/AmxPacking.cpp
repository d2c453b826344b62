//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/AmxPacking.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace moec;

namespace {

/// The body of a packing function.
class RowPacking {
public:
  RowPacking(Emit &emit, ValueRange a, int64_t choices)
      : emit(emit), rows{a[0], a[1], a[2], choices}, row(a[3]), count(a[4]),
        steps(a[5]), rest(a[6]), to(a[7]) {}

  static SmallVector<Type> types(Emit &emit) {
    Type ptr = emit.pointer(), i64 = emit.getI64Type();
    return {ptr, i64, ptr, i64, i64, i64, i64, ptr};
  }
  void emitBody();

private:
  Value after(Value base, Value bytes) {
    return emit.at(base, emit.getI8Type(), bytes);
  }
  void copyRest(Value from, Value packed);

  Emit &emit;
  GatheredRows rows;
  Value row, count, steps, rest, to;
};

} // namespace

void RowPacking::copyRest(Value from, Value packed) {
  Type i16 = emit.getI16Type();
  auto line = emit.vector(amxPairs, emit.getI32Type());
  emit.store(LLVM::ZeroOp::create(emit, line), packed);
  emit.loop(emit.i64(0), rest, 1, [&](Value i) {
    emit.store(emit.load(i16, emit.at(from, i16, i)), emit.at(packed, i16, i));
  });
}

void RowPacking::emitBody() {
  auto line = emit.vector(amxPairs, emit.getI32Type());
  Value stride = emit.mul(count, amxRowBytes);
  emit.loop(emit.i64(0), count, 1, [&](Value i) {
    Value from = rows.address(emit, emit.add(row, i));
    Value packed = after(to, emit.mul(i, amxRowBytes));
    emit.loop(emit.i64(0), steps, 1, [&](Value step) {
      Value vector = emit.load(line, after(from, emit.mul(step, amxRowBytes)));
      emit.store(vector, after(packed, emit.mul(step, stride)));
    });
    emit.branch(emit.less(emit.i64(0), rest), [&] {
      copyRest(after(from, emit.mul(steps, amxRowBytes)),
               after(packed, emit.mul(steps, stride)));
    });
  });
}

void moec::emitAmxPacking(Emit &emit, const RowSource &source,
                          const AmxBlock &block) {
  int64_t choices = source.slots ? source.choices : 0;
  std::string name = "pack_amx";
  if (choices)
    name += "_of_tokens_" + std::to_string(choices);
  if (!emit.hasFunction(name))
    emit.function(
        name, /*exported=*/false, RowPacking::types(emit),
        [&](ValueRange a) { RowPacking(emit, a, choices).emitBody(); });
  Value start =
      emit.at(source.rows, emit.getI8Type(), emit.mul(block.step, amxRowBytes));
  emit.call(name, {start, emit.i64(2 * source.columns),
                   source.slots ? source.slots : source.rows, block.row,
                   block.rows, block.steps, block.rest, block.to});
}
