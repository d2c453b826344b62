//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/ProgramBuffers.h"

#include "codegen/RowExtents.h"
#include "dialects/Decoder/Decoder.h"

using namespace mlir;
using namespace moec;
using exec::ExtentAttr;

moe::ReadParameterOp moec::findWeight(Value value) {
  if (auto pack = value.getDefiningOp<exec::PackOp>())
    value = pack.getSource();
  return value.getDefiningOp<moe::ReadParameterOp>();
}

/// The layer whose cache an operation, or one of its group, reads or writes.
static int64_t layerOf(Operation *op) {
  if (auto group = dyn_cast<exec::GroupOp>(op))
    for (Operation &member : group.getBody().front())
      if (isa<decoder::AppendKVOp, decoder::AttentionOp>(member))
        return layerOf(&member);
  if (auto append = dyn_cast<decoder::AppendKVOp>(op))
    return append.getLayer();
  return cast<decoder::AttentionOp>(op).getLayer();
}

/// What one row of a buffer holds: of `tensor<?x48xf32>`, `tensor<48xf32>`, and
/// with the padding of K that the layout asks for.
static Type rowType(RankedTensorType type) {
  if (type.getRank() == 1)
    return type.getElementType();
  SmallVector<int64_t> shape(type.getShape().drop_front());
  if (auto blocks =
          dyn_cast_if_present<exec::RowBlocksAttr>(type.getEncoding()))
    shape.back() = llvm::alignTo(shape.back(), blocks.getDepth());
  return RankedTensorType::get(shape, type.getElementType());
}

Value ProgramBuffers::read(Value value, Operation *user) {
  if (isa<decoder::KVCacheType>(value.getType()))
    return cacheOf(user);
  Value &buffer = buffers[value];
  if (buffer)
    return buffer;
  if (moe::ReadParameterOp parameter = findWeight(value))
    return buffer = makeWeight(value, parameter);
  return buffer = makeInput(value);
}

Value ProgramBuffers::write(OpResult result, ExtentAttr rows) {
  Operation *op = result.getOwner();
  if (isa<decoder::KVCacheType>(result.getType()))
    return cacheOf(op);
  Value &buffer = buffers[result];
  if (llvm::is_contained(step.results, result))
    return buffer = makeResult(result);
  if (auto plan = dyn_cast<moe::PlanType>(result.getType()))
    // Offsets [E + 1], slot of each row [T k], row of each slot [T k].
    return buffer = exec::AllocOp::create(
               program, op->getLoc(), bufferType,
               scaled(rows, 2 * plan.getChoices(), plan.getExperts() + 1),
               program.getI32Type(), IntegerAttr());
  return buffer = exec::AllocOp::create(
             program, op->getLoc(), bufferType, rows,
             rowType(cast<RankedTensorType>(result.getType())), IntegerAttr());
}

Value ProgramBuffers::makeResult(OpResult result) {
  Location location = result.getOwner()->getLoc();
  if (step.results.size() == 1)
    return exec::LogitsOp::create(program, location, bufferType);
  exec::Top kind =
      result == step.results[0] ? exec::Top::Logits : exec::Top::Tokens;
  return exec::TopOp::create(program, location, bufferType, kind);
}

Value ProgramBuffers::makeInput(Value argument) {
  exec::Input kind = argument == step.tokens ? exec::Input::Tokens
                     : argument == step.rows ? exec::Input::Rows
                                             : exec::Input::Batch;
  return exec::InputOp::create(program, step.op.getLoc(), bufferType, kind);
}

Value ProgramBuffers::cacheOf(Operation *user) {
  int64_t layer = layerOf(user);
  Value &cache = caches[layer];
  if (!cache)
    cache = exec::CacheOp::create(program, user->getLoc(), bufferType, layer);
  return cache;
}

exec::TensorOp StoredTensors::get(Value value, moe::ReadParameterOp read) {
  exec::TensorOp &tensor = tensors[{read.getParameterAttr(), value.getType()}];
  if (tensor)
    return tensor;
  bool packed = bool(cast<RankedTensorType>(value.getType()).getEncoding());
  OpBuilder beforeStep(first.op);
  tensor = exec::TensorOp::create(
      beforeStep, read.getLoc(),
      beforeStep.getStringAttr(read.getParameter() +
                               (packed ? ".panels" : ".row_major")),
      read.getParameterAttr(), TypeAttr::get(value.getType()));
  // The table renames the tensor if a parameter has its name.
  symbols.insert(tensor);
  return tensor;
}

Value ProgramBuffers::makeWeight(Value value, moe::ReadParameterOp read) {
  exec::TensorOp tensor = tensors.get(value, read);
  Value &weight = weights[tensor];
  if (!weight)
    weight = exec::WeightOp::create(program, read.getLoc(), bufferType,
                                    tensor.getSymName());
  return weight;
}
