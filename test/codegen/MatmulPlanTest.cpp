//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What matrix kernels refuse, and how launches of them are planned.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace moec::test;
using testing::HasSubstr;

namespace {

std::string linear(const std::string &x, const std::string &w) {
  return "exec.kernel @k {\n^bb0(%x: " + x + ", %w: " + w +
         "):\n  %y = decoder.linear %x, %w : " + x + ", " + w +
         " -> tensor<?x40xf32>\n  exec.yield %y : tensor<?x40xf32>\n}";
}

std::string pack(const std::string &from, const std::string &to) {
  return "exec.kernel @k {\n^bb0(%x: " + from +
         "):\n  %y = exec.pack %x : " + from + " -> " + to +
         "\n  exec.yield %y : " + to + "\n}";
}

const char *blocks = "tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>";
const char *panels = "tensor<40x48xbf16, #exec.panels<32, 8, 2>>";

} // namespace

TEST(MatmulPlan, TasksArePanels) {
  LoadedKernel kernel(linear(blocks, panels), "x86-64-v3");
  EXPECT_EQ(kernel.tasks(1), 2);
  EXPECT_EQ(kernel.tasks(1000), 2);
}

TEST(MatmulPlan, TasksOfAPackingAreCacheLinesOfARow) {
  LoadedKernel kernel(pack("tensor<?x66xbf16>",
                           "tensor<?x66xbf16, #exec.row_blocks<12, 256, 8>>"),
                      "x86-64-v3");
  EXPECT_EQ(kernel.tasks(7), 3);
}

TEST(MatmulPlan, RefusesRowMajorActivations) {
  EXPECT_THAT(compileError(linear("tensor<?x48xbf16>", panels)),
              HasSubstr("read the layout #exec.row_blocks<12, 256, 8>"));
}

TEST(MatmulPlan, RefusesRowMajorWeights) {
  EXPECT_THAT(compileError(linear(blocks, "tensor<40x48xbf16>")),
              HasSubstr("read the layout #exec.panels<32, 8, 2>"));
}

TEST(MatmulPlan, RefusesPanelsOfAnotherWidth) {
  EXPECT_THAT(compileError(
                  linear(blocks, "tensor<40x48xbf16, #exec.panels<16, 8, 2>>")),
              HasSubstr("#exec.panels<32, 8, 2>"));
}

TEST(MatmulPlan, RefusesToPackWeights) {
  EXPECT_THAT(compileError(pack("tensor<40x48xbf16>", panels)),
              HasSubstr("only activations are packed by a kernel"));
}

TEST(MatmulPlan, RefusesBlocksOfAnotherSize) {
  EXPECT_THAT(
      compileError(pack("tensor<?x48xbf16>",
                        "tensor<?x48xbf16, #exec.row_blocks<6, 256, 8>>")),
      HasSubstr("blocks of 12 rows and slabs of 256"));
}
