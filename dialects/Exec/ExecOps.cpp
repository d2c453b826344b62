//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Exec/Exec.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace moec;
using namespace moec::exec;

#define GET_OP_CLASSES
#include "dialects/Exec/Exec.cpp.inc"

/// Offsets in the arena are multiples of this, as kernels load whole lines.
static constexpr int64_t bufferAlignment = 64;

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

static LogicalResult verifyPackedShape(PackOp op, RankedTensorType packed) {
  if (isa<RowBlocksAttr>(packed.getEncoding())) {
    if (packed.getRank() == 2 && !packed.isDynamicDim(1))
      return success();
    return op.emitOpError("expected a matrix [T, K] with static K for "
                          "row_blocks, but got ")
           << packed;
  }
  if (packed.hasStaticShape() &&
      (packed.getRank() == 2 || packed.getRank() == 3))
    return success();
  return op.emitOpError("expected a static [N, K] or [E, N, K] for panels, but "
                        "got ")
         << packed;
}

LogicalResult PackOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto packed = cast<RankedTensorType>(getPacked().getType());
  Attribute layout = packed.getEncoding();

  // pack_c1
  if (source.getEncoding())
    return emitOpError("expected a source without encoding, but got ")
           << source;
  if (source.getShape() != packed.getShape() ||
      source.getElementType() != packed.getElementType())
    return emitOpError("expected a result of the shape and element type of ")
           << source << ", but got " << packed;
  if (!isa_and_nonnull<RowBlocksAttr, PanelsAttr>(layout))
    return emitOpError("expected a result in row_blocks or panels, but got ")
           << packed;

  // pack_c2
  if (getPlan() && !isa<moe::PlanType>(getPlan().getType()))
    return emitOpError("expected a plan of type '!moe.plan', but got ")
           << getPlan().getType();
  if (getPlan() && !isa<RowBlocksAttr>(layout))
    return emitOpError("expected row_blocks for rows that a plan groups, but "
                       "got ")
           << layout;

  // pack_c3
  return verifyPackedShape(*this, packed);
}

//===----------------------------------------------------------------------===//
// Fusion
//===----------------------------------------------------------------------===//

static LogicalResult verifyGroupBody(GroupOp group, Block &body) {
  if (group.getName().empty())
    return group.emitOpError("expected the name of a fusion, but got none");
  if (body.without_terminator().empty())
    return group.emitOpError(
        "expected an operation besides exec.yield, but got none");
  for (Operation &op : body.without_terminator()) {
    bool known =
        isa_and_nonnull<moe::MoEDialect, decoder::DecoderDialect, ExecDialect>(
            op.getDialect());
    if (!known || isa<GroupOp>(op))
      return op.emitOpError("expected operations of moe, decoder and exec "
                            "other than exec.group in an exec.group");
  }
  return success();
}

LogicalResult GroupOp::verify() {
  // group_c1
  Block &body = getBody().front();
  if (failed(verifyGroupBody(*this, body)))
    return failure();

  // group_c2
  Operation *yield = body.getTerminator();
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expected arguments of the types of its operands, (")
           << getInputs().getTypes() << "), but got ("
           << body.getArgumentTypes() << ")";
  if (yield->getOperandTypes() != getOutputs().getTypes())
    return emitOpError("expected to yield the types of its results, (")
           << getOutputs().getTypes() << "), but got ("
           << yield->getOperandTypes() << ")";

  // group_c3
  for (Value value : yield->getOperands())
    if (!value.getDefiningOp())
      return emitOpError("expected to yield results of its operations, but got "
                         "an argument");
  return success();
}

//===----------------------------------------------------------------------===//
// Symbols of a module
//===----------------------------------------------------------------------===//

LogicalResult TensorOp::verify() {
  // tensor_c2
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type)
    return emitOpError("expected a ranked tensor type, but got ") << getType();
  if (type.getEncoding() && !isa<PanelsAttr>(type.getEncoding()))
    return emitOpError("expected row-major order or panels, but got ")
           << type.getEncoding();
  return success();
}

LogicalResult TensorOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // tensor_c1
  auto parameter = symbols.lookupNearestSymbolFrom<moe::ParameterOp>(
      *this, getParameterAttr());
  if (!parameter)
    return emitOpError("expected a moe.parameter, but got ")
           << getParameterAttr();
  Type plain = cast<RankedTensorType>(getType()).dropEncoding();
  if (plain != parameter.getType())
    return emitOpError("expected ")
           << parameter.getType() << ", the type of " << getParameterAttr()
           << ", but got " << plain;
  return success();
}

static LogicalResult verifyKernelType(KernelOp op, Type type) {
  auto cache = dyn_cast<decoder::KVCacheType>(type);
  if (cache && cache.getLayers() != 1)
    return op.emitOpError("expected a cache of one layer, but got ") << type;
  if (cache || isa<RankedTensorType, decoder::BatchType, moe::PlanType>(type))
    return success();
  return op.emitOpError("expected arguments and results that are tensors, "
                        "batches, caches or plans, but got ")
         << type;
}

static LogicalResult verifyTensorMap(KernelOp kernel, TensorMapAttr map) {
  constexpr int64_t alignment = 16; // of rows in bytes
  auto arguments = kernel.getBody().front().getArgumentTypes();
  if (map.getOperand() >= static_cast<int64_t>(arguments.size()))
    return kernel.emitOpError("expected tensor maps of ")
           << arguments.size() << " arguments, but got one of argument "
           << map.getOperand();
  auto tensor = dyn_cast<RankedTensorType>(arguments[map.getOperand()]);
  if (!tensor || !tensor.hasStaticShape() || tensor.getRank() < 2 ||
      tensor.getShape().back() * tensor.getElementTypeBitWidth() / 8 %
              alignment !=
          0)
    return kernel.emitOpError("expected tensor maps of matrices whose rows are "
                              "multiples of 16 bytes, but argument ")
           << map.getOperand() << " is " << arguments[map.getOperand()];
  return success();
}

static LogicalResult verifyLibrary(KernelOp kernel, LibraryProductAttr call) {
  Block &body = kernel.getBody().front();
  if (kernel.getBlockAttr() || body.getTerminator()->getNumOperands() != 1)
    return kernel.emitOpError("expected no block and one result of a kernel "
                              "that a library computes");
  auto arguments = body.getArgumentTypes();
  for (int64_t index : {call.getRows(), call.getWeight(), call.getResidual()}) {
    if (index < 0)
      continue; // no residual
    if (index >= static_cast<int64_t>(arguments.size()))
      return kernel.emitOpError("expected the library to read ")
             << arguments.size() << " arguments, but got argument " << index;
    auto tensor = dyn_cast<RankedTensorType>(arguments[index]);
    if (!tensor || tensor.getRank() != 2 || tensor.getEncoding())
      return kernel.emitOpError("expected the library to read row-major "
                                "matrices, but argument ")
             << index << " is " << arguments[index];
  }
  return success();
}

LogicalResult KernelOp::verify() {
  // kernel_c1
  Block &body = getBody().front();
  if (body.without_terminator().empty())
    return emitOpError(
        "expected an operation besides exec.yield, but got none");

  // kernel_c2
  for (Type type : body.getArgumentTypes())
    if (failed(verifyKernelType(*this, type)))
      return failure();
  for (Type type : body.getTerminator()->getOperandTypes())
    if (failed(verifyKernelType(*this, type)))
      return failure();

  // kernel_c3
  if (getLayouts() && !getBlockAttr())
    return emitOpError("expected a block that has the layouts, but got none");
  if (ArrayAttr layouts = getLayoutsAttr())
    for (auto layout : layouts.getAsRange<SharedLayoutAttr>())
      if (layout.end() > getBlockAttr().getShared())
        return emitOpError("expected layouts in ")
               << getBlockAttr().getShared() << " bytes, but '"
               << layout.getName() << "' ends at " << layout.end();

  // kernel_c4
  if (ArrayAttr maps = getTensorMapsAttr())
    for (auto map : maps.getAsRange<TensorMapAttr>())
      if (failed(verifyTensorMap(*this, map)))
        return failure();

  // kernel_c5
  if (LibraryProductAttr call = getLibraryAttr())
    return verifyLibrary(*this, call);
  return success();
}

LogicalResult ProgramOp::verify() {
  // program_c2
  if (getArenaBytes() && static_cast<int64_t>(*getArenaBytes()) < 0)
    return emitOpError("expected an arena of at least 0 bytes, but got ")
           << static_cast<int64_t>(*getArenaBytes());

  // program_c3
  for (Operation &op : getBody().front())
    if (!isa<AllocOp, WeightOp, InputOp, CacheOp, LogitsOp, TopOp, LaunchOp>(
            op))
      return op.emitOpError("expected buffers and launches in an exec.program");
  return success();
}

//===----------------------------------------------------------------------===//
// Operands of launches
//===----------------------------------------------------------------------===//

int64_t AllocOp::getRowBytes() {
  if (auto tensor = dyn_cast<RankedTensorType>(getRow()))
    return tensor.getNumElements() * tensor.getElementTypeBitWidth() / 8;
  return getRow().getIntOrFloatBitWidth() / 8;
}

LogicalResult AllocOp::verify() {
  // alloc_c1
  auto tensor = dyn_cast<RankedTensorType>(getRow());
  Type element = tensor ? tensor.getElementType() : getRow();
  bool isStatic = !tensor || tensor.hasStaticShape();
  if (!isStatic || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() % 8 != 0)
    return emitOpError("expected a row that is a static tensor or a scalar of "
                       "whole bytes, but got ")
           << getRow();

  // alloc_c2
  if (!getOffset())
    return success();
  int64_t offset = *getOffset();
  if (offset < 0 || offset % bufferAlignment != 0)
    return emitOpError("expected an offset that is a multiple of ")
           << bufferAlignment << ", but got " << offset;
  return success();
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // weight_c1
  if (symbols.lookupNearestSymbolFrom<TensorOp>(*this, getTensorAttr()))
    return success();
  return emitOpError("expected an exec.tensor, but got ") << getTensorAttr();
}

void WeightOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getBuffer(), getTensor());
}

void InputOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getBuffer(), stringifyInput(getKind()));
}

void CacheOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getBuffer(), "cache");
}

void LogitsOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getBuffer(), "logits");
}

void TopOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getBuffer(), stringifyTop(getKind()));
}
