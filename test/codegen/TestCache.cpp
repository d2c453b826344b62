//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/TestCache.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace moec::test;

TestCache::TestCache(Element element, int64_t heads, int64_t headDim,
                     int64_t sequences, int64_t pagesPerSequence)
    : heads(heads), headDim(headDim), pagesPerSequence(pagesPerSequence),
      pageTable(sequences * pagesPerSequence),
      storage(element, sequences * pagesPerSequence * heads * 2 * headDim *
                           MOERT_PAGE_TOKENS) {
  std::iota(pageTable.begin(), pageTable.end(), 0);
  std::shuffle(pageTable.begin(), pageTable.end(), std::mt19937(7));
  storage.fill(NAN);
}

std::string TestCache::type() const {
  return "!decoder.kv_cache<1, " + std::to_string(heads) + ", " +
         std::to_string(headDim) + ", " + spell(storage.element()) + ">";
}

/// First element of K of a position's page.
int64_t TestCache::base(Place place, int64_t head) const {
  int64_t page = pageTable[place.sequence * pagesPerSequence +
                           place.position / MOERT_PAGE_TOKENS];
  return (page * heads + head) * 2 * headDim * MOERT_PAGE_TOKENS;
}

int64_t TestCache::keyIndex(Place place, int64_t head, int64_t d) const {
  return base(place, head) + d * MOERT_PAGE_TOKENS +
         place.position % MOERT_PAGE_TOKENS;
}

int64_t TestCache::valueIndex(Place place, int64_t head, int64_t d) const {
  return base(place, head) + headDim * MOERT_PAGE_TOKENS +
         place.position % MOERT_PAGE_TOKENS * headDim + d;
}

double TestCache::key(Place place, int64_t head, int64_t d) const {
  return storage.get(keyIndex(place, head, d));
}

double TestCache::value(Place place, int64_t head, int64_t d) const {
  return storage.get(valueIndex(place, head, d));
}

void TestCache::randomize(Place place, unsigned seed) {
  TestTensor numbers(Element::F32, 2 * heads * headDim);
  numbers.randomize(seed + 7919 * place.position + 104729 * place.sequence);
  for (int64_t head = 0; head < heads; ++head)
    for (int64_t d = 0; d < headDim; ++d) {
      int64_t i = 2 * (head * headDim + d);
      storage.set(keyIndex(place, head, d), numbers.get(i));
      storage.set(valueIndex(place, head, d), numbers.get(i + 1));
    }
}

TestBatch::TestBatch(const std::vector<Place> &places, const TestCache &cache) {
  for (Place place : places) {
    positions.push_back(place.position);
    sequences.push_back(place.sequence);
  }
  batch = {positions.data(), sequences.data(), cache.pageTable.data(),
           cache.pagesPerSequence};
}
