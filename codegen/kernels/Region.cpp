//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Region.h"

#include "runtime/abi/Kernel.h"

#include "llvm/Support/MathExtras.h"

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

LogicalResult moec::checkRowMajorTypes(Operation *op) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  for (Type type : types)
    if (failed(checkType(op, type)))
      return failure();
  return success();
}

LogicalResult moec::checkRowMajor(Operation *op) {
  for (Value result : op->getResults())
    if (!isYielded(result))
      return op->emitOpError("has a result that its kernel does not yield");
  return checkRowMajorTypes(op);
}

bool moec::isYielded(Value value) { return yieldIndex(value) >= 0; }

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

int64_t ScratchAreas::take(int64_t bytes) {
  int64_t offset = used;
  used = llvm::alignTo(used + bytes, MOERT_ALIGNMENT);
  return offset;
}

Row moec::scratchArea(Emit &emit, KernelArguments arguments, int64_t offset,
                      Type element) {
  return {emit.at(arguments.scratch, emit.getI8Type(), emit.i64(offset)),
          element};
}
