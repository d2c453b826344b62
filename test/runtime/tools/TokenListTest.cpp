//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/TokenList.h"

#include "gtest/gtest.h"

#include <stdexcept>

using namespace moert::tools;

static std::string refusal(std::string_view text) {
  try {
    parseTokens(text);
  } catch (const std::invalid_argument &error) {
    return error.what();
  }
  return "";
}

TEST(TokenListTest, ReadsCommasSpacesAndNewlines) {
  Tokens tokens = {1, 22557, 3};
  for (const char *text : {"1,22557,3", "1 22557 3\n", "1\n22557\r\n3\n",
                           "1, 22557 ,3", "\t1,\n22557\t 3 "})
    EXPECT_EQ(parseTokens(text), tokens) << text;
}

TEST(TokenListTest, ReadsJsonArrays) {
  EXPECT_EQ(parseTokens("[1, 2,3]\n"), (Tokens{1, 2, 3}));
  EXPECT_EQ(parseTokens("[]"), Tokens{});
}

TEST(TokenListTest, NothingIsAnEmptyList) {
  EXPECT_EQ(parseTokens(""), Tokens{});
  EXPECT_EQ(parseTokens(" \n"), Tokens{});
}

TEST(TokenListTest, RangeIsTheModelsBusiness) {
  EXPECT_EQ(parseTokens("-1 2147483647"), (Tokens{-1, 2147483647}));
}

TEST(TokenListTest, RefusesWhatIsNoList) {
  EXPECT_EQ(refusal("1 two"), "'two' is no token id");
  EXPECT_EQ(refusal("1.5"), "'1.5' is no token id");
  EXPECT_EQ(refusal("0x10"), "'0x10' is no token id");
  EXPECT_EQ(refusal("1,99999999999"),
            "'99999999999' is no token id, it has more than 32 bits");
  EXPECT_EQ(refusal("1,,2"), "a token id is missing before ','");
  EXPECT_EQ(refusal(",1"), "a token id is missing before ','");
  EXPECT_EQ(refusal("1,"), "a token id is missing after the last ','");
  EXPECT_EQ(refusal("[1,2"), "the list that '[' begins has no ']' at its end");
  EXPECT_EQ(refusal("["), "the list that '[' begins has no ']' at its end");
  EXPECT_EQ(refusal("[1]]"), "'1]' is no token id");
  EXPECT_EQ(refusal(std::string_view("1\0002\x1b", 4)),
            "'1?2?' is no token id");
}

TEST(TokenListTest, WritesWhatItReads) {
  EXPECT_EQ(formatTokens({1, 2, 3}), "1 2 3");
  EXPECT_EQ(formatTokens({}), "");
}
