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
  AttentionCase shape;
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

static void expectNoLocalMemory(const AttentionCase &shape,
                                const std::string &target,
                                const std::string &modes) {
  TestCache cache(shape.cacheType, shape.kvHeads, shape.headDim, 1, 1);
  GpuKernel kernel(shape.module(cache), target + modes);
  auto assembly = assemblePtx(kernel.ptx(), target);
  ASSERT_TRUE(static_cast<bool>(assembly))
      << kernel.plan().method << ": " << llvm::toString(assembly.takeError());
  EXPECT_EQ(assembly->kernels["k"].stackBytes, 0) << kernel.plan().method;
  EXPECT_GT(assembly->kernels["k"].registers, 0) << kernel.plan().method;
}

/// For many tokens, with and without tensor cores, and for few.
TEST_P(GpuAssembly, NeedsNoLocalMemory) {
  auto [kernel, target] = GetParam();
  AttentionCase shape = kernel.shape;
  expectNoLocalMemory(shape, target, "");
  // Those of sm_80 are as those of sm_90a.
  if (target == std::string("sm_80"))
    return;
  expectNoLocalMemory(shape, target, ", batch");
  shape.maxTokens = 8;
  expectNoLocalMemory(shape, target, "");
}

/// What may come beside Mixtral 8x7B, whose kernels gpu-assemble.test
/// assembles.
static std::vector<Kernel> kernels() {
  return {
      {"window", {8, 4, 128, Element::BF16, Element::BF16, /*window=*/4096}},
      {"multihead", {32, 1, 128, Element::F16, Element::F32}},
      {"multiquery", {1, 16, 128, Element::BF16, Element::BF16}},
      {"odd", {3, 5, 112, Element::BF16, Element::F32, /*window=*/100}},
      {"wideheads", {8, 2, 256, Element::BF16, Element::BF16}},
      {"smallheads", {2, 4, 24, Element::BF16, Element::BF16}},
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
