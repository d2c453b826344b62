//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/reference/Checkpoint.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

using nlohmann::json;

namespace reference {

static double widenHalf(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(fraction, -24)
                                     : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

static double widen(const std::string &type, const char *data, size_t i) {
  if (type == "F32") {
    float value;
    std::memcpy(&value, data + 4 * i, 4);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, data + 2 * i, 2);
  if (type == "F16")
    return widenHalf(bits);
  if (type != "BF16")
    throw std::runtime_error("type " + type);
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

static void readFile(const std::filesystem::path &path,
                     std::map<std::string, Tensor> &tensors) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  uint64_t headerSize;
  std::memcpy(&headerSize, bytes.data(), 8);
  json header = json::parse(bytes.substr(8, headerSize));
  const char *data = bytes.data() + 8 + headerSize;
  for (auto &[name, entry] : header.items()) {
    if (name == "__metadata__")
      continue;
    Tensor &tensor = tensors[name];
    tensor.shape = entry["shape"].get<std::vector<size_t>>();
    size_t count = 1;
    for (size_t d : tensor.shape)
      count *= d;
    std::string type = entry["dtype"];
    size_t begin = entry["data_offsets"][0];
    for (size_t i = 0; i < count; ++i)
      tensor.values.push_back(widen(type, data + begin, i));
  }
}

std::map<std::string, Tensor> readTensors(const std::string &folder) {
  std::map<std::string, Tensor> tensors;
  for (auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors")
      readFile(entry.path(), tensors);
  return tensors;
}

Config readConfig(const std::string &folder) {
  std::ifstream file(folder + "/config.json");
  json j = json::parse(file);
  auto number = [&](const char *key, double otherwise) {
    return j.contains(key) && !j[key].is_null() ? j[key].get<double>()
                                                : otherwise;
  };
  Config c;
  c.sparse = j["model_type"] == "mixtral";
  c.vocabulary = j["vocab_size"];
  c.hidden = j["hidden_size"];
  c.layers = j["num_hidden_layers"];
  c.queryHeads = j["num_attention_heads"];
  c.kvHeads = j["num_key_value_heads"];
  c.headDim = number("head_dim", double(c.hidden / c.queryHeads));
  c.inner = j["intermediate_size"];
  c.experts = c.sparse ? number("num_local_experts", 8) : 1;
  c.choices = c.sparse ? number("num_experts_per_tok", 2) : 1;
  c.window = number("sliding_window", 0);
  c.epsilon = j["rms_norm_eps"];
  c.theta = j.contains("rope_parameters")
                ? j["rope_parameters"]["rope_theta"].get<double>()
                : j["rope_theta"].get<double>();
  c.tied = j.value("tie_word_embeddings", false);
  // As DeepSeek's configurations say it.
  c.sigmoid = j.value("scoring_func", "softmax") == "sigmoid";
  c.renormalize = j.value("norm_topk_prob", true);
  return c;
}

} // namespace reference
