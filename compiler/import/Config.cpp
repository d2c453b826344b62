//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Config.h"

#include "compiler/import/CheckpointFile.h"
#include "compiler/import/ConfigValues.h"
#include "compiler/import/Refusal.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;
using namespace moec;

namespace {
/// What an architecture has for keys that its config.json leaves out.
///
/// Source: transformers, configuration_{mixtral,mistral,llama}.py.
struct ArchitectureDefaults {
  StringLiteral name;
  StringLiteral modelType;
  bool sparse;
  /// 0: as many as query heads.
  int64_t kvHeads;
  int64_t maxPositions;
  double epsilon;
  double theta;
  /// 0: none.
  int64_t window;
  bool hasWindow;
};
} // namespace

static constexpr ArchitectureDefaults architectures[] = {
    {"MixtralForCausalLM", "mixtral", true, 8, 131072, 1e-5, 1e6, 0, true},
    {"MistralForCausalLM", "mistral", false, 8, 131072, 1e-6, 1e4, 4096, true},
    {"LlamaForCausalLM", "llama", false, 0, 2048, 1e-6, 1e4, 0, false},
};

StringRef moec::safetensorsName(WeightType type) {
  constexpr StringLiteral names[] = {"F32", "F16", "BF16"};
  return names[size_t(type)];
}

static const ArchitectureDefaults *readArchitecture(ConfigValues &values) {
  const Json *names = values.find("architectures");
  if (!names || !names->is_array() || names->size() != 1 ||
      !toText(names->front())) {
    values.refuse("architectures is " +
                  (names ? show(*names) : std::string("missing")) +
                  ", but must name one architecture, for example "
                  "[\"MixtralForCausalLM\"]");
    return nullptr;
  }
  const std::string &name = *toText(names->front());
  auto *found = find_if(architectures, [&](const ArchitectureDefaults &known) {
    return known.name == name;
  });
  if (found == std::end(architectures)) {
    values.refuse("architecture " + quote(name) +
                  " is not supported; MixtralForCausalLM, MistralForCausalLM "
                  "and LlamaForCausalLM are");
    return nullptr;
  }
  std::string modelType = values.text("model_type");
  if (!modelType.empty() && modelType != found->modelType)
    values.refuse("model_type is " + quote(modelType) + ", but " + name +
                  " has '" + found->modelType + "'");
  return found;
}

/// The type of the layers' attention, as transformers 5 may spell it out.
static void checkLayerTypes(ConfigValues &values, const ModelConfig &config) {
  const Json *types = values.find("layer_types");
  if (!types)
    return;
  StringRef expected = config.window ? "sliding_attention" : "full_attention";
  if (!types->is_array() || any_of(*types, [&](const Json &type) {
        return !toText(type) || *toText(type) != expected;
      }))
    values.refuse("layer_types is " + show(*types) + ", but only '" + expected +
                  "' in every layer is supported");
}

/// Refuses by name what changes the model and is not implemented.
static void refuseUnsupported(ConfigValues &values) {
  std::string activation = values.text("hidden_act");
  if (!activation.empty() && activation != "silu")
    values.refuse("hidden_act " + quote(activation) +
                  " is not supported; 'silu' is");
  for (StringRef key : {"attention_bias", "mlp_bias"})
    if (values.flag(key, false))
      values.refuse(key + " is true, but biases are not supported");
  if (values.positive("partial_rotary_factor", 1) != 1)
    values.refuse("partial_rotary_factor is " +
                  show(*values.find("partial_rotary_factor")) +
                  ", but only 1 is supported");
  for (StringRef key : {"quantization_config", "compression_config"}) {
    const Json *scheme = values.find(key);
    if (!scheme)
      continue;
    auto method =
        scheme->is_object() ? scheme->find("quant_method") : scheme->end();
    values.refuse("weights quantized by " +
                  show(method == scheme->end() ? *scheme : *method) + " (" +
                  key + ") are not supported");
  }
}

/// Reads an object that describes rotary positions: only the unscaled kind is
/// implemented. Returns its theta, or nothing.
static const Json *readRope(ConfigValues &values, StringRef key) {
  const Json *rope = values.find(key);
  if (!rope)
    return nullptr;
  if (!rope->is_object()) {
    values.refuse(key + " is " + show(*rope) + ", not an object");
    return nullptr;
  }
  for (const char *type : {"rope_type", "type"})
    if (rope->contains(type) && rope->at(type) != "default")
      values.refuse(key + " of type " + show(rope->at(type)) +
                    " is not supported; \"default\" is");
  const Json *theta = nullptr;
  for (auto &[name, value] : rope->items()) {
    bool isPlain = name == "partial_rotary_factor" && value == 1;
    if (name == "rope_theta")
      theta = &value;
    else if (name != "rope_type" && name != "type" && !isPlain)
      values.refuse(key + "." + quote(name) + " is not supported");
  }
  return theta;
}

static void readRotaryPositions(ConfigValues &values,
                                const ArchitectureDefaults &defaults,
                                ModelConfig &config) {
  const Json *theta = readRope(values, "rope_parameters");
  if (const Json *older = readRope(values, "rope_scaling"); older && !theta)
    theta = older;
  const Json *plain = values.find("rope_theta");
  if (theta && plain && *theta != *plain)
    values.refuse("rope_theta is " + show(*plain) +
                  ", but rope_parameters.rope_theta is " + show(*theta));
  ConfigValues chosen({{"rope_theta", theta ? *theta : Json()}}, "");
  config.theta = theta ? chosen.positive("rope_theta", 0)
                       : values.positive("rope_theta", defaults.theta);
  if (chosen.failed())
    values.refuse("rope_parameters.rope_theta is " + show(*theta) +
                  ", but must be a positive 32-bit floating-point number");
}

static void readWeightType(ConfigValues &values, ModelConfig &config) {
  std::string type = values.text("dtype"), older = values.text("torch_dtype");
  if (!type.empty() && !older.empty() && type != older)
    values.refuse("dtype is " + quote(type) + ", but torch_dtype is " +
                  quote(older));
  if (type.empty())
    type = older;
  if (type == "float32")
    config.weights = WeightType::F32;
  else if (type == "float16")
    config.weights = WeightType::F16;
  else if (type == "bfloat16")
    config.weights = WeightType::BF16;
  else if (!type.empty())
    values.refuse("torch_dtype " + quote(type) +
                  " is not supported; float32, float16 and bfloat16 are");
}

static void readHeads(ConfigValues &values,
                      const ArchitectureDefaults &defaults,
                      ModelConfig &config) {
  config.heads = values.size("num_attention_heads");
  bool isNull = !values.isAbsent("num_key_value_heads");
  config.kvHeads = values.size("num_key_value_heads",
                               isNull || !defaults.kvHeads ? config.heads
                                                           : defaults.kvHeads);
  if (config.heads % config.kvHeads)
    values.refuse("num_key_value_heads is " + Twine(config.kvHeads) +
                  ", which does not divide num_attention_heads " +
                  Twine(config.heads));
  bool derived = !values.find("head_dim");
  config.headDim = values.size("head_dim", config.hidden / config.heads);
  if (derived && config.hidden % config.heads)
    values.refuse("head_dim is missing, and num_attention_heads " +
                  Twine(config.heads) + " does not divide hidden_size " +
                  Twine(config.hidden));
  if (config.headDim % 2)
    values.refuse("head_dim is " + Twine(config.headDim) +
                  ", but rotary positions need an even number");
}

static void readExperts(ConfigValues &values, ModelConfig &config) {
  config.experts = values.size("num_local_experts", "num_experts", 8);
  config.choices = values.size("num_experts_per_tok", 2);
  if (config.choices > config.experts)
    values.refuse("num_experts_per_tok is " + Twine(config.choices) +
                  ", but there are only " + Twine(config.experts) + " experts");
}

static void readWindow(ConfigValues &values,
                       const ArchitectureDefaults &defaults,
                       ModelConfig &config) {
  bool absent = values.isAbsent("sliding_window");
  if (absent)
    config.window = defaults.window;
  else if (values.find("sliding_window"))
    config.window = values.size("sliding_window");
  if (config.window && !defaults.hasWindow)
    values.refuse("sliding_window is " + Twine(config.window) + ", but " +
                  defaults.name + " has none");
}

/// Refuses sizes of which a tensor would have more bytes than 63 bits count.
static void checkProducts(ConfigValues &values, const ModelConfig &config) {
  struct Product {
    StringLiteral names;
    std::initializer_list<int64_t> factors;
  };
  const int64_t width = 4;
  const Product products[] = {
      {"vocab_size * hidden_size", {config.vocabulary, config.hidden, width}},
      {"num_attention_heads * head_dim * hidden_size",
       {config.heads, config.headDim, config.hidden, width}},
      {"num_local_experts * 2 * intermediate_size * hidden_size",
       {std::max<int64_t>(config.experts, 1), 2, config.inner, config.hidden,
        width}},
      {"num_hidden_layers * 2 * num_key_value_heads * head_dim * "
       "max_position_embeddings",
       {config.layers, 2, config.kvHeads, config.headDim, config.maxPositions,
        width}},
  };
  for (const Product &product : products) {
    std::optional<int64_t> bytes = 1;
    for (int64_t factor : product.factors)
      bytes = bytes ? checkedMul(*bytes, factor) : bytes;
    if (!bytes)
      values.refuse(product.names + " is more bytes than 63 bits can count");
  }
}

/// Adds the tokens under `eos_token_id`: an integer, a list or null.
static void readEndTokens(ConfigValues &values, ModelConfig &config) {
  const Json *ids = values.find("eos_token_id");
  if (!ids)
    return;
  Json list = ids->is_array() ? *ids : Json::array({*ids});
  for (const Json &id : list) {
    int64_t token = values.token("eos_token_id", id, config.vocabulary);
    if (!is_contained(config.eos, token))
      config.eos.push_back(token);
  }
}

static void readTokens(ConfigValues &values, ModelConfig &config) {
  // The defaults of all three architectures, where the vocabulary has them.
  if (values.isAbsent("bos_token_id") && config.vocabulary > 1)
    config.bos = 1;
  if (const Json *bos = values.find("bos_token_id"))
    config.bos = values.token("bos_token_id", *bos, config.vocabulary);
  if (values.isAbsent("eos_token_id") && config.vocabulary > 2)
    config.eos = {2};
  readEndTokens(values, config);
}

static ModelConfig readModel(ConfigValues &values) {
  ModelConfig config;
  const ArchitectureDefaults *defaults = readArchitecture(values);
  if (!defaults)
    return config;
  config.architecture = defaults->name.str();
  refuseUnsupported(values);
  config.vocabulary = values.size("vocab_size");
  config.hidden = values.size("hidden_size");
  config.inner = values.size("intermediate_size");
  config.layers = values.size("num_hidden_layers");
  readHeads(values, *defaults, config);
  if (defaults->sparse)
    readExperts(values, config);
  config.maxPositions =
      values.size("max_position_embeddings", defaults->maxPositions);
  readWindow(values, *defaults, config);
  checkLayerTypes(values, config);
  config.epsilon = values.positive("rms_norm_eps", defaults->epsilon);
  readRotaryPositions(values, *defaults, config);
  config.tied = values.flag("tie_word_embeddings", false);
  readWeightType(values, config);
  checkProducts(values, config);
  readTokens(values, config);
  return config;
}

static Expected<ConfigValues> openConfig(StringRef path) {
  Expected<std::string> text = readTextFile(path);
  if (!text)
    return text.takeError();
  Expected<Json> object = readJsonObject(*text, path);
  if (!object)
    return object.takeError();
  return ConfigValues(std::move(*object), path);
}

Expected<ModelConfig> moec::readConfig(StringRef folder) {
  Expected<ConfigValues> values = openConfig(pathIn(folder, "config.json"));
  if (!values)
    return values.takeError();
  ModelConfig config = readModel(*values);
  if (Error error = values->takeError())
    return std::move(error);
  std::string path = pathIn(folder, "generation_config.json");
  if (!entryExists(path))
    return config;
  Expected<ConfigValues> generation = openConfig(path);
  if (!generation)
    return generation.takeError();
  readEndTokens(*generation, config);
  if (Error error = generation->takeError())
    return std::move(error);
  return config;
}
