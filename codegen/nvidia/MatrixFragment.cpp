//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/MatrixFragment.h"

#include "codegen/nvidia/StateSpace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

static Type structOf(Emit &emit, Type type, int64_t count) {
  return LLVM::LLVMStructType::getLiteral(emit.getContext(),
                                          SmallVector<Type>(count, type));
}

static SmallVector<Value> fieldsOf(Emit &emit, Value all, int64_t count) {
  SmallVector<Value> fields;
  for (int64_t i = 0; i < count; ++i)
    fields.push_back(LLVM::ExtractValueOp::create(emit, all, i));
  return fields;
}

Fragment moec::loadMatrices(Emit &emit, Value row, bool transposed) {
  constexpr int64_t count = 4, side = 8;
  Value all = NVVM::LdMatrixOp::create(
      emit, structOf(emit, emit.getI32Type(), count),
      inSpace(emit, row, StateSpace::Shared), count,
      transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(emit.getContext(), side, side),
      NVVM::LdStMatrixEltType::B16);
  return Fragment(fieldsOf(emit, all, count));
}

SmallVector<Value> moec::multiply16(Emit &emit, ValueRange rows,
                                    ValueRange columns, ValueRange sums) {
  SmallVector<Value> operands(rows);
  llvm::append_range(operands, columns);
  llvm::append_range(operands, sums);
  Value all =
      LLVM::CallIntrinsicOp::create(
          emit, structOf(emit, emit.getF32Type(), sums.size()),
          emit.getStringAttr("llvm.nvvm.mma.m16n8k16.row.col.bf16"), operands)
          .getResult(0);
  return fieldsOf(emit, all, sums.size());
}

Value moec::packPair(Emit &emit, Value low, Value high) {
  Value pair = vector::FromElementsOp::create(
      emit, emit.vector(2, emit.getF32Type()), ValueRange{low, high});
  Value rounded =
      arith::TruncFOp::create(emit, emit.vector(2, emit.getBF16Type()), pair);
  Value word = LLVM::BitcastOp::create(emit, emit.getI32Type(), rounded);
  return word;
}

SplitPair moec::splitPair(Emit &emit, Value low, Value high) {
  auto constant = [&](int32_t n) -> Value {
    return LLVM::ConstantOp::create(emit, emit.getI32IntegerAttr(n));
  };
  auto asFloat = [&](Value word) -> Value {
    return LLVM::BitcastOp::create(emit, emit.getF32Type(), word);
  };
  // A bf16 is the upper half of an f32.
  constexpr int32_t half = 16, upper = int32_t(0xffff0000u);
  Value word = packPair(emit, low, high);
  Value lowPart = asFloat(arith::ShLIOp::create(emit, word, constant(half)));
  Value highPart = asFloat(arith::AndIOp::create(emit, word, constant(upper)));
  return {word,
          packPair(emit, emit.subF(low, lowPart), emit.subF(high, highPart))};
}

Value moec::approximateExp2(Emit &emit, Value v) {
  return LLVM::CallIntrinsicOp::create(
             emit, emit.getF32Type(),
             emit.getStringAttr("llvm.nvvm.ex2.approx.ftz.f32"), ValueRange{v})
      .getResult(0);
}
