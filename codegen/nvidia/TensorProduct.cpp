//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/TensorProduct.h"

#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/MatrixFragment.h"
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

/// Of half `half` of a step.
static Value wordOf(Emit &emit, Chunk chunk, int64_t half, int64_t i) {
  return vector::ExtractOp::create(emit, chunk, 2 * half + i);
}

RowWords moec::rowWords(Emit &emit, int64_t half, Chunk low, Chunk high) {
  RowWords words;
  for (int64_t i : {0, 1})
    for (Chunk chunk : {low, high})
      words.push_back(wordOf(emit, chunk, half, i));
  return words;
}

RowWords moec::rowWordsOnce(Emit &emit, int64_t half, Chunk low, Chunk high,
                            Value ones) {
  RowWords words = rowWords(emit, half, low, high);
  for (Value &word : words)
    word = arith::AndIOp::create(emit, word, ones);
  return words;
}

SmallVector<Value> moec::multiplyHalf(Emit &emit, int64_t half,
                                      const RowWords &rows, Chunk column,
                                      Sums4 sums) {
  SmallVector<Value> columns;
  for (int64_t i : {0, 1})
    columns.push_back(wordOf(emit, column, half, i));
  return multiply16(emit, rows, columns, sums);
}
