//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/StepFunction.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

using namespace mlir;
using namespace moec;

/// tensor<?xi32>
static bool isIndexList(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 1 && tensor.isDynamicDim(0) &&
         tensor.getElementType().isInteger(32) && !tensor.getEncoding();
}

/// tensor<?xVxf32>
static bool isLogits(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 2 && tensor.isDynamicDim(0) &&
         !tensor.isDynamicDim(1) && tensor.getElementType().isF32() &&
         !tensor.getEncoding();
}

/// Guards what lowering would crash on; moe-verify-program says it in full.
static LogicalResult checkSignature(func::FuncOp step) {
  FunctionType type = step.getFunctionType();
  bool matches =
      type.getNumInputs() == 4 && type.getNumResults() == 2 &&
      isIndexList(type.getInput(0)) && isIndexList(type.getInput(1)) &&
      isa<decoder::BatchType>(type.getInput(2)) &&
      isa<decoder::KVCacheType>(type.getInput(3)) &&
      isLogits(type.getResult(0)) && type.getResult(1) == type.getInput(3);
  if (!matches)
    return step.emitOpError("has the type ")
           << type
           << "; expected (tensor<?xi32>, tensor<?xi32>, !decoder.batch, "
              "!decoder.kv_cache<...>) -> (tensor<?xVxf32>, the same cache)";
  if (!step.getBody().hasOneBlock())
    return step.emitOpError("has ")
           << step.getBody().getBlocks().size() << " blocks; expected one";
  return success();
}

static StepFunction describe(func::FuncOp op, int64_t maxTokens) {
  auto regime = op->getAttrOfType<StringAttr>(moe::regimeAttributeName);
  auto tokens = op->getAttrOfType<IntegerAttr>(moe::maxTokensAttributeName);
  Block &body = op.getBody().front();
  // An operation computes the logits: no argument is of their type.
  return {op,
          body.getArgument(0),
          body.getArgument(1),
          body.getArgument(2),
          body.getTerminator()->getOperand(0),
          regime ? regime : StringAttr::get(op.getContext(), "any"),
          tokens ? tokens.getInt() : maxTokens};
}

FailureOr<SmallVector<StepFunction>>
moec::findStepFunctions(ModuleOp module, int64_t maxTokens) {
  SmallVector<StepFunction> steps;
  for (auto op : module.getOps<func::FuncOp>()) {
    if (op.getSymName() != stepFunctionName &&
        !op->hasAttr(moe::regimeAttributeName))
      continue;
    if (failed(checkSignature(op)))
      return failure();
    steps.push_back(describe(op, maxTokens));
  }
  if (steps.empty())
    return module.emitOpError("has no function @step");
  return steps;
}
