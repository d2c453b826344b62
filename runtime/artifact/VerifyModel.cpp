//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Verify.h"

using namespace moert;

/// A number that must be from `least` to `most`.
static bool verifyRange(const Report &report, const char *field, uint64_t value,
                        uint64_t least, uint64_t most) {
  if (value >= least && value <= most)
    return true;
  return report.damaged("model: ", field, " is ", value, ", but must be from ",
                        least, " to ", most);
}

static bool verifyExperts(const Report &report, const format::Model &model) {
  if (!verifyRange(report, "experts", model.experts(), 0, Limits::layers))
    return false;
  if (model.experts() == 0)
    return verifyRange(report, "experts per token of a dense model",
                       model.experts_per_token(), 0, 0);
  return verifyRange(report, "experts per token", model.experts_per_token(), 1,
                     model.experts());
}

/// Tokens that begin and end a text.
static bool verifySpecialTokens(const Report &report,
                                const format::Model &model) {
  int64_t vocabulary = model.vocabulary();
  if (model.bos() < -1 || model.bos() >= vocabulary)
    return report.damaged("model: bos token ", model.bos(),
                          " is not in the vocabulary of ", vocabulary);
  if (!model.eos())
    return true;
  for (int64_t token : *model.eos())
    if (token < 0 || token >= vocabulary)
      return report.damaged("model: eos token ", token,
                            " is not in the vocabulary of ", vocabulary);
  return true;
}

bool moert::verifyModel(const Report &report, const format::Model &model) {
  if (!isPrintable(*model.architecture()))
    return report.damaged("model: architecture is not a printable text");
  if (!isEnum(model.cache_type()))
    return report.damaged(
        "model: cache type is ", static_cast<uint32_t>(model.cache_type()),
        ", but the largest is ", static_cast<uint32_t>(format::DataType::MAX));
  if (model.head_dim() % 2 != 0)
    return report.damaged("model: head dimension ", model.head_dim(),
                          " is odd");
  return verifyRange(report, "vocabulary", model.vocabulary(), 1,
                     Limits::dimension) &&
         verifyRange(report, "hidden size", model.hidden(), 1,
                     Limits::dimension) &&
         verifyRange(report, "layers", model.layers(), 1, Limits::layers) &&
         verifyRange(report, "key and value heads", model.kv_heads(), 1,
                     Limits::layers) &&
         verifyRange(report, "head dimension", model.head_dim(), 2,
                     Limits::layers) &&
         verifyRange(report, "positions", model.max_positions(), 1,
                     Limits::positions) &&
         verifyRange(report, "window", model.window(), 0, Limits::positions) &&
         verifyRange(report, "parameters", model.parameters(), 1,
                     uint64_t(1) << 60) &&
         verifyRange(report, "top logits", model.top_logits(), 0,
                     model.vocabulary()) &&
         verifyExperts(report, model) && verifySpecialTokens(report, model);
}
