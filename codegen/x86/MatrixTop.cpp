//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixTop.h"

#include "codegen/kernels/Top.h"
#include "codegen/x86/MatrixOperands.h"
#include "runtime/abi/Kernel.h"

using namespace mlir;
using namespace moec;

static int64_t columnsOf(decoder::PartTopOp op) {
  return op.getLogits().getType().getDimSize(1);
}

LogicalResult moec::checkTopParts(decoder::PartTopOp op) {
  int64_t part = op.getPart();
  if (part % panelWidth == 0)
    return success();
  return op.emitOpError("has parts of ")
         << part << " columns; the x86-64 kernels of products take panels of "
         << panelWidth;
}

int64_t moec::topTasks(decoder::PartTopOp op) {
  return llvm::divideCeil(columnsOf(op), static_cast<int64_t>(op.getPart()));
}

int64_t moec::topPanels(decoder::PartTopOp op) {
  return static_cast<int64_t>(op.getPart()) / panelWidth;
}

namespace {

/// One part of all rows.
class ProductPart {
public:
  ProductPart(Emit &emit, const ProductTop &top, Value index)
      : emit(emit), top(top), op(top.op), part(op.getPart()), k(op.getK()),
        index(index) {}

  /// The product of the part, to scratch memory.
  MatrixProduct product(MatrixProduct whole);
  void choose(const KernelArguments &arguments, const MatrixProduct &whole);

private:
  TopChoice choiceOf(Value row, Value sums);

  Emit &emit;
  const ProductTop &top;
  decoder::PartTopOp op;
  int64_t part, k;
  Value index;
};

} // namespace

MatrixProduct ProductPart::product(MatrixProduct whole) {
  int64_t panels = topPanels(op);
  int64_t all = llvm::divideCeil(columnsOf(op), panelWidth);
  MatrixProduct own = whole;
  own.from = emit.mul(index, panels);
  own.to = emit.min(emit.add(own.from, panels), emit.i64(all));
  // Column 0 of the target is where that of the first panel would be.
  own.target.result =
      emit.at(whole.scratch, emit.getF32Type(), emit.mul(index, -part));
  own.target.pitch = part;
  own.scratch =
      emit.at(whole.scratch, emit.getI8Type(), emit.i64(top.sumBytes));
  return own;
}

TopChoice ProductPart::choiceOf(Value row, Value sums) {
  Type f32 = emit.getF32Type(), i32 = emit.getI32Type();
  TopChoice choice;
  choice.logits = emit.at(sums, f32, emit.mul(row, part));
  choice.first = emit.mul(index, part);
  choice.count =
      emit.min(emit.sub(emit.i64(columnsOf(op)), choice.first), emit.i64(part));
  choice.k = k;
  Value place = emit.mul(emit.add(emit.mul(row, topTasks(op)), index), k);
  choice.top = emit.at(top.top, f32, place);
  choice.tokens = emit.at(top.tokens, i32, place);
  return choice;
}

void ProductPart::choose(const KernelArguments &arguments,
                         const MatrixProduct &whole) {
  emit.loop(emit.i64(0), whole.rows, 1, [&](Value row) {
    TopChoice choice = choiceOf(row, whole.scratch);
    emitTopChoice(emit, choice);
    Value isNaN = emitAnyNaN(emit, choice.logits, choice.count);
    emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_LOGIT_NAN); });
  });
}

void moec::emitProductTop(Emit &emit, const KernelArguments &arguments,
                          const MatrixMethod &method,
                          const MatrixProduct &product, const ProductTop &top) {
  emit.loop(product.from, product.to, 1, [&](Value index) {
    ProductPart part(emit, top, index);
    emitMatrixLoops(emit, method, part.product(product));
    part.choose(arguments, product);
  });
}
