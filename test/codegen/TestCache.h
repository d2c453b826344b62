//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A paged cache of one layer and the batches that refer to it, as the runtime
/// keeps them.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_TESTCACHE_H
#define TEST_CODEGEN_TESTCACHE_H

#include "runtime/abi/Kernel.h"
#include "test/codegen/TestTensor.h"

namespace moec::test {

/// A token of a step.
struct Place {
  int32_t sequence, position;
};

/// Pages of several sequences, in shuffled order. Everything is NaN until it
/// is written.
class TestCache {
public:
  TestCache(Element element, int64_t heads, int64_t headDim, int64_t sequences,
            int64_t pagesPerSequence);

  /// "!decoder.kv_cache<1, 2, 8, bf16>"
  std::string type() const;
  TestTensor &pages() { return storage; }

  double key(Place place, int64_t head, int64_t d) const;
  double value(Place place, int64_t head, int64_t d) const;
  /// Random keys and values for a position.
  void randomize(Place place, unsigned seed);

  int64_t heads, headDim, pagesPerSequence;
  std::vector<int32_t> pageTable;

private:
  int64_t keyIndex(Place place, int64_t head, int64_t d) const;
  int64_t valueIndex(Place place, int64_t head, int64_t d) const;
  int64_t base(Place place, int64_t head) const;

  TestTensor storage;
};

/// The argument of a `!decoder.batch`, with the arrays that it points to.
class TestBatch {
public:
  TestBatch(const std::vector<Place> &places, const TestCache &cache);
  moert_batch batch;

private:
  std::vector<int32_t> positions, sequences;
};

} // namespace moec::test

#endif // TEST_CODEGEN_TESTCACHE_H
