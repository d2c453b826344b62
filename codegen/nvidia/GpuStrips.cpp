//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuStrips.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/TypeUtilities.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

/// Of the widest access of a thread.
static constexpr int64_t accessBytes = 16;

Row moec::rowOf(const GpuArguments &arguments, Value vector) {
  return {arguments.pointerTo(vector), getElementTypeOrSelf(vector.getType())};
}

Matrix moec::matrixOf(const GpuArguments &arguments, Value tensor) {
  Row all = rowOf(arguments, tensor);
  return {all.base, all.element, rowLength(tensor)};
}

static int64_t bytesOf(Type type) {
  int64_t lanes = 1;
  if (auto vector = dyn_cast<VectorType>(type))
    lanes = vector.getNumElements();
  return lanes * getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8;
}

int64_t moec::accessLanes(ArrayRef<Type> elements, int64_t width) {
  int64_t largest = 1;
  for (Type element : elements)
    largest = std::max(largest, bytesOf(element));
  int64_t lanes = accessBytes / largest;
  while (width % lanes)
    lanes /= 2;
  return lanes;
}

Value moec::loadAligned(Emit &emit, Type type, Value address) {
  return LLVM::LoadOp::create(emit, type, address, bytesOf(type));
}

void moec::storeAligned(Emit &emit, Value v, Value address) {
  LLVM::StoreOp::create(emit, v, address, bytesOf(v.getType()));
}

Value moec::loadWhole(Emit &emit, Row row, Value index, int64_t lanes) {
  return emit.widen(loadAligned(emit, stripType(emit, row.element, lanes),
                                row.address(emit, index)));
}

void moec::storeWhole(Emit &emit, Value v, Row row, Value index) {
  storeAligned(emit, emit.round(v, row.element), row.address(emit, index));
}

void moec::forEachBlockStrip(Emit &emit, int64_t width, int64_t lanes,
                             int64_t threads,
                             llvm::function_ref<void(Value)> body) {
  emit.loop(emit.mul(threadIndex(emit), lanes), emit.i64(width),
            threads * lanes, body);
}
