//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/MatmulCases.h"

#include <cmath>
#include <cstring>
#include <map>

using namespace moec::test;

static std::string moduleText(Element weight) {
  std::string text;
  for (auto [n, k] : linearShapes) {
    MatmulText product = {weight, n, k};
    text += product.pack() + product.linear();
  }
  MatmulText router = {weight, routerShape.first, routerShape.second};
  text += router.pack() + router.router() + router.router(spell(weight));
  MatmulText grouped = {weight, groupedShape.first, groupedShape.second};
  return text + grouped.pack(expertCount) + grouped.grouped(expertCount) +
         grouped.grouped(expertCount, spell(weight));
}

const KernelLibrary &moec::test::matmulLibrary(Element weight,
                                               const std::string &target) {
  static std::map<std::pair<Element, std::string>,
                  std::unique_ptr<KernelLibrary>>
      libraries;
  auto &library = libraries[{weight, target}];
  if (!library)
    library =
        std::make_unique<KernelLibrary>(moduleText(weight), target, mostRows);
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
