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

namespace {

/// What the operations read and write.
struct Values {
  TestCache cache;
  TestBatch batch;
  int64_t rows;
  TestTensor q, k, v, rotated, keys;

  explicit Values(const Heads &heads)
      : cache(heads.cache, heads.keys, heads.size, 3, 3),
        batch(somePlaces(), cache), rows(somePlaces().size()),
        q(Element::F32, rows * heads.queries * heads.size),
        k(Element::F32, rows * heads.keys * heads.size), v(k), rotated(q),
        keys(k) {
    q.randomize(1);
    k.randomize(2);
    v.randomize(3);
    cache.pages().fill(0);
  }
};

} // namespace

/// A kernel of one rotation.
static std::string ropeText(const std::string &name, const std::string &op,
                            const std::string &type) {
  return KernelText{
      {{name, type}, {"%batch", "!decoder.batch"}}, op, {{name + "r", type}}}
      .text();
}

static void runChain(const Heads &heads, Values &v) {
  runEverywhere(ropeText("%q", heads.ropeQueries(), heads.queryRow()),
                {reads(v.q), reads(v.batch.batch), writes(v.rotated)}, v.rows);
  runEverywhere(ropeText("%k", heads.ropeKeys(), heads.keyRow()),
                {reads(v.k), reads(v.batch.batch), writes(v.keys)}, v.rows);
  KernelText append = {{{"%cache", v.cache.type()},
                        {"%kr", heads.keyRow()},
                        {"%v", heads.keyRow()},
                        {"%batch", "!decoder.batch"}},
                       heads.append(v.cache.type()),
                       {{"%after", v.cache.type()}}};
  TestTensor &pages = v.cache.pages();
  runWhole(LoadedKernel(append.text(), runnableTargets().front()),
           {reads(pages), reads(v.keys), reads(v.v), reads(v.batch.batch),
            writes(pages)},
           v.rows);
}

TEST_P(RopeGroup, HasTheBitsOfTheChain) {
  const Heads &heads = GetParam();
  Values expected(heads);
  runChain(heads, expected);
  std::string cacheType = expected.cache.type();
  KernelText group = {{{"%q", heads.queryRow()},
                       {"%k", heads.keyRow()},
                       {"%v", heads.keyRow()},
                       {"%batch", "!decoder.batch"},
                       {"%cache", cacheType}},
                      heads.ropeQueries() + heads.ropeKeys() +
                          heads.append(cacheType),
                      {{"%after", cacheType}, {"%qr", heads.queryRow()}}};
  for (const std::string &target : runnableTargets()) {
    LoadedKernel kernel(group.text(), target);
    for (int64_t cut : {expected.rows, int64_t(1), int64_t(5)}) {
      Values v(heads);
      void *pages = v.cache.pages().data();
      kernel.runInRanges({v.q.data(), v.k.data(), v.v.data(), &v.batch.batch,
                          pages, pages, v.rotated.data()},
                         v.rows, cut);
      EXPECT_TRUE(sameBits(v.rotated, expected.rotated))
          << target << ", ranges of " << cut;
      EXPECT_TRUE(sameBits(v.cache.pages(), expected.cache.pages()))
          << target << ", ranges of " << cut;
    }
  }
  GpuKernel kernel(group.text(), "sm_80");
  for (const GpuMode &mode : gpuModes()) {
    Values v(heads);
    TestTensor &pages = v.cache.pages();
    kernel.run({reads(v.q), reads(v.k), reads(v.v), reads(v.batch.batch),
                reads(pages), writes(pages), writes(v.rotated)},
               v.rows, mode);
    EXPECT_TRUE(sameBits(v.rotated, expected.rotated)) << mode.name();
    EXPECT_TRUE(sameBits(pages, expected.cache.pages())) << mode.name();
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
