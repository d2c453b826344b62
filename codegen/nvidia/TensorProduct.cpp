//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/TensorProduct.h"

#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/ProductLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

/// As many as warps of the block that computes them side by side.
static constexpr int64_t mostSegments = 8;

DepthSegments::DepthSegments(int64_t depth)
    : blocks(llvm::divideCeil(depth, blockDepth)),
      perSegment(llvm::divideCeil(blocks, mostSegments)),
      count(llvm::divideCeil(blocks, perSegment)) {}

bool moec::takesTensorCores(const LoopShape &shape) {
  return shape.x.isBF16() && shape.weight.isBF16() &&
         shape.depth % chunkDepth == 0;
}

Type moec::chunkType(Emit &emit) { return emit.vector(4, emit.getI32Type()); }

Chunk moec::zeroChunk(Emit &emit) {
  return arith::ConstantOp::create(
      emit, cast<TypedAttr>(emit.getZeroAttr(chunkType(emit))));
}

Chunk moec::loadChunk(Emit &emit, Value row, Value index) {
  return loadAligned(
      emit, chunkType(emit),
      emit.at(row, emit.getBF16Type(), emit.mul(index, chunkDepth)));
}

SmallVector<Value> moec::multiplyHalf(Emit &emit, int64_t half, Chunk low,
                                      Chunk high, Chunk column, Sums4 sums) {
  Type f32 = emit.getF32Type();
  auto result = LLVM::LLVMStructType::getLiteral(
      emit.getContext(), SmallVector<Type>(sums.size(), f32));
  auto word = [&](Chunk chunk, int64_t i) -> Value {
    return vector::ExtractOp::create(emit, chunk, 2 * half + i);
  };
  SmallVector<Value> operands = {word(low, 0),    word(high, 0),
                                 word(low, 1),    word(high, 1),
                                 word(column, 0), word(column, 1)};
  llvm::append_range(operands, sums);
  Value all =
      LLVM::CallIntrinsicOp::create(
          emit, result,
          emit.getStringAttr("llvm.nvvm.mma.m16n8k16.row.col.bf16"), operands)
          .getResult(0);
  SmallVector<Value> next;
  for (size_t i = 0; i < sums.size(); ++i)
    next.push_back(LLVM::ExtractValueOp::create(emit, all, int64_t(i)));
  return next;
}
