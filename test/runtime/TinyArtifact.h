//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A small artifact, written by hand, with the model that it holds in plain C++.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_TINYARTIFACT_H
#define TEST_RUNTIME_TINYARTIFACT_H

#include <cstdint>
#include <string>
#include <vector>

namespace tiny {

constexpr int64_t vocabulary = 32, hidden = 8, layers = 2;
constexpr int64_t maxPositions = 100;
/// The model has two programs, for steps of at most so many tokens.
constexpr int64_t smallStep = 4, largeStep = 40;
/// Its router fails on this token.
constexpr int32_t failingToken = 31;
constexpr int32_t bos = 1;
/// The logits of a row that programs for the best ones give.
constexpr int64_t topLogits = 3;

/// What may differ from a sound artifact with one target "plain".
struct Variant {
  struct Target {
    std::string name;
    std::vector<std::string> features;
  };
  std::vector<Target> targets{{"plain", {}}};
  std::string headSymbol = "tiny_head";
  bool brokenCode = false;
  bool top = true;       ///< whether there are programs for the best logits
  std::string tokenizer; ///< bytes of a SentencePiece model
};

/// Writes an artifact into the folder for temporary files; returns its path.
std::string write(const Variant &variant = {});

/// Logits [vocabulary] of the last of `tokens`.
std::vector<float> reference(const std::vector<int32_t> &tokens);

/// Some tokens that differ with `seed`, none of them the failing one.
std::vector<int32_t> someTokens(int64_t count, uint32_t seed);

} // namespace tiny

#endif // TEST_RUNTIME_TINYARTIFACT_H
