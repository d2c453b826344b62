//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Decoder/Decoder.h"

#include "dialects/DimensionChecker.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;
using namespace moec::decoder;

#define GET_OP_CLASSES
#include "dialects/Decoder/Decoder.cpp.inc"

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

LogicalResult EmbedOp::verify() {
  // embed_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("tokens", getTokens().getType(), {"T"})) ||
      failed(dimensions.check("table", getTable().getType(), {"V", "H"})))
    return failure();
  return dimensions.check("y", getY().getType(), {"T", "H"});
}

LogicalResult SelectRowsOp::verify() {
  // select_rows_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("x", getX().getType(), {"T", "H"})) ||
      failed(dimensions.check("rows", getRows().getType(), {"R"})))
    return failure();
  return dimensions.check("y", getY().getType(), {"R", "H"});
}

LogicalResult RMSNormOp::verify() {
  // rms_norm_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("x", getX().getType(), {"T", "H"})) ||
      failed(dimensions.check("weight", getWeight().getType(), {"H"})) ||
      failed(dimensions.check("y", getY().getType(), {"T", "H"})))
    return failure();

  // rms_norm_c2
  const APFloat &epsilon = getEpsilon();
  if (!epsilon.isFinite() || (epsilon.isNegative() && !epsilon.isZero()))
    return emitOpError("expected a finite, non-negative epsilon, but got ")
           << getEpsilonAttr();
  return success();
}

//===----------------------------------------------------------------------===//
// Multi-layer perceptron
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::verify() {
  // linear_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("x", getX().getType(), {"T", "K"})) ||
      failed(dimensions.check("weight", getWeight().getType(), {"N", "K"})) ||
      failed(dimensions.check("y", getY().getType(), {"T", "N"})))
    return failure();

  // linear_c2
  return verifyProductElements(*this, getX(), getWeight());
}

LogicalResult SwigluOp::verify() {
  // swiglu_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("gate", getGate().getType(), {"T", "I"})))
    return failure();
  return dimensions.check("y", getY().getType(), {"T", "I"});
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult RopeOp::verify() {
  // rope_c2
  int64_t headDim = getHeadDim();
  if (headDim <= 0 || headDim % 2 != 0)
    return emitOpError("expected an even, positive head_dim, but got ")
           << headDim;

  // rope_c1
  int64_t columns = getX().getType().getShape()[1];
  if (ShapedType::isDynamic(columns) || columns % headDim != 0)
    return emitOpError("expected x [T, heads * head_dim] with a multiple of ")
           << headDim << " columns, but got " << getX().getType();

  // rope_c3
  const APFloat &theta = getTheta();
  if (!theta.isFinite() || theta.isNegative() || theta.isZero())
    return emitOpError("expected a finite, positive theta, but got ")
           << getThetaAttr();
  return success();
}

/// Constraint C2 of the operations that name a layer.
static LogicalResult verifyLayer(Operation *op, int64_t layer,
                                 KVCacheType cache) {
  if (layer >= 0 && layer < cache.getLayers())
    return success();
  return op->emitOpError("expected a layer from 0 to ")
         << cache.getLayers() - 1 << ", but got " << layer;
}

LogicalResult AppendKVOp::verify() {
  // append_kv_c1
  KVCacheType cache = getCache().getType();
  DimensionChecker dimensions(*this);
  dimensions.define("heads * head_dim", cache.getHeads() * cache.getHeadDim(),
                    "the cache");
  if (failed(dimensions.check("keys", getKeys().getType(),
                              {"T", "heads * head_dim"})))
    return failure();

  // append_kv_c2
  return verifyLayer(*this, getLayer(), cache);
}

void AppendKVOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getUpdated(), "cache");
}

LogicalResult AttentionOp::verify() {
  // attention_c1
  KVCacheType cache = getCache().getType();
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("queries", getQueries().getType(),
                              {"T", "query heads * head_dim"})) ||
      failed(dimensions.check("y", getY().getType(),
                              {"T", "query heads * head_dim"})))
    return failure();
  int64_t columns = dimensions["query heads * head_dim"];
  int64_t cached = cache.getHeads() * cache.getHeadDim();
  if (ShapedType::isDynamic(columns) || columns == 0 || columns % cached != 0)
    return emitOpError("expected queries with a multiple of ")
           << cached << " columns, the cache's heads times head_dim, but got "
           << getQueries().getType();

  // attention_c2
  if (failed(verifyLayer(*this, getLayer(), cache)))
    return failure();

  // attention_c3
  if (getWindow() && static_cast<int64_t>(*getWindow()) <= 0)
    return emitOpError("expected a positive window, but got ")
           << static_cast<int64_t>(*getWindow());

  // attention_c4
  if (!getScale().isFinite())
    return emitOpError("expected a finite scale, but got ") << getScaleAttr();
  return success();
}

//===----------------------------------------------------------------------===//
// The best logits
//===----------------------------------------------------------------------===//

/// Checks that `k` of `columns` candidates can be kept.
static LogicalResult verifyChoice(Operation *op, int64_t k, int64_t columns) {
  if (ShapedType::isDynamic(columns))
    return op->emitOpError("expected a static number of logits, but got ")
           << op->getOperand(0).getType();
  if (k > 0 && k <= columns)
    return success();
  return op->emitOpError("expected k from 1 to ")
         << columns << ", the number of logits, but got " << k;
}

LogicalResult PartTopOp::verify() {
  // part_top_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("logits", getLogits().getType(), {"R", "V"})) ||
      failed(verifyChoice(*this, getK(), dimensions["V"])))
    return failure();
  int64_t part = getPart();
  if (part <= 0)
    return emitOpError("expected a positive part, but got ") << part;

  // part_top_c2
  int64_t parts = llvm::divideCeil(dimensions["V"], part);
  dimensions.define("parts * k", parts * static_cast<int64_t>(getK()),
                    "logits with part and k");
  if (failed(dimensions.check("top", getTop().getType(), {"R", "parts * k"})))
    return failure();
  return dimensions.check("tokens", getTokens().getType(), {"R", "parts * k"});
}

void PartTopOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getTop(), "top");
  setName(getTokens(), "tokens");
}

LogicalResult MergeTopOp::verify() {
  // merge_top_c1
  DimensionChecker dimensions(*this);
  if (failed(dimensions.check("logits", getLogits().getType(), {"R", "C"})) ||
      failed(verifyChoice(*this, getK(), dimensions["C"])) ||
      failed(dimensions.check("candidates", getCandidates().getType(),
                              {"R", "C"})))
    return failure();

  // merge_top_c2
  dimensions.define("k", getK(), "the attribute k");
  if (failed(dimensions.check("top", getTop().getType(), {"R", "k"})))
    return failure();
  return dimensions.check("tokens", getTokens().getType(), {"R", "k"});
}

void MergeTopOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getTop(), "top");
  setName(getTokens(), "tokens");
}
