//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of attention for tests, with their operands.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_ATTENTIONCASE_H
#define TEST_CODEGEN_ATTENTIONCASE_H

#include "test/codegen/TestCache.h"

#include <string>
#include <vector>

namespace moec::test {

/// Sizes of a case.
struct AttentionCase {
  int64_t kvHeads, group, headDim;
  Element cacheType = Element::F32, resultType = Element::F32;
  int64_t window = 0;
  int64_t context = 131; ///< longest sequence
  int64_t maxTokens = 0; ///< of a step; 0: the kernel does not say

  int64_t width() const { return kvHeads * group * headDim; }
  static constexpr double scale = 0.25;

  /// The text of the kernel: queries, cache and batch to the result.
  std::string module(const TestCache &cache) const;
  /// Attention of one query head, whose elements begin at `first`, in double.
  std::vector<double> attend(const TestCache &cache, const TestTensor &queries,
                             int64_t first, Place place, int64_t head) const;
  /// That all results of a step, [tokens][width], are so near to it.
  void expectNear(const TestCache &cache, const TestTensor &queries,
                  const std::vector<Place> &places, const TestTensor &y,
                  double tolerance) const;
  /// Two sequences of `length` random positions.
  TestCache fullCache(int32_t length) const;
};

/// Neighbouring positions [from, to) of a sequence.
std::vector<Place> chunk(int32_t sequence, int32_t from, int32_t to);
/// Of two sequences of 150 positions: the end of a prompt, single tokens, and a
/// prompt that begins within a tile.
std::vector<Place> mixedStep();

/// Queries that depend on the tokens' places alone.
void setQueries(TestTensor &queries, const std::vector<Place> &places,
                int64_t width);

/// Random keys and values at the positions [from, to) of a sequence.
void fillSequence(TestCache &cache, int32_t sequence, int32_t to,
                  int32_t from = 0);

} // namespace moec::test

#endif // TEST_CODEGEN_ATTENTIONCASE_H
