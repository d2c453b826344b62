//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/MoE/MoE.h"

#include "dialects/DimensionChecker.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;
using namespace moec::moe;

#define GET_OP_CLASSES
#include "dialects/MoE/MoE.cpp.inc"

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// Far beyond any model, and far from overflow.
static constexpr int64_t largestParameterBytes = int64_t(1) << 62;

/// The tensor's size in bytes, or none if it is larger than a parameter may be.
static std::optional<int64_t> countBytes(RankedTensorType type) {
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (int64_t size : type.getShape())
    if (llvm::MulOverflow(bytes, size, bytes) || bytes > largestParameterBytes)
      return std::nullopt;
  return bytes;
}

LogicalResult ParameterOp::verify() {
  // parameter_c1
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape() || type.getEncoding() ||
      llvm::is_contained(type.getShape(), 0))
    return emitOpError("expected a ranked, static tensor type without encoding "
                       "and without a size of zero, but got ")
           << getType();
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return emitOpError("expected elements of f32, f16 or bf16, but got ")
           << element;
  std::optional<int64_t> bytes = countBytes(type);
  if (!bytes)
    return emitOpError("expected at most ")
           << largestParameterBytes << " bytes, but got more in " << type;
  if (!getSource())
    return success();

  // parameter_c2
  int64_t length = 0;
  for (auto range : getSourceAttr().getAsRange<BytesAttr>())
    if (llvm::AddOverflow(length, range.getLength(), length))
      return emitOpError("expected a source of ")
             << *bytes << " bytes, but its lengths overflow";
  if (length != *bytes)
    return emitOpError("expected a source of ")
           << *bytes << " bytes for " << type << ", but got " << length;
  return success();
}

LogicalResult
ReadParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // read_parameter_c1
  auto parameter =
      symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  if (!parameter)
    return emitOpError("expected a moe.parameter, but got ")
           << getParameterAttr();
  if (parameter.getType() != getValue().getType())
    return emitOpError("expected ")
           << parameter.getType() << ", the type of " << getParameterAttr()
           << ", but got " << getValue().getType();
  return success();
}

void ReadParameterOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getValue(), getParameter());
}

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

LogicalResult RouterOp::verify() {
  // router_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("x", getX().getType(), {"T", "H"})) ||
      failed(dimensions.check("weight", getWeight().getType(), {"E", "H"})) ||
      failed(dimensions.check("logits", getLogits().getType(), {"T", "E"})))
    return failure();
  if (getBias() && failed(dimensions.check("bias", getBias().getType(), {"E"})))
    return failure();

  // router_c2
  return verifyProductElements(*this, getX(), getWeight());
}

void RouterOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getLogits(), "logits");
}

/// Groups of experts, of which the best can be chosen.
static LogicalResult verifyGroups(TopKOp op, int64_t experts) {
  if (op.getGroups().has_value() != op.getChosenGroups().has_value())
    return op.emitOpError("expected groups and chosen_groups together, but got "
                          "only ")
           << (op.getGroups() ? "groups" : "chosen_groups");
  if (!op.getGroups())
    return success();

  int64_t groups = *op.getGroups(), chosen = *op.getChosenGroups();
  if (groups <= 0 || experts % groups != 0)
    return op.emitOpError("expected groups to divide ")
           << experts << " experts, but got " << groups;
  if (chosen <= 0 || chosen > groups)
    return op.emitOpError("expected 1 to ")
           << groups << " chosen_groups, but got " << chosen;
  int64_t candidates = experts / groups * chosen;
  if (candidates < static_cast<int64_t>(op.getK()))
    return op.emitOpError("expected at least ")
           << op.getK() << " experts in the chosen groups, but got "
           << candidates;
  return success();
}

LogicalResult TopKOp::verify() {
  int64_t k = getK();
  DimensionChecker dimensions(*this);

  // top_k_c1
  if (failed(dimensions.check("logits", getLogits().getType(), {"T", "E"})))
    return failure();
  int64_t experts = dimensions["E"];
  if (ShapedType::isDynamic(experts))
    return emitOpError("expected a static number of experts, but got ")
           << getLogits().getType();
  if (k > experts)
    return emitOpError("expected k of at most ")
           << experts << ", the number of experts, but got " << k;

  // top_k_c2
  dimensions.define("k", k, "the attribute k");
  if (failed(dimensions.check("experts", getExperts().getType(), {"T", "k"})) ||
      failed(dimensions.check("weights", getWeights().getType(), {"T", "k"})))
    return failure();

  // top_k_c3
  if (getBias() && failed(dimensions.check("bias", getBias().getType(), {"E"})))
    return failure();

  // top_k_c4
  return verifyGroups(*this, experts);
}

void TopKOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getExperts(), "experts");
  setName(getWeights(), "weights");
}

LogicalResult DispatchOp::verify() {
  // dispatch_c1
  DimensionChecker dimensions(*this);
  dimensions.define("k", getPlan().getType().getChoices(), "the plan");
  return dimensions.check("experts", getExperts().getType(), {"T", "k"});
}

void DispatchOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getPlan(), "plan");
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

LogicalResult PermuteOp::verify() {
  // permute_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("x", getX().getType(), {"T", "H"})))
    return failure();
  int64_t choices = getPlan().getType().getChoices();
  dimensions.define("T * k", scaledSize(dimensions["T"], choices),
                    "x with the plan");
  if (failed(dimensions.check("rows", getRows().getType(), {"T * k", "H"})))
    return failure();
  Type expected = getX().getType().getElementType();
  Type actual = getRows().getType().getElementType();
  if (actual != expected)
    return emitOpError("expected rows of ")
           << expected << ", as x is, but got " << actual;
  return success();
}

LogicalResult GroupedLinearOp::verify() {
  // grouped_linear_c1
  DimensionChecker dimensions(*this);
  dimensions.define("E", getPlan().getType().getExperts(), "the plan");
  if (failed(dimensions.check("x", getX().getType(), {"T * k", "K"})) ||
      failed(
          dimensions.check("weight", getWeight().getType(), {"E", "N", "K"})) ||
      failed(dimensions.check("y", getY().getType(), {"T * k", "N"})))
    return failure();
  if (getBias() &&
      failed(dimensions.check("bias", getBias().getType(), {"E", "N"})))
    return failure();
  int64_t rows = dimensions["T * k"];
  int64_t choices = getPlan().getType().getChoices();
  if (!ShapedType::isDynamic(rows) && rows % choices != 0)
    return emitOpError("expected a multiple of ")
           << choices << " rows, the plan's choices, but got " << rows;

  // grouped_linear_c2
  return verifyProductElements(*this, getX(), getWeight());
}

LogicalResult CombineOp::verify() {
  // combine_c1
  int64_t choices = getPlan().getType().getChoices();
  DimensionChecker dimensions(*this);
  dimensions.define("k", choices, "the plan");
  if (failed(dimensions.check("weights", getWeights().getType(), {"T", "k"})))
    return failure();
  dimensions.define("T * k", scaledSize(dimensions["T"], choices),
                    "weights [T, k]");
  if (failed(dimensions.check("rows", getRows().getType(), {"T * k", "H"})))
    return failure();
  return dimensions.check("y", getY().getType(), {"T", "H"});
}
