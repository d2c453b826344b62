//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/Utf8.h"

#include "gtest/gtest.h"

using namespace moert;

TEST(Utf8Test, KnowsCharactersOfEveryLength) {
  for (std::string_view text : {"a", "\x7f", "\xc2\x80", "\xe0\xa0\x80",
                                "\xed\x9f\xbf", "\xf0\x90\x80\x80",
                                "\xf4\x8f\xbf\xbf"}) {
    Utf8Prefix prefix = classifyUtf8(text);
    EXPECT_EQ(prefix.kind, Utf8Prefix::Character);
    EXPECT_EQ(prefix.length, text.size());
  }
}

TEST(Utf8Test, KnowsWhatFurtherBytesCanComplete) {
  for (std::string_view text : {"\xc2", "\xe0", "\xe0\xa0", "\xf0\x90\x80"})
    EXPECT_EQ(classifyUtf8(text).kind, Utf8Prefix::Incomplete);
}

TEST(Utf8Test, RefusesOverlongFormsSurrogatesAndBeyond) {
  for (std::string_view text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\xc2\x41", "\xe0\xa0\x41"}) {
    EXPECT_EQ(classifyUtf8(text).kind, Utf8Prefix::Invalid);
    EXPECT_EQ(classifyUtf8(text).length, 1u);
    EXPECT_FALSE(isUtf8(text));
  }
}

TEST(Utf8Test, ATextMayNotEndInsideACharacter) {
  EXPECT_TRUE(isUtf8(""));
  EXPECT_TRUE(isUtf8("h\u00e9llo"));
  EXPECT_FALSE(isUtf8("h\xc3"));
}
