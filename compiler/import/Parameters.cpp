//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Parameters.h"

#include "compiler/import/CheckpointFile.h"
#include "compiler/import/Refusal.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace moec;

namespace {
/// Takes tensors out of a checkpoint; remembers the first that is wrong.
class ParameterFinder {
public:
  explicit ParameterFinder(const Checkpoint &checkpoint)
      : checkpoint(checkpoint), config(checkpoint.config()) {}

  Expected<Parameters> find();

private:
  void chooseType();
  void findLayer(const std::string &layer, const std::string &published);
  void findAttention(const std::string &layer, const std::string &published);
  void findDense(const std::string &layer, const std::string &published);
  void findExperts(const std::string &layer, const std::string &published);
  void findFusedExperts(const std::string &layer, const std::string &published);
  void findOutput();
  Error refuseLeftovers() const;

  /// The bytes of a published tensor, or nothing after a failure.
  std::optional<ByteRange> take(const std::string &name,
                                ArrayRef<int64_t> shape);
  void add(const std::string &name, const std::string &published,
           ArrayRef<int64_t> shape);
  void addStack(const std::string &name, ArrayRef<std::string> published,
                ArrayRef<int64_t> shape);
  void fail(const Twine &file, const Twine &what) {
    if (!error)
      error = toString(refuse(file, what));
  }

  const Checkpoint &checkpoint;
  const ModelConfig &config;
  Parameters parameters;
  StringSet<> taken;
  std::optional<std::string> error;
};
} // namespace

/// Tensors of old checkpoints that are computed, not learned.
static bool isDerived(StringRef name) {
  return name.ends_with(".rotary_emb.inv_freq");
}

Expected<Parameters> ParameterFinder::find() {
  chooseType();
  add("embed", "model.embed_tokens.weight", {config.vocabulary, config.hidden});
  for (int64_t i = 0; i < config.layers && !error; ++i)
    findLayer("layers." + std::to_string(i) + ".",
              "model.layers." + std::to_string(i) + ".");
  findOutput();
  if (error)
    return createStringError(inconvertibleErrorCode(), *error);
  if (Error leftover = refuseLeftovers())
    return std::move(leftover);
  return std::move(parameters);
}

/// Without a type in the configuration, the embedding table decides.
void ParameterFinder::chooseType() {
  parameters.type = config.weights.value_or(WeightType::F32);
  if (config.weights)
    return;
  auto embed = checkpoint.find("model.embed_tokens.weight");
  for (WeightType type : {WeightType::F16, WeightType::BF16})
    if (embed && embed->tensor->type->name == safetensorsName(type))
      parameters.type = type;
}

void ParameterFinder::findLayer(const std::string &layer,
                                const std::string &published) {
  findAttention(layer, published);
  if (!config.isSparse())
    return findDense(layer, published);
  bool fused = checkpoint.find(published + "mlp.gate.weight") ||
               checkpoint.find(published + "mlp.experts.gate_up_proj");
  if (fused)
    return findFusedExperts(layer, published);
  findExperts(layer, published);
}

void ParameterFinder::findAttention(const std::string &layer,
                                    const std::string &published) {
  int64_t hidden = config.hidden;
  int64_t queries = config.heads * config.headDim;
  int64_t keys = config.kvHeads * config.headDim;
  std::string attention = published + "self_attn.";
  add(layer + "attention_norm", published + "input_layernorm.weight", {hidden});
  add(layer + "wq", attention + "q_proj.weight", {queries, hidden});
  add(layer + "wk", attention + "k_proj.weight", {keys, hidden});
  add(layer + "wv", attention + "v_proj.weight", {keys, hidden});
  add(layer + "wo", attention + "o_proj.weight", {hidden, queries});
  add(layer + "ffn_norm", published + "post_attention_layernorm.weight",
      {hidden});
}

void ParameterFinder::findDense(const std::string &layer,
                                const std::string &published) {
  std::string mlp = published + "mlp.";
  add(layer + "w1", mlp + "gate_proj.weight", {config.inner, config.hidden});
  add(layer + "w3", mlp + "up_proj.weight", {config.inner, config.hidden});
  add(layer + "w2", mlp + "down_proj.weight", {config.hidden, config.inner});
}

void ParameterFinder::findExperts(const std::string &layer,
                                  const std::string &published) {
  std::string moe = published + "block_sparse_moe.";
  add(layer + "gate", moe + "gate.weight", {config.experts, config.hidden});
  for (StringRef matrix : {"w1", "w3", "w2"}) {
    std::vector<std::string> names;
    // Stops where the file does, however many experts are asked for.
    for (int64_t e = 0; e < config.experts && !error; ++e) {
      names.push_back(moe + "experts." + std::to_string(e) + "." +
                      matrix.str() + ".weight");
      if (!checkpoint.find(names.back()))
        break;
    }
    bool down = matrix == "w2";
    addStack(layer + matrix.str(), names,
             {config.experts, down ? config.hidden : config.inner,
              down ? config.inner : config.hidden});
  }
}

void ParameterFinder::findFusedExperts(const std::string &layer,
                                       const std::string &published) {
  int64_t experts = config.experts, inner = config.inner;
  int64_t hidden = config.hidden;
  std::string mlp = published + "mlp.";
  add(layer + "gate", mlp + "gate.weight", {experts, hidden});
  std::optional<ByteRange> both =
      take(mlp + "experts.gate_up_proj", {experts, 2 * inner, hidden});
  for (int half : {0, 1}) {
    Parameter matrix = {
        layer + (half ? "w3" : "w1"), {experts, inner, hidden}, {}};
    for (int64_t e = 0; both && e < experts; ++e) {
      uint64_t length = both->length / (2 * experts);
      matrix.ranges.push_back(
          {both->file, both->offset + (2 * e + half) * length, length});
    }
    parameters.list.push_back(std::move(matrix));
  }
  add(layer + "w2", mlp + "experts.down_proj", {experts, hidden, inner});
}

void ParameterFinder::findOutput() {
  add("norm", "model.norm.weight", {config.hidden});
  if (!config.tied)
    return add("lm_head", "lm_head.weight", {config.vocabulary, config.hidden});
  // Some writers store the shared table under both names.
  if (checkpoint.find("lm_head.weight"))
    take("lm_head.weight", {config.vocabulary, config.hidden});
}

std::optional<ByteRange> ParameterFinder::take(const std::string &name,
                                               ArrayRef<int64_t> shape) {
  std::optional<LocatedTensor> found = checkpoint.find(name);
  if (!found) {
    fail(checkpoint.folder(), "tensor " + quote(name) + " of shape " +
                                  showShape(shape) +
                                  ", which config.json asks for, is missing");
    return std::nullopt;
  }
  const StoredTensor &tensor = *found->tensor;
  std::string file = pathIn(checkpoint.folder(), found->file);
  StringRef type = safetensorsName(parameters.type);
  if (tensor.type->name != type)
    fail(file, "tensor " + quote(name) + " has type " + tensor.type->name +
                   ", but " +
                   (config.weights ? "config.json asks for "
                                   : "the other weights have ") +
                   type);
  if (ArrayRef<int64_t>(tensor.shape) != shape)
    fail(file, "tensor " + quote(name) + " has shape " +
                   showShape(tensor.shape) + ", but config.json asks for " +
                   showShape(shape));
  if (error)
    return std::nullopt;
  taken.insert(name);
  return ByteRange{found->file, tensor.offset, tensor.length};
}

void ParameterFinder::add(const std::string &name, const std::string &published,
                          ArrayRef<int64_t> shape) {
  if (std::optional<ByteRange> range = take(published, shape))
    parameters.list.push_back({name, SmallVector<int64_t, 3>(shape), {*range}});
}

/// Adds a parameter that stacks equal tensors along a new first dimension.
void ParameterFinder::addStack(const std::string &name,
                               ArrayRef<std::string> published,
                               ArrayRef<int64_t> shape) {
  Parameter stack = {name, SmallVector<int64_t, 3>(shape), {}};
  for (const std::string &part : published)
    if (std::optional<ByteRange> range = take(part, shape.drop_front()))
      stack.ranges.push_back(*range);
  parameters.list.push_back(std::move(stack));
}

Error ParameterFinder::refuseLeftovers() const {
  for (const WeightFile &file : checkpoint.files())
    for (const StoredTensor &tensor : file.tensors)
      if (!taken.contains(tensor.name) && !isDerived(tensor.name))
        return refuse(pathIn(checkpoint.folder(), file.name),
                      "unexpected tensor " + quote(tensor.name) + ": a " +
                          config.architecture +
                          " of config.json's sizes has "
                          "none of that name");
  return Error::success();
}

Expected<Parameters> moec::findParameters(const Checkpoint &checkpoint) {
  return ParameterFinder(checkpoint).find();
}
