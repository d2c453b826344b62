//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/WarpgroupProduct.h"

#include "codegen/nvidia/SharedLayout.h"
#include "codegen/nvidia/StateSpace.h"
#include "codegen/nvidia/TensorProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t productDepth = 16; ///< of an instruction

Type moec::warpgroupSums(Emit &emit, int64_t columns) {
  int64_t count = warpgroupRows * columns / warpgroupThreads;
  return LLVM::LLVMStructType::getLiteral(
      emit.getContext(), SmallVector<Type>(count, emit.getF32Type()));
}

Value moec::zeroWarpgroupSums(Emit &emit, int64_t columns) {
  return LLVM::ZeroOp::create(emit, warpgroupSums(emit, columns));
}

SmallVector<Value> moec::listWarpgroupSums(Emit &emit, Value sums) {
  SmallVector<Value> list;
  size_t count = cast<LLVM::LLVMStructType>(sums.getType()).getBody().size();
  for (size_t i = 0; i < count; ++i)
    list.push_back(LLVM::ExtractValueOp::create(emit, sums, int64_t(i)));
  return list;
}

/// The matrix descriptor of an operand whose rows are K-major in
/// SwizzledLayout: the address, bytes from 8 rows to the next 8, and the
/// swizzle, in units of 16 bytes. PTX ISA, "Matrix descriptor format".
static Value describe(Emit &emit, Value tile) {
  constexpr int64_t unit = 16, addressMask = 0x3ffff;
  constexpr int64_t groupBytes = 8 * SwizzledLayout::rowBytes;
  constexpr int64_t leading = 1; // not used with a swizzle
  constexpr int64_t fields = (int64_t(1) << 62) /* 128 bytes */ |
                             (groupBytes / unit) << 32 | leading << 16;
  Value address = LLVM::PtrToIntOp::create(
      emit, emit.getI64Type(), inSpace(emit, tile, StateSpace::Shared));
  Value masked = arith::AndIOp::create(emit, address, emit.i64(addressMask));
  return arith::OrIOp::create(emit, emit.div(masked, unit), emit.i64(fields));
}

static Value multiply(Emit &emit, Value rows, Value others, int64_t columns,
                      Value sums) {
  auto shape = NVVM::MMAShapeAttr::get(emit.getContext(), warpgroupRows,
                                       columns, productDepth);
  return NVVM::WgmmaMmaAsyncOp::create(
      emit, sums.getType(), sums, rows, others, shape, NVVM::WGMMATypes::bf16,
      NVVM::WGMMATypes::bf16, NVVM::WGMMATypes::f32, NVVM::WGMMAScaleOut::one,
      NVVM::WGMMAScaleIn::one, NVVM::WGMMAScaleIn::one, NVVM::MMALayout::row,
      NVVM::MMALayout::col, NVVM::MMAIntOverflowAttr());
}

Value moec::beginWarpgroupProduct(Emit &emit, Value rows, Value others,
                                  int64_t columns, Value sums) {
  constexpr int64_t stepUnits =
      productDepth * 2 / 16; // bytes of bf16, of units
  Value a = describe(emit, rows), b = describe(emit, others);
  NVVM::WgmmaFenceAlignedOp::create(emit);
  for (int64_t i = 0; i < blockDepth / productDepth; ++i)
    sums = multiply(emit, emit.add(a, i * stepUnits),
                    emit.add(b, i * stepUnits), columns, sums);
  NVVM::WgmmaGroupSyncAlignedOp::create(emit);
  return sums;
}

void moec::awaitWarpgroupProducts(Emit &emit, int64_t newest) {
  NVVM::WgmmaWaitGroupSyncOp::create(emit, newest);
}
