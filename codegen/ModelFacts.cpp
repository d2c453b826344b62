//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/ModelFacts.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

namespace {
/// Facts that are spread over the operations of a step.
struct OperationFacts {
  int64_t hidden = 0;
  int64_t window = 0;
  int64_t experts = 0, expertsPerToken = 0;
};
} // namespace

static int64_t columns(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

static OperationFacts collectFacts(func::FuncOp step) {
  OperationFacts facts;
  bool seesAll = false;
  step.walk([&](Operation *op) {
    if (auto embed = dyn_cast<decoder::EmbedOp>(op))
      facts.hidden = columns(embed.getY());
    if (auto topK = dyn_cast<moe::TopKOp>(op)) {
      facts.experts = std::max(facts.experts, columns(topK.getLogits()));
      facts.expertsPerToken =
          std::max(facts.expertsPerToken, int64_t(topK.getK()));
    }
    auto attention = dyn_cast<decoder::AttentionOp>(op);
    if (!attention)
      return;
    seesAll |= !attention.getWindow();
    facts.window =
        std::max(facts.window, int64_t(attention.getWindow().value_or(0)));
  });
  if (seesAll)
    facts.window = 0;
  return facts;
}

static int64_t countParameters(ModuleOp module) {
  int64_t count = 0;
  for (auto parameter : module.getOps<moe::ParameterOp>())
    count += cast<ShapedType>(parameter.getType()).getNumElements();
  return count;
}

static void setDefaults(NamedAttrList &facts, Builder &builder) {
  if (!facts.get("architecture"))
    facts.set("architecture", builder.getStringAttr("custom"));
  if (!facts.get("bos"))
    facts.set("bos", builder.getI64IntegerAttr(-1));
  if (!facts.get("eos"))
    facts.set("eos", builder.getDenseI64ArrayAttr({}));
}

/// The logits that @top gives of a row; 0 if there is no @top.
static int64_t countTopLogits(ArrayRef<StepFunction> steps) {
  const StepFunction &last = steps.back();
  return last.entry == topFunctionName ? columns(last.results.front()) : 0;
}

LogicalResult moec::describeModel(ModuleOp module,
                                  ArrayRef<StepFunction> steps) {
  func::FuncOp step = steps.front().op;
  auto given = module->getAttrOfType<DictionaryAttr>(modelAttributeName);
  if (!given)
    return module.emitOpError("has no dictionary moe.model");
  OperationFacts facts = collectFacts(step);
  auto cache = cast<decoder::KVCacheType>(step.getResultTypes()[1]);
  auto logits = cast<RankedTensorType>(step.getResultTypes()[0]);
  Builder builder(module.getContext());
  NamedAttrList extended(given);
  auto set = [&](StringRef name, int64_t value) {
    extended.set(name, builder.getI64IntegerAttr(value));
  };
  set("vocabulary", logits.getDimSize(1));
  set("hidden", facts.hidden);
  set("layers", cache.getLayers());
  set("kv_heads", cache.getHeads());
  set("head_dim", cache.getHeadDim());
  extended.set("cache_type", TypeAttr::get(cache.getElement()));
  set("window", facts.window);
  set("experts", facts.experts);
  set("experts_per_token", facts.expertsPerToken);
  set("parameters", countParameters(module));
  set("top_logits", countTopLogits(steps));
  setDefaults(extended, builder);
  module->setAttr(modelAttributeName,
                  extended.getDictionary(module.getContext()));
  return success();
}
