//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The oracle agrees with Hugging Face transformers on every golden.
///
//===----------------------------------------------------------------------===//

#include "test/reference/Model.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

using nlohmann::json;
namespace fs = std::filesystem;

/// The float32 elements of a NumPy file (format 1.0).
static std::vector<float> readNpy(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  uint16_t header;
  std::memcpy(&header, bytes.data() + 8, 2);
  std::vector<float> values((bytes.size() - 10 - header) / 4);
  std::memcpy(values.data(), bytes.data() + 10 + header, values.size() * 4);
  return values;
}

static std::vector<std::string> goldens() {
  std::vector<std::string> names;
  for (auto &entry : fs::directory_iterator(GOLDENS))
    if (fs::exists(entry.path() / "golden.json"))
      names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, LogitsAgreeWithTransformers) {
  fs::path folder = fs::path(GOLDENS) / GetParam();
  std::ifstream file(folder / "golden.json");
  json golden = json::parse(file);
  reference::Model model(folder);
  auto logits = model.forward(golden["score_tokens"].get<std::vector<int>>());
  auto expected = readNpy(folder / "logits.npy");
  ASSERT_EQ(logits.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    worst = std::max(worst, std::abs(logits[i] - expected[i]));
  // The goldens are float32 arithmetic: sums over at most 172 terms and three
  // layers, so a few times 1e-6 of the spread of the logits.
  EXPECT_LE(worst, 2e-5 * golden["logits_spread"].get<double>());
}

TEST_P(Golden, GreedyTextIsThatOfTransformers) {
  fs::path folder = fs::path(GOLDENS) / GetParam();
  std::ifstream file(folder / "golden.json");
  json golden = json::parse(file);
  reference::Model model(folder);
  // The oracle has no cache, so a text costs the square of its length: the
  // first tokens of each run are enough to see the argument of the maximum.
  for (json &run : golden["runs"]) {
    auto expected = run["greedy"].get<std::vector<int>>();
    expected.resize(6);
    EXPECT_EQ(model.greedy(run["prompt"].get<std::vector<int>>(), 6), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Reference, Golden, testing::ValuesIn(goldens()),
                         [](auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });
