//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Config.h"

#include "test/compiler/import/TinyCheckpoint.h"

#include <gtest/gtest.h>

using namespace llvm;
using namespace moec;
using namespace moec::test;

namespace {
struct Case {
  /// A JSON patch of the good config.json: null values are set, "drop" removes.
  std::string patch;
  /// What the message says behind the path.
  std::string message;
};
} // namespace

static void applyPatch(OrderedJson &config, const std::string &patch) {
  OrderedJson changes = OrderedJson::parse(patch);
  for (auto &[key, value] : changes.items()) {
    if (value == "drop")
      config.erase(key);
    else
      config[key] = value;
  }
}

static Expected<ModelConfig> readPatched(TinyCheckpoint checkpoint,
                                         const std::string &patch,
                                         const std::string &generation = "") {
  TemporaryFolder folder;
  applyPatch(checkpoint.config, patch);
  checkpoint.writeConfig(folder);
  if (!generation.empty())
    folder.write("generation_config.json", generation);
  Expected<ModelConfig> config = readConfig(folder.path());
  if (config)
    return config;
  // Without the name of the temporary folder.
  std::string message = toString(config.takeError());
  EXPECT_EQ(StringRef(message).count('\n'), 0u);
  return createStringError(inconvertibleErrorCode(),
                           message.substr(folder.path("x").size() - 1));
}

static void expectRefused(const TinyCheckpoint &checkpoint,
                          const std::vector<Case> &cases) {
  for (const Case &test : cases)
    EXPECT_EQ(messageOf(readPatched(checkpoint, test.patch)),
              "config.json: " + test.message)
        << test.patch;
}

static ModelConfig accept(TinyCheckpoint checkpoint, const std::string &patch,
                          const std::string &generation = "") {
  Expected<ModelConfig> config =
      readPatched(std::move(checkpoint), patch, generation);
  if (config)
    return *config;
  ADD_FAILURE() << patch << ": " << toString(config.takeError());
  return {};
}

static const TinyCheckpoint sparse = TinyCheckpoint::sparse();
static const TinyCheckpoint llama = TinyCheckpoint::dense("LlamaForCausalLM");
static const TinyCheckpoint mistral =
    TinyCheckpoint::dense("MistralForCausalLM");

TEST(ConfigTest, RefusesWhatIsNotImplementedByName) {
  std::string supported = "is not supported; MixtralForCausalLM, "
                          "MistralForCausalLM and LlamaForCausalLM are";
  std::string missing = "but must name one architecture, for example "
                        "[\"MixtralForCausalLM\"]";
  expectRefused(
      sparse,
      {{R"({"architectures": ["GPT2LMHeadModel"]})",
        "architecture 'GPT2LMHeadModel' " + supported},
       {R"({"architectures": "drop"})", "architectures is missing, " + missing},
       {R"({"architectures": []})", "architectures is [], " + missing},
       {R"({"architectures": [1]})", "architectures is [1], " + missing},
       {R"({"model_type": "llama"})",
        "model_type is 'llama', but MixtralForCausalLM has 'mixtral'"},
       {R"({"hidden_act": "gelu"})",
        "hidden_act 'gelu' is not supported; 'silu' is"},
       {R"({"hidden_act": 1})", "hidden_act is 1, not a name"},
       {R"({"attention_bias": true})",
        "attention_bias is true, but biases are not supported"},
       {R"({"mlp_bias": true})",
        "mlp_bias is true, but biases are not supported"},
       {R"({"mlp_bias": "no"})", "mlp_bias is \"no\", not true or false"},
       {R"({"partial_rotary_factor": 0.5})",
        "partial_rotary_factor is 0.5, but only 1 is supported"},
       {R"({"rope_scaling": {"type": "yarn", "factor": 4}})",
        "rope_scaling of type \"yarn\" is not supported; \"default\" is"},
       {R"({"rope_scaling": {"factor": 4}})",
        "rope_scaling.'factor' is not supported"},
       {R"({"rope_scaling": 2})", "rope_scaling is 2, not an object"},
       {R"({"rope_parameters": {"rope_type": "llama3", "rope_theta": 5}})",
        "rope_parameters of type \"llama3\" is not supported; \"default\" is"},
       {R"({"rope_parameters": {"full_attention": {}}})",
        "rope_parameters.'full_attention' is not supported"},
       {R"({"quantization_config": {"quant_method": "gptq", "bits": 4}})",
        "weights quantized by \"gptq\" (quantization_config) are not "
        "supported"},
       {R"({"quantization_config": true})",
        "weights quantized by true (quantization_config) are not supported"},
       {R"({"layer_types": ["sliding_attention"]})",
        "layer_types is [\"sliding_attention\"], but only 'full_attention' in "
        "every layer is supported"},
       {R"({"torch_dtype": "float8_e4m3fn"})",
        "torch_dtype 'float8_e4m3fn' is not supported; float32, float16 and "
        "bfloat16 are"},
       {R"({"torch_dtype": 16})", "torch_dtype is 16, not a name"},
       {R"({"dtype": "bfloat16"})",
        "dtype is 'bfloat16', but torch_dtype is 'float32'"}});
  expectRefused(llama, {{R"({"sliding_window": 9})",
                         "sliding_window is 9, but LlamaForCausalLM has "
                         "none"}});
}

TEST(ConfigTest, RefusesImpossibleSizes) {
  for (std::string key :
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "intermediate_size",
        "max_position_embeddings", "num_local_experts", "num_experts_per_tok",
        "sliding_window"}) {
    auto patch = [&](const std::string &value) {
      return "{\"" + key + "\": " + value + "}";
    };
    std::string more = ", more than the 2147483647 that are supported";
    expectRefused(
        sparse,
        {{patch("0"), key + " is 0, but must be at least 1"},
         {patch("-3"), key + " is -3, but must be at least 1"},
         {patch("-1e300"), key + " is -1e+300, but must be at least 1"},
         {patch("2147483648"), key + " is 2147483648" + more},
         {patch("1000000000000000000000000000000"), key + " is 1e+30" + more},
         {patch("2.5"), key + " is 2.5, not an integer"},
         {patch("\"2\""), key + " is \"2\", not a number"},
         {patch("true"), key + " is true, not a number"},
         {patch("[2]"), key + " is [2], not a number"}});
  }
}

TEST(ConfigTest, RefusesSizesThatDoNotFitTogether) {
  expectRefused(
      sparse,
      {{R"({"num_experts_per_tok": 9, "num_local_experts": 8})",
        "num_experts_per_tok is 9, but there are only 8 experts"},
       {R"({"num_experts": 4})",
        "num_experts is 4, but num_local_experts is 3"},
       {R"({"num_key_value_heads": 3})",
        "num_key_value_heads is 3, which does not divide num_attention_heads "
        "2"},
       {R"({"num_attention_heads": 3, "num_key_value_heads": 3})",
        "head_dim is missing, and num_attention_heads 3 does not divide "
        "hidden_size 8"},
       {R"({"num_attention_heads": 16, "num_key_value_heads": 8})",
        "head_dim is missing, and num_attention_heads 16 does not divide "
        "hidden_size 8"},
       {R"({"head_dim": 3})",
        "head_dim is 3, but rotary positions need an even number"},
       {R"({"vocab_size": 2147483647, "hidden_size": 2147483646,
            "head_dim": 4})",
        "vocab_size * hidden_size is more bytes than 63 bits can count"},
       {R"({"num_attention_heads": 10000000, "head_dim": 1000000,
            "hidden_size": 1000000})",
        "num_attention_heads * head_dim * hidden_size is more bytes than 63 "
        "bits can count"},
       {R"({"num_local_experts": 10000000, "intermediate_size": 1000000,
            "hidden_size": 1000000})",
        "num_local_experts * 2 * intermediate_size * hidden_size is more bytes "
        "than 63 bits can count"},
       {R"({"num_hidden_layers": 2000000000, "max_position_embeddings":
            2000000000})",
        "num_hidden_layers * 2 * num_key_value_heads * head_dim * "
        "max_position_embeddings is more bytes than 63 bits can count"},
       {R"({"rope_theta": 5, "rope_parameters": {"rope_theta": 6}})",
        "rope_theta is 5, but rope_parameters.rope_theta is 6"}});
}

TEST(ConfigTest, RefusesMissingSizes) {
  for (std::string key : {"vocab_size", "hidden_size", "num_hidden_layers",
                          "num_attention_heads", "intermediate_size"})
    expectRefused(sparse, {{"{\"" + key + "\": \"drop\"}", key + " is missing"},
                           {"{\"" + key + "\": null}", key + " is null"}});
}

TEST(ConfigTest, RefusesImpossibleNumbersAndTokens) {
  std::string positive =
      ", but must be a positive 32-bit floating-point number";
  expectRefused(
      sparse,
      {{R"({"rms_norm_eps": -1.5})", "rms_norm_eps is -1.5" + positive},
       {R"({"rms_norm_eps": 1e-60})", "rms_norm_eps is 1e-60" + positive},
       {R"({"rms_norm_eps": "small"})",
        "rms_norm_eps is \"small\", not a number"},
       {R"({"rope_theta": 0})", "rope_theta is 0" + positive},
       {R"({"rope_theta": 1e60})", "rope_theta is 1e+60" + positive},
       {R"({"rope_parameters": {"rope_theta": -1}})",
        "rope_parameters.rope_theta is -1" + positive},
       {R"({"tie_word_embeddings": 1})",
        "tie_word_embeddings is 1, not true or false"},
       {R"({"bos_token_id": 16})",
        "bos_token_id is 16, but the vocabulary has 16 tokens"},
       {R"({"bos_token_id": [1]})", "bos_token_id is [1], not a token id"},
       {R"({"bos_token_id": -1})", "bos_token_id is -1, not a token id"},
       {R"({"eos_token_id": 16})",
        "eos_token_id is 16, but the vocabulary has 16 tokens"},
       {R"({"eos_token_id": [2, 2.5]})", "eos_token_id is 2.5, not a token id"},
       {R"({"eos_token_id": "</s>"})",
        "eos_token_id is \"</s>\", not a token id"}});
}

TEST(ConfigTest, RefusesWhatIsNotOneJSONObject) {
  std::string deep(5000, '[');
  std::vector<Case> cases = {
      {"", "not valid JSON near byte 1"},
      {"{", "not valid JSON near byte 2"},
      {"[]", "must be a JSON object"},
      {"3", "must be a JSON object"},
      {"{} {}", "not valid JSON near byte 4"},
      {"{\"a\": \"\xff\"}", "not valid UTF-8"},
      {"{\"a\": 1, \"a\": 1}", "key 'a' stands twice"},
      {"{\"a\": [{\"b\": 1, \"b\": 1}]}", "key 'b' stands twice in 'a'"},
      {"{\"a\": " + deep, "nested deeper than 32 levels"},
      {std::string("{}\0", 3), "not valid JSON near byte 3"},
  };
  TemporaryFolder folder;
  for (const Case &test : cases) {
    std::string path = folder.write("config.json", test.patch);
    EXPECT_EQ(messageOf(readConfig(folder.path())), path + ": " + test.message)
        << test.patch.substr(0, 40);
  }
}

TEST(ConfigTest, RefusesAMissingOrHugeConfig) {
  TemporaryFolder folder;
  std::string path = folder.path("config.json");
  EXPECT_EQ(messageOf(readConfig(folder.path())), path + ": no such file");
  folder.write("config.json", std::string((64 << 20) + 1, ' '));
  EXPECT_EQ(messageOf(readConfig(folder.path())),
            path + ": 67108865 bytes, more than the 67108864 that are allowed");
}

TEST(ConfigTest, RefusesAMalformedGenerationConfig) {
  std::string file = "generation_config.json: ";
  EXPECT_EQ(messageOf(readPatched(sparse, "{}", "{")),
            file + "not valid JSON near byte 2");
  EXPECT_EQ(messageOf(readPatched(sparse, "{}", "{\"eos_token_id\": [99]}")),
            file + "eos_token_id is 99, but the vocabulary has 16 tokens");
}

TEST(ConfigTest, TakesTheDefaultsOfTheArchitecture) {
  std::string bare = R"({"num_key_value_heads": "drop", "torch_dtype": "drop",
                         "max_position_embeddings": "drop",
                         "num_attention_heads": 8, "hidden_size": 16})";
  ModelConfig mixtral = accept(sparse, bare);
  EXPECT_EQ(mixtral.kvHeads, 8);
  EXPECT_EQ(mixtral.headDim, 2);
  EXPECT_EQ(mixtral.maxPositions, 131072);
  EXPECT_EQ(mixtral.theta, 1e6);
  EXPECT_EQ(mixtral.epsilon, 1e-5);
  EXPECT_EQ(mixtral.window, 0);
  EXPECT_EQ(mixtral.weights, std::nullopt);
  EXPECT_EQ(mixtral.bos, 1);
  EXPECT_EQ(mixtral.eos, SmallVector<int64_t>({2}));
  ModelConfig dense = accept(mistral, bare);
  EXPECT_EQ(dense.kvHeads, 8);
  EXPECT_EQ(dense.window, 4096);
  EXPECT_EQ(dense.theta, 1e4);
  EXPECT_EQ(dense.epsilon, 1e-6);
  EXPECT_EQ(dense.maxPositions, 131072);
  EXPECT_FALSE(dense.isSparse());
  ModelConfig older = accept(llama, bare);
  EXPECT_EQ(older.kvHeads, 8);
  EXPECT_EQ(older.window, 0);
  EXPECT_EQ(older.theta, 1e4);
  EXPECT_EQ(older.epsilon, 1e-6);
  EXPECT_EQ(older.maxPositions, 2048);
  ModelConfig experts =
      accept(sparse,
             R"({"num_local_experts": "drop", "num_experts_per_tok": "drop"})");
  EXPECT_EQ(experts.experts, 8);
  EXPECT_EQ(experts.choices, 2);
}

TEST(ConfigTest, ReadsBothSpellings) {
  ModelConfig older =
      accept(sparse, R"({"rope_theta": 500000.0, "torch_dtype": "bfloat16"})");
  EXPECT_EQ(older.theta, 5e5);
  EXPECT_EQ(older.weights, WeightType::BF16);
  EXPECT_EQ(older.experts, 3);
  ModelConfig newer =
      accept(sparse, R"({"rope_parameters": {"rope_type": "default",
                                             "rope_theta": 500000},
                         "dtype": "float16", "torch_dtype": "drop",
                         "num_experts": 3, "num_local_experts": "drop"})");
  EXPECT_EQ(newer.theta, 5e5);
  EXPECT_EQ(newer.weights, WeightType::F16);
  EXPECT_EQ(newer.experts, 3);
  ModelConfig both = accept(sparse, R"({"rope_theta": 7, "rope_parameters":
                         {"rope_type": "default", "rope_theta": 7.0},
                         "dtype": "float32", "num_experts": 3})");
  EXPECT_EQ(both.theta, 7);
  EXPECT_EQ(both.experts, 3);
  ModelConfig unscaled = accept(
      sparse, R"({"rope_scaling": {"type": "default", "rope_theta": 9}})");
  EXPECT_EQ(unscaled.theta, 9);
}

TEST(ConfigTest, ReadsNullsAsAbsent) {
  ModelConfig config =
      accept(mistral, R"({"sliding_window": null, "head_dim": null,
                   "rope_scaling": null, "quantization_config": null,
                   "num_key_value_heads": null, "bos_token_id": null,
                   "eos_token_id": null, "attention_bias": null})");
  EXPECT_EQ(config.window, 0);
  EXPECT_EQ(config.headDim, 4);
  EXPECT_EQ(config.kvHeads, config.heads);
  EXPECT_EQ(config.bos, -1);
  EXPECT_TRUE(config.eos.empty());
}

TEST(ConfigTest, IgnoresKeysOfTraining) {
  accept(sparse, R"({"router_aux_loss_coef": 0.02, "router_jitter_noise": 0.1,
                     "output_router_logits": true, "attention_dropout": 0.1,
                     "initializer_range": 0.02, "use_cache": false,
                     "transformers_version": "4.36.0", "pretraining_tp": 1})");
}

TEST(ConfigTest, CollectsTheEndTokensOfBothFiles) {
  EXPECT_EQ(accept(sparse, R"({"eos_token_id": [3, 4, 3]})").eos,
            SmallVector<int64_t>({3, 4}));
  EXPECT_EQ(accept(sparse, "{}", R"({"eos_token_id": [2, 5]})").eos,
            SmallVector<int64_t>({2, 5}));
  EXPECT_EQ(
      accept(sparse, R"({"eos_token_id": null})", R"({"eos_token_id": 7})").eos,
      SmallVector<int64_t>({7}));
  EXPECT_EQ(accept(sparse, "{}", R"({"temperature": 0.6})").eos,
            SmallVector<int64_t>({2}));
}
