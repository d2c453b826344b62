//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/AttentionCase.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

std::string AttentionCase::module(const TestCache &cache) const {
  std::string width = "tensor<?x" + std::to_string(this->width()) + "x";
  std::string q = width + "f32>", y = width + spell(resultType) + ">";
  std::string visible = window ? " window(" + std::to_string(window) + ")" : "";
  std::string most =
      maxTokens
          ? " attributes {max_tokens = " + std::to_string(maxTokens) + " : i64}"
          : "";
  return "exec.kernel @k" + most + " {\n^bb0(%q: " + q +
         ", %cache: " + cache.type() +
         ", %batch: !decoder.batch):\n"
         "  %y = decoder.attention %q, %cache, %batch layer(0) scale(" +
         std::to_string(scale) + ")" + visible + " : " + q + ", " +
         cache.type() + " -> " + y + "\n  exec.yield %y : " + y + "\n}\n";
}

std::vector<double> AttentionCase::attend(const TestCache &cache,
                                          const TestTensor &queries,
                                          int64_t first, Place place,
                                          int64_t head) const {
  int32_t from = 0;
  if (window)
    from = std::max<int64_t>(0, place.position - window + 1);
  std::vector<double> y(headDim), scores;
  double best = -INFINITY, sum = 0;
  for (int32_t s = from; s <= place.position; ++s) {
    double dot = 0;
    for (int64_t d = 0; d < headDim; ++d)
      dot += queries.get(first + d) * cache.key({place.sequence, s}, head, d);
    scores.push_back(scale * dot);
    best = std::max(best, scores.back());
  }
  for (double score : scores)
    sum += std::exp(score - best);
  for (size_t i = 0; i < scores.size(); ++i)
    for (int64_t d = 0; d < headDim; ++d)
      y[d] += std::exp(scores[i] - best) / sum *
              cache.value({place.sequence, from + int32_t(i)}, head, d);
  return y;
}

void AttentionCase::expectNear(const TestCache &cache,
                               const TestTensor &queries,
                               const std::vector<Place> &places,
                               const TestTensor &y, double tolerance) const {
  for (size_t t = 0; t < places.size(); ++t)
    for (int64_t q = 0; q < kvHeads * group; ++q) {
      int64_t first = t * width() + q * headDim;
      auto expected = attend(cache, queries, first, places[t], q / group);
      for (int64_t d = 0; d < headDim; ++d)
        ASSERT_NEAR(y.get(first + d), expected[d], tolerance)
            << "token " << t << ", query head " << q << ", element " << d;
    }
}

TestCache AttentionCase::fullCache(int32_t length) const {
  TestCache cache(cacheType, kvHeads, headDim, 2,
                  length / MOERT_PAGE_TOKENS + 1);
  for (int32_t sequence : {0, 1})
    fillSequence(cache, sequence, length);
  return cache;
}

std::vector<Place> moec::test::chunk(int32_t sequence, int32_t from,
                                     int32_t to) {
  std::vector<Place> places;
  for (int32_t s = from; s < to; ++s)
    places.push_back({sequence, s});
  return places;
}

std::vector<Place> moec::test::mixedStep() {
  std::vector<Place> places = chunk(0, 3, 40);
  for (int32_t i = 0; i < 5; ++i) {
    places.push_back({1, 30 + i});
    places.push_back({0, 60 + i});
  }
  for (Place place : chunk(1, 100, 150))
    places.push_back(place);
  return places;
}

void moec::test::setQueries(TestTensor &queries,
                            const std::vector<Place> &places, int64_t width) {
  constexpr unsigned querySeed = 11;
  for (size_t t = 0; t < places.size(); ++t) {
    TestTensor row(Element::F32, width);
    row.randomize(querySeed + places[t].position + 999 * places[t].sequence,
                  2.0);
    for (int64_t i = 0; i < width; ++i)
      queries.set(t * width + i, row.get(i));
  }
}

void moec::test::fillSequence(TestCache &cache, int32_t sequence, int32_t to,
                              int32_t from) {
  for (int32_t s = from; s < to; ++s)
    cache.randomize({sequence, s}, 5);
}
