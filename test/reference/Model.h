//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The oracle: a Mixtral, Mistral or Llama model in plain C++, slow and obvious.
/// Weights are widened to double when they are read, every sum is in double,
/// nothing is cached between calls. Checked against Hugging Face transformers
/// by ReferenceTest.cpp.
///
/// Letters: T tokens, V vocabulary, H hidden, L layers, Q query heads, N
/// key/value heads, D head dimension, I inner size, E experts, k experts a
/// token.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_REFERENCE_MODEL_H
#define TEST_REFERENCE_MODEL_H

#include <map>
#include <string>
#include <vector>

namespace reference {

using Matrix = std::vector<double>; // row-major

struct Config {
  bool sparse = false;
  size_t vocabulary = 0, hidden = 0, layers = 0, queryHeads = 0, kvHeads = 0;
  size_t headDim = 0, inner = 0, experts = 1, choices = 1;
  size_t window = 0; ///< 0: attend to everything before
  double epsilon = 0, theta = 0;
  bool tied = false;
  bool sigmoid = false;    ///< scores experts by sigmoid instead of softmax
  bool renormalize = true; ///< divides the chosen scores by their sum
};

/// The weights of one expert: gate and up are [I, H], down is [H, I].
struct Expert {
  Matrix gate, up, down;
};

struct Layer {
  Matrix attentionNorm, ffnNorm; ///< [H]
  Matrix wq, wk, wv, wo;         ///< [Q D, H], [N D, H], [N D, H], [H, Q D]
  Matrix router;                 ///< [E, H]; empty if dense
  std::vector<Expert> experts;
};

class Model {
public:
  /// Reads a checkpoint folder; throws std::runtime_error with a message.
  explicit Model(const std::string &folder);

  /// Logits [T, V] of a text, each token seeing those before it.
  Matrix forward(const std::vector<int> &tokens) const;

  /// The `count` tokens that follow, each the most likely one.
  std::vector<int> greedy(std::vector<int> tokens, size_t count) const;

  Config config;

private:
  Matrix attention(const Layer &layer, const Matrix &x, size_t tokens) const;
  void mixture(const Layer &layer, const double *x, double *y) const;

  Matrix embedding; // [V, H]
  Matrix norm;      // [H]
  Matrix head;      // [V, H]
  std::vector<Layer> layers;
};

} // namespace reference

#endif // TEST_REFERENCE_MODEL_H
