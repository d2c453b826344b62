//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/MatmulCases.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

using namespace moec::test;

static std::string moduleText(Element weight, Order order) {
  bool packs = order == Order::Chain;
  std::string text;
  for (auto [n, k] : linearShapes) {
    MatmulText product = {weight, n, k, order};
    text += (packs ? product.pack() : "") + product.linear();
  }
  MatmulText router = {weight, routerShape.first, routerShape.second};
  text += router.pack() + router.router() + router.router(spell(weight));
  MatmulText grouped = {weight, groupedShape.first, groupedShape.second, order};
  return text + (packs ? grouped.pack(expertCount) : "") +
         grouped.grouped(expertCount) +
         grouped.grouped(expertCount, spell(weight));
}

static Order orderOf(const std::string &target) {
  std::vector<std::string> tiles = runnableTargets(Order::Tiles);
  bool isOne = std::find(tiles.begin(), tiles.end(), target) != tiles.end();
  return isOne ? Order::Tiles : Order::Chain;
}

const KernelLibrary &moec::test::matmulLibrary(Element weight,
                                               const std::string &target) {
  static std::map<std::pair<Element, std::string>,
                  std::unique_ptr<KernelLibrary>>
      libraries;
  auto &library = libraries[{weight, target}];
  if (!library)
    library = std::make_unique<KernelLibrary>(
        moduleText(weight, orderOf(target)), target, mostRows);
  return *library;
}

TestTensor moec::test::floats(int64_t count) {
  return TestTensor(Element::F32, count).fill(NAN);
}

testing::AssertionResult
moec::test::sameBits(const float *got, const float *wanted, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (std::memcmp(got + i, wanted + i, sizeof(float)) != 0)
      return testing::AssertionFailure()
             << "element " << i << " is " << got[i] << ", not " << wanted[i];
  return testing::AssertionSuccess();
}
