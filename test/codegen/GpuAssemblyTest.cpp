//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of the sizes of real models assemble for every GPU without a spill
/// and without local memory.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/Assembler.h"
#include "test/codegen/AttentionCase.h"
#include "test/codegen/GpuHarness.h"
#include "test/codegen/GroupChain.h"

#include <gtest/gtest.h>

using namespace moec;
using namespace moec::test;

namespace {

struct Kernel {
  const char *name;
  std::string text;
};

} // namespace

class GpuAssembly
    : public testing::TestWithParam<std::tuple<Kernel, const char *>> {
protected:
  void SetUp() override {
    auto probe =
        assemblePtx(".version 8.0\n.target sm_80\n.address_size 64\n", "sm_80");
    if (!probe)
      GTEST_SKIP() << "no ptxas: " << llvm::toString(probe.takeError());
  }
};

TEST_P(GpuAssembly, NeedsNoLocalMemory) {
  auto [kernel, target] = GetParam();
  auto assembly = assemblePtx(GpuKernel(kernel.text, target).ptx(), target);
  ASSERT_TRUE(static_cast<bool>(assembly))
      << llvm::toString(assembly.takeError());
  EXPECT_EQ(assembly->kernels["k"].stackBytes, 0);
  EXPECT_GT(assembly->kernels["k"].registers, 0);
  RecordProperty("registers", std::to_string(assembly->kernels["k"].registers));
}

static std::string attention(AttentionCase shape) {
  return shape.module(
      TestCache(shape.cacheType, shape.kvHeads, shape.headDim, 1, 1));
}

/// What may come beside Mixtral 8x7B, whose kernels gpu-assemble.test
/// assembles.
static std::vector<Kernel> kernels() {
  return {
      {"window",
       attention({8, 4, 128, Element::BF16, Element::BF16, /*window=*/4096})},
      {"multihead", attention({32, 1, 128, Element::F16, Element::F32})},
      {"multiquery", attention({1, 16, 128, Element::BF16, Element::BF16})},
      {"wideheads", attention({8, 2, 256, Element::BF16, Element::BF16})},
      {"smallheads", attention({2, 4, 24, Element::BF16, Element::BF16})},
  };
}

/// Much shared memory and little, old and new.
INSTANTIATE_TEST_SUITE_P(Kernels, GpuAssembly,
                         testing::Combine(testing::ValuesIn(kernels()),
                                          testing::Values("sm_80", "sm_90a",
                                                          "sm_120a")),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param).name) +
                                  "_" + std::get<1>(info.param);
                         });
