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

/// tensor<?xNxelement>
static bool isRows(Type type, bool (*isElement)(Type)) {
  auto rows = dyn_cast<RankedTensorType>(type);
  return rows && rows.getRank() == 2 && rows.isDynamicDim(0) &&
         !rows.isDynamicDim(1) && isElement(rows.getElementType()) &&
         !rows.getEncoding();
}

static bool areRows(TypeRange types) {
  auto isF32 = [](Type element) { return element.isF32(); };
  auto isI32 = [](Type element) { return element.isInteger(32); };
  if (types.size() == 1)
    return isRows(types[0], isF32);
  return types.size() == 2 && isRows(types[0], isF32) &&
         isRows(types[1], isI32);
}

static StringRef entryOf(func::FuncOp op) {
  return op.getSymName().split('.').first;
}

/// Guards what lowering would crash on; moe-verify-program says it in full.
static LogicalResult checkSignature(func::FuncOp step) {
  FunctionType type = step.getFunctionType();
  size_t results = entryOf(step) == topFunctionName ? 3 : 2;
  bool matches = type.getNumInputs() == 4 && type.getNumResults() == results &&
                 isIndexList(type.getInput(0)) &&
                 isIndexList(type.getInput(1)) &&
                 isa<decoder::BatchType>(type.getInput(2)) &&
                 isa<decoder::KVCacheType>(type.getInput(3)) &&
                 areRows(type.getResults().drop_back()) &&
                 type.getResults().back() == type.getInput(3);
  if (!matches)
    return step.emitOpError("has the type ")
           << type
           << "; expected (tensor<?xi32>, tensor<?xi32>, !decoder.batch, "
              "!decoder.kv_cache<...>) -> ("
           << (results == 3 ? "tensor<?xkxf32>, tensor<?xkxi32>"
                            : "tensor<?xVxf32>")
           << ", the same cache)";
  if (!step.getBody().hasOneBlock())
    return step.emitOpError("has ")
           << step.getBody().getBlocks().size() << " blocks; expected one";
  return success();
}

static StepFunction describe(func::FuncOp op, int64_t maxTokens) {
  auto regime = op->getAttrOfType<StringAttr>(moe::regimeAttributeName);
  auto tokens = op->getAttrOfType<IntegerAttr>(moe::maxTokensAttributeName);
  Block &body = op.getBody().front();
  // Operations compute the results: no argument is of their types.
  auto results =
      llvm::to_vector<2>(body.getTerminator()->getOperands().drop_back());
  return {op,
          body.getArgument(0),
          body.getArgument(1),
          body.getArgument(2),
          results,
          StringAttr::get(op.getContext(), entryOf(op)),
          regime ? regime : StringAttr::get(op.getContext(), "any"),
          tokens ? tokens.getInt() : maxTokens};
}

FailureOr<SmallVector<StepFunction>>
moec::findStepFunctions(ModuleOp module, int64_t maxTokens) {
  SmallVector<StepFunction> steps, tops;
  for (auto op : module.getOps<func::FuncOp>()) {
    bool isEntry = op.getSymName() == stepFunctionName ||
                   op.getSymName() == topFunctionName ||
                   op->hasAttr(moe::regimeAttributeName);
    if (!isEntry)
      continue;
    if (failed(checkSignature(op)))
      return failure();
    bool isTop = entryOf(op) == topFunctionName;
    (isTop ? tops : steps).push_back(describe(op, maxTokens));
  }
  if (steps.empty())
    return module.emitOpError("has no function @step");
  llvm::append_range(steps, tops);
  return steps;
}
