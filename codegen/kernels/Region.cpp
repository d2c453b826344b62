//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Region.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

static LogicalResult checkType(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  if (tensor.getEncoding())
    return op->emitOpError("has a kernel for row-major tensors only, got ")
           << type;
  if (tensor.getRank() > 0 &&
      llvm::is_contained(tensor.getShape().drop_front(), ShapedType::kDynamic))
    return op->emitOpError("has a kernel for static rows only, got ") << type;
  return success();
}

/// Position of a result in the kernel's yield; -1 if it is not there.
static int64_t yieldIndex(Value result) {
  for (OpOperand &use : result.getUses())
    if (isa<exec::YieldOp>(use.getOwner()))
      return use.getOperandNumber();
  return -1;
}

LogicalResult moec::checkRowMajor(Operation *op) {
  for (Type type : op->getOperandTypes())
    if (failed(checkType(op, type)))
      return failure();
  for (Value result : op->getResults()) {
    if (yieldIndex(result) < 0)
      return op->emitOpError("has a result that its kernel does not yield");
    if (failed(checkType(op, result.getType())))
      return failure();
  }
  return success();
}

Value moec::pointerTo(Emit &emit, KernelArguments arguments, Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return arguments.pointer(emit, argument.getArgNumber());
  Block *block = value.getParentBlock();
  return arguments.pointer(emit, block->getNumArguments() + yieldIndex(value));
}

int64_t moec::rowLength(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape().back();
}

Matrix moec::matrixOf(Emit &emit, KernelArguments arguments, Value tensor) {
  Row all = rowOf(emit, arguments, tensor);
  return {all.base, all.element, rowLength(tensor)};
}

Row moec::rowOf(Emit &emit, KernelArguments arguments, Value vector) {
  auto type = cast<RankedTensorType>(vector.getType());
  return {pointerTo(emit, arguments, vector), type.getElementType()};
}

Value moec::loadIndex(Emit &emit, Value array, Value i) {
  Type i32 = emit.getI32Type();
  return emit.extend(emit.load(i32, emit.at(array, i32, i)));
}

void moec::storeIndex(Emit &emit, Value v, Value array, Value i) {
  emit.store(emit.truncate(v), emit.at(array, emit.getI32Type(), i));
}

int64_t moec::rowGrain(int64_t elements) {
  constexpr int64_t worthwhile = 8192; // elements; a few microseconds
  return std::max<int64_t>(1, worthwhile / std::max<int64_t>(1, elements));
}

void moec::forEachTask(Emit &emit, KernelArguments arguments,
                       llvm::function_ref<void(Value)> body) {
  emit.loop(arguments.begin, arguments.end, 1, body);
}
