//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Cost.h"

#include <gtest/gtest.h>

using namespace moert;

TEST(Cost, ExpectedExperts) {
  EXPECT_DOUBLE_EQ(expectedExperts(8, 2, 1), 2);
  EXPECT_DOUBLE_EQ(expectedExperts(8, 2, 2), 3.5);
  EXPECT_DOUBLE_EQ(expectedExperts(8, 8, 1), 8);
  EXPECT_NEAR(expectedExperts(8, 2, 512), 8, 1e-9);
}

TEST(Cost, ExtentsAreLinearInTheirSymbol) {
  StepSize size{7, 3};
  EXPECT_EQ(evaluate({2, 5, format::Symbol::Tokens}, size), 19);
  EXPECT_EQ(evaluate({2, 5, format::Symbol::Rows}, size), 11);
  EXPECT_EQ(evaluate({0, 4, format::Symbol::Rows}, {1, 0}), 4);
}
