//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixCombine.h"

#include "codegen/x86/MatrixEpilogue.h"
#include "codegen/x86/MatrixOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t lanes = 16;

namespace {

class Combination {
public:
  Combination(Emit &emit, const ExpertSums &sums) : emit(emit), sums(sums) {}
  void emitToken(Value token);

private:
  Value f32At(Value base, Value index) {
    return emit.at(base, emit.getF32Type(), index);
  }
  Value load(Value address) {
    return emit.load(emit.vector(lanes, emit.getF32Type()), address);
  }
  Value weightedSum(Value token, Value column);
  void whole(Value sum, Value place);
  void edge(Value sum, Value place, Value columns);

  Emit &emit;
  const ExpertSums &sums;
};

} // namespace

/// `column` is of the sums.
Value Combination::weightedSum(Value token, Value column) {
  auto term = [&](Value slot) -> std::pair<Value, Value> {
    Type i32 = emit.getI32Type();
    Value row = emit.extend(emit.load(i32, emit.at(sums.rowOfSlot, i32, slot)));
    Value weight = emit.load(emit.getF32Type(), f32At(sums.weights, slot));
    Value place = emit.add(emit.mul(row, sums.pitch), column);
    return {emit.splat(weight, lanes), load(f32At(sums.sums, place))};
  };
  Value slot = emit.mul(token, sums.choices);
  auto [weight, row] = term(slot);
  Value sum = emit.mulF(weight, row);
  for (int64_t j = 1; j < sums.choices; ++j) {
    auto [w, r] = term(emit.add(slot, j));
    sum = emit.fma(w, r, sum);
  }
  return sum;
}

void Combination::whole(Value sum, Value place) {
  if (sums.residual)
    sum = emit.addF(load(f32At(sums.residual, place)), sum);
  emit.store(sum, f32At(sums.result, place));
}

/// `columns` are left.
void Combination::edge(Value sum, Value place, Value columns) {
  Value mask = laneMask(emit, lanes, 0, columns);
  if (sums.residual) {
    Type type = sum.getType();
    Value residual = LLVM::MaskedLoadOp::create(
        emit, TypeRange(type), f32At(sums.residual, place), mask,
        emit.number(type, 0.0), emit.getI32IntegerAttr(4),
        /*nontemporal=*/UnitAttr());
    sum = emit.addF(residual, sum);
  }
  LLVM::MaskedStoreOp::create(emit, sum, f32At(sums.result, place), mask,
                              /*alignment=*/4);
}

void Combination::emitToken(Value token) {
  Value first = emit.mul(sums.from, panelWidth);
  Value end = emit.min(emit.mul(sums.to, panelWidth), emit.i64(sums.columns));
  emit.loop(first, end, lanes, [&](Value column) {
    Value sum = weightedSum(token, emit.sub(column, first));
    Value place = emit.add(emit.mul(token, sums.columns), column);
    Value left = emit.sub(end, column);
    emit.branch(
        emit.less(left, emit.i64(lanes)), [&] { edge(sum, place, left); },
        [&] { whole(sum, place); });
  });
}

void moec::emitCombine(Emit &emit, const ExpertSums &sums) {
  Combination combination(emit, sums);
  emit.loop(emit.i64(0), sums.tokens, 1,
            [&](Value token) { combination.emitToken(token); });
}
