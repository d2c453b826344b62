//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernel that rotates queries and keys and appends the keys to the cache:
/// the bits of the three kernels.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GroupChain.h"
#include "test/codegen/TestCache.h"

#include <gtest/gtest.h>

using namespace moec::test;

namespace {

struct Heads {
  int64_t queries, keys, size;
  Element cache;
  const char *keyTheta = "1.0e+06";

  std::string queryRow() const { return rowsOf(queries * size, Element::F32); }
  std::string keyRow() const { return rowsOf(keys * size, Element::F32); }
  std::string rope(const std::string &from, const std::string &to,
                   const std::string &theta, const std::string &type) const {
    return "  " + to + " = decoder.rope " + from + ", %batch head_dim(" +
           std::to_string(size) + ") theta(" + theta + ") : " + type + "\n";
  }
  std::string ropeQueries() const {
    return rope("%q", "%qr", "1.0e+06", queryRow());
  }
  std::string ropeKeys() const { return rope("%k", "%kr", keyTheta, keyRow()); }
  std::string append(const std::string &cacheType) const {
    return "  %after = decoder.append_kv %cache, %kr, %v, %batch layer(0) : " +
           cacheType + ", " + keyRow() + "\n";
  }
};

/// Two sequences, one of which crosses a page.
std::vector<Place> somePlaces() {
  std::vector<Place> places;
  for (int32_t i = 0; i < 40; ++i)
    places.push_back({0, 20 + i});
  places.push_back({1, 0});
  places.push_back({2, 95});
  return places;
}

} // namespace

class RopeGroup : public testing::TestWithParam<Heads> {};

TEST_P(RopeGroup, HasTheBitsOfTheChain) {
  const Heads &heads = GetParam();
  std::vector<Place> places = somePlaces();
  int64_t rows = places.size();
  TestCache cache(heads.cache, heads.keys, heads.size, 3, 3);
  TestBatch batch(places, cache);
  TestTensor q(Element::F32, rows * heads.queries * heads.size),
      k(Element::F32, rows * heads.keys * heads.size);
  q.randomize(1);
  k.randomize(2);
  TestTensor v = k, rotated = q, keys = k, groupRotated = q;
  v.randomize(3);

  auto ropeText = [](const std::string &name, const std::string &ops,
                     const std::string &type) {
    return KernelText{
        {{name, type}, {"%batch", "!decoder.batch"}}, ops, {{name + "r", type}}}
        .text();
  };
  runEverywhere(ropeText("%q", heads.ropeQueries(), heads.queryRow()),
                {reads(q), reads(batch.batch), writes(rotated)}, rows);
  runEverywhere(ropeText("%k", heads.ropeKeys(), heads.keyRow()),
                {reads(k), reads(batch.batch), writes(keys)}, rows);
  KernelText append = {{{"%cache", cache.type()},
                        {"%kr", heads.keyRow()},
                        {"%v", heads.keyRow()},
                        {"%batch", "!decoder.batch"}},
                       heads.append(cache.type()),
                       {{"%after", cache.type()}}};
  TestTensor &pages = cache.pages();
  pages.fill(0);
  TestTensor empty = pages;
  LoadedKernel appendKernel(append.text(), runnableTargets().front());
  runWhole(
      appendKernel,
      {reads(pages), reads(keys), reads(v), reads(batch.batch), writes(pages)},
      rows);

  KernelText group = {{{"%q", heads.queryRow()},
                       {"%k", heads.keyRow()},
                       {"%v", heads.keyRow()},
                       {"%batch", "!decoder.batch"},
                       {"%cache", cache.type()}},
                      heads.ropeQueries() + heads.ropeKeys() +
                          heads.append(cache.type()),
                      {{"%after", cache.type()}, {"%qr", heads.queryRow()}}};
  for (const std::string &target : runnableTargets()) {
    LoadedKernel kernel(group.text(), target);
    for (int64_t cut : {rows, int64_t(1), int64_t(5)}) {
      TestTensor groupPages = empty;
      groupRotated.fill(0);
      kernel.runInRanges({q.data(), k.data(), v.data(), &batch.batch,
                          groupPages.data(), groupPages.data(),
                          groupRotated.data()},
                         rows, cut);
      EXPECT_TRUE(sameBits(groupRotated, rotated)) << target << ", " << cut;
      EXPECT_TRUE(sameBits(groupPages, pages)) << target << ", " << cut;
    }
  }
}

static const Heads shapes[] = {
    {4, 2, 32, Element::BF16},
    {3, 1, 36, Element::F32},
    {8, 8, 128, Element::F16},
    {2, 1, 2, Element::BF16},
    {4, 2, 32, Element::F32, /*keyTheta=*/"1.0e+04"},
};
INSTANTIATE_TEST_SUITE_P(Shapes, RopeGroup, testing::ValuesIn(shapes));

TEST(RopeGroupErrors, TheCacheMustTakeRotatedKeys) {
  Heads heads = {4, 2, 32, Element::F32};
  std::string type = "!decoder.kv_cache<1, 2, 32, f32>";
  std::string append = heads.append(type);
  append.replace(append.find("%kr"), 3, "%k");
  KernelText group = {
      {{"%q", heads.queryRow()},
       {"%k", heads.keyRow()},
       {"%v", heads.keyRow()},
       {"%batch", "!decoder.batch"},
       {"%cache", type}},
      heads.ropeQueries() + heads.ropeKeys() + append,
      {{"%qr", heads.queryRow()}, {"%kr", heads.keyRow()}, {"%after", type}}};
  EXPECT_NE(compileError(group.text()).find("reads neither as keys"),
            std::string::npos);
}
