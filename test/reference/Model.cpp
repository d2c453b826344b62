//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/reference/Model.h"

#include "test/reference/Checkpoint.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace reference {

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

using Tensors = std::map<std::string, Tensor>;

static Matrix take(const Tensors &tensors, const std::string &name) {
  auto found = tensors.find(name);
  if (found == tensors.end())
    throw std::runtime_error("no tensor " + name);
  return found->second.values;
}

/// Rows [begin, begin + count) of expert e of a tensor [E, rows, columns].
static Matrix takeRows(const Tensors &tensors, const std::string &name, size_t e,
                       size_t begin, size_t count) {
  const Tensor &t = tensors.at(name);
  size_t rows = t.shape[1], columns = t.shape[2];
  auto first = t.values.begin() + (e * rows + begin) * columns;
  return Matrix(first, first + count * columns);
}

static Expert takeExpert(const Tensors &t, const Config &c,
                         const std::string &prefix, size_t e) {
  std::string fused = prefix + "mlp.experts.gate_up_proj";
  if (t.count(fused))
    return {takeRows(t, fused, e, 0, c.inner),
            takeRows(t, fused, e, c.inner, c.inner),
            takeRows(t, prefix + "mlp.experts.down_proj", e, 0, c.hidden)};
  if (!c.sparse)
    return {take(t, prefix + "mlp.gate_proj.weight"),
            take(t, prefix + "mlp.up_proj.weight"),
            take(t, prefix + "mlp.down_proj.weight")};
  std::string expert =
      prefix + "block_sparse_moe.experts." + std::to_string(e) + ".";
  return {take(t, expert + "w1.weight"), take(t, expert + "w3.weight"),
          take(t, expert + "w2.weight")};
}

static Layer takeLayer(const Tensors &t, const Config &c, size_t index) {
  std::string prefix = "model.layers." + std::to_string(index) + ".";
  Layer layer;
  layer.attentionNorm = take(t, prefix + "input_layernorm.weight");
  layer.ffnNorm = take(t, prefix + "post_attention_layernorm.weight");
  layer.wq = take(t, prefix + "self_attn.q_proj.weight");
  layer.wk = take(t, prefix + "self_attn.k_proj.weight");
  layer.wv = take(t, prefix + "self_attn.v_proj.weight");
  layer.wo = take(t, prefix + "self_attn.o_proj.weight");
  if (c.sparse) {
    bool fused = t.count(prefix + "mlp.gate.weight");
    layer.router = take(
        t, prefix + (fused ? "mlp.gate.weight" : "block_sparse_moe.gate.weight"));
  }
  for (size_t e = 0; e < c.experts; ++e)
    layer.experts.push_back(takeExpert(t, c, prefix, e));
  return layer;
}

Model::Model(const std::string &folder) : config(readConfig(folder)) {
  Tensors tensors = readTensors(folder);
  embedding = take(tensors, "model.embed_tokens.weight");
  norm = take(tensors, "model.norm.weight");
  head = config.tied ? embedding : take(tensors, "lm_head.weight");
  for (size_t i = 0; i < config.layers; ++i)
    layers.push_back(takeLayer(tensors, config, i));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// y[n] = sum_k x[k] w[n, k]
static void multiply(const double *x, const Matrix &w, double *y, size_t n) {
  size_t k = w.size() / n;
  for (size_t i = 0; i < n; ++i)
    y[i] = std::inner_product(x, x + k, w.begin() + i * k, 0.0);
}

static Matrix normalize(const double *x, const Matrix &weight, double epsilon) {
  size_t n = weight.size();
  double squares = std::inner_product(x, x + n, x, 0.0);
  double scale = 1 / std::sqrt(squares / n + epsilon);
  Matrix y(n);
  for (size_t i = 0; i < n; ++i)
    y[i] = x[i] * scale * weight[i];
  return y;
}

/// Rotates pairs (i, i + D / 2) of every head. The angle is rounded to f32, as
/// transformers does: at large positions that is part of the definition.
static void rotate(double *x, size_t heads, size_t headDim, size_t position,
                   double theta) {
  size_t half = headDim / 2;
  for (size_t i = 0; i < half; ++i) {
    float power = std::pow(theta, double(float(2 * i) / float(headDim)));
    float angle = float(position) * (1.0f / power);
    double c = std::cos(double(angle)), s = std::sin(double(angle));
    for (size_t h = 0; h < heads; ++h) {
      double &a = x[h * headDim + i], &b = x[h * headDim + i + half];
      double rotated = a * c - b * s;
      b = b * c + a * s;
      a = rotated;
    }
  }
}

static void softmax(std::vector<double> &v) {
  double most = *std::max_element(v.begin(), v.end()), sum = 0;
  for (double &x : v)
    sum += x = std::exp(x - most);
  for (double &x : v)
    x /= sum;
}

/// What attention adds to the residual stream x [T, H].
Matrix Model::attention(const Layer &layer, const Matrix &x,
                        size_t tokens) const {
  const Config &c = config;
  size_t d = c.headDim, qWidth = c.queryHeads * d, kvWidth = c.kvHeads * d;
  Matrix keys(tokens * kvWidth), values(tokens * kvWidth);
  Matrix y(tokens * c.hidden), q(qWidth), mixed(qWidth);
  for (size_t t = 0; t < tokens; ++t) {
    Matrix n = normalize(&x[t * c.hidden], layer.attentionNorm, c.epsilon);
    multiply(n.data(), layer.wq, q.data(), qWidth);
    multiply(n.data(), layer.wk, &keys[t * kvWidth], kvWidth);
    multiply(n.data(), layer.wv, &values[t * kvWidth], kvWidth);
    rotate(q.data(), c.queryHeads, d, t, c.theta);
    rotate(&keys[t * kvWidth], c.kvHeads, d, t, c.theta);
    size_t first = c.window && t + 1 > c.window ? t + 1 - c.window : 0;
    for (size_t h = 0; h < c.queryHeads; ++h) {
      size_t kv = h / (c.queryHeads / c.kvHeads) * d;
      std::vector<double> scores;
      for (size_t s = first; s <= t; ++s)
        scores.push_back(std::inner_product(&q[h * d], &q[h * d] + d,
                                            &keys[s * kvWidth + kv], 0.0) /
                         std::sqrt(double(d)));
      softmax(scores);
      for (size_t i = 0; i < d; ++i) {
        mixed[h * d + i] = 0;
        for (size_t s = first; s <= t; ++s)
          mixed[h * d + i] += scores[s - first] * values[s * kvWidth + kv + i];
      }
    }
    multiply(mixed.data(), layer.wo, &y[t * c.hidden], c.hidden);
  }
  return y;
}

/// The weights of the experts that `order` [E] begins with.
static std::vector<double> weigh(const Config &c, std::vector<double> logits,
                                 const std::vector<size_t> &order) {
  if (c.sigmoid)
    for (double &logit : logits)
      logit = 1 / (1 + std::exp(-logit));
  else
    softmax(logits);
  std::vector<double> weights;
  double sum = 0;
  for (size_t j = 0; j < c.choices; ++j) {
    weights.push_back(logits[order[j]]);
    sum += weights[j];
  }
  if (c.renormalize)
    for (double &weight : weights)
      weight /= sum;
  return weights;
}

/// y [H] = what the chosen experts make of x [H], normalized already.
void Model::mixture(const Layer &layer, const double *x, double *y) const {
  const Config &c = config;
  std::vector<size_t> order(c.experts);
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> weights{1};
  if (c.sparse) {
    std::vector<double> logits(c.experts);
    multiply(x, layer.router, logits.data(), c.experts);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
    });
    weights = weigh(c, logits, order);
  }
  std::fill(y, y + c.hidden, 0);
  Matrix gate(c.inner), up(c.inner), down(c.hidden);
  for (size_t j = 0; j < weights.size(); ++j) {
    const Expert &expert = layer.experts[order[j]];
    multiply(x, expert.gate, gate.data(), c.inner);
    multiply(x, expert.up, up.data(), c.inner);
    for (size_t i = 0; i < c.inner; ++i)
      gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    multiply(gate.data(), expert.down, down.data(), c.hidden);
    for (size_t i = 0; i < c.hidden; ++i)
      y[i] += weights[j] * down[i];
  }
}

Matrix Model::forward(const std::vector<int> &tokens) const {
  size_t h = config.hidden, count = tokens.size();
  Matrix x;
  for (int token : tokens)
    x.insert(x.end(), embedding.begin() + token * h,
             embedding.begin() + (token + 1) * h);
  Matrix y(h);
  for (const Layer &layer : layers) {
    Matrix attended = attention(layer, x, count);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] += attended[i];
    for (size_t t = 0; t < count; ++t) {
      Matrix n = normalize(&x[t * h], layer.ffnNorm, config.epsilon);
      mixture(layer, n.data(), y.data());
      for (size_t i = 0; i < h; ++i)
        x[t * h + i] += y[i];
    }
  }
  Matrix logits(count * config.vocabulary);
  for (size_t t = 0; t < count; ++t) {
    Matrix n = normalize(&x[t * h], norm, config.epsilon);
    multiply(n.data(), head, &logits[t * config.vocabulary], config.vocabulary);
  }
  return logits;
}

std::vector<int> Model::greedy(std::vector<int> tokens, size_t count) const {
  size_t prompt = tokens.size();
  for (size_t i = 0; i < count; ++i) {
    Matrix logits = forward(tokens);
    auto last = logits.end() - config.vocabulary;
    tokens.push_back(std::max_element(last, logits.end()) - last);
  }
  return {tokens.begin() + prompt, tokens.end()};
}

} // namespace reference
