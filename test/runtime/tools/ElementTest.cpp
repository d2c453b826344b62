//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Element.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

using namespace moert::tools;

namespace {

uint64_t bitsOf(const char *type, Real value) {
  uint64_t bits = 0;
  EXPECT_TRUE(
      encode(*findElement(type), value, reinterpret_cast<std::byte *>(&bits)))
      << type << " " << static_cast<double>(value);
  return bits;
}

bool takes(const char *type, Real value) {
  std::byte bytes[8];
  return encode(*findElement(type), value, bytes);
}

} // namespace

// Every value of the small formats is encoded as it was decoded.
TEST(Element, EveryValueComesBack) {
  for (const char *type : {"f16", "bf16", "e4m3", "e5m2", "s8", "u16"}) {
    const Element &element = *findElement(type);
    for (uint32_t bits = 0; bits >> (8 * element.bytes) == 0; ++bits) {
      const Real value =
          decode(element, reinterpret_cast<const std::byte *>(&bits));
      uint32_t again = 0;
      ASSERT_TRUE(encode(element, value, reinterpret_cast<std::byte *>(&again)))
          << type << " " << bits;
      if (!std::isnan(value)) {
        ASSERT_EQ(again, bits) << type;
      } else {
        ASSERT_TRUE(std::isnan(
            decode(element, reinterpret_cast<const std::byte *>(&again))));
      }
    }
  }
}

// The CPU's own conversion.
TEST(Element, FloatsAreThoseOfTheCpu) {
  const double values[] = {0.0,     -0.0, 1.0,     0.1,     1e-40,
                           1.5e-45, 3e38, 1.0 / 3, -2.5e-7, 16777217.0};
  for (double value : values) {
    const auto narrow = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &narrow, sizeof bits);
    EXPECT_EQ(bitsOf("f32", value), bits) << value;
    uint64_t wide;
    std::memcpy(&wide, &value, sizeof wide);
    EXPECT_EQ(bitsOf("f64", value), wide) << value;
  }
}

TEST(Element, RoundsToNearestEven) {
  EXPECT_EQ(bitsOf("bf16", 1 + 1 / 256.0), 0x3F80u); // a tie
  EXPECT_EQ(bitsOf("bf16", 1 + 3 / 256.0), 0x3F82u); // a tie
  EXPECT_EQ(bitsOf("bf16", 1 + 1.1 / 256), 0x3F81u);
  EXPECT_EQ(bitsOf("f16", std::ldexp(1, -25)), 0u); // a tie with zero
  EXPECT_EQ(bitsOf("f16", std::ldexp(1.1, -25)), 1u);
  EXPECT_EQ(bitsOf("f16", 65519), 0x7BFFu);
  EXPECT_EQ(bitsOf("e4m3", 448), 0x7Eu);
  EXPECT_EQ(bitsOf("e4m3", 463), 0x7Eu);
}

TEST(Element, RefusesWhatIsOutOfRange) {
  const Real infinity = std::numeric_limits<Real>::infinity();
  EXPECT_FALSE(takes("f16", 65520));
  EXPECT_FALSE(takes("f32", 3.5e38));
  EXPECT_TRUE(takes("e4m3", 464)); // a tie with what would be NaN
  EXPECT_FALSE(takes("e4m3", 465));
  EXPECT_FALSE(takes("e4m3", infinity));
  EXPECT_TRUE(takes("e5m2", infinity));
  EXPECT_FALSE(takes("u8", 256));
  EXPECT_FALSE(takes("u8", -1));
  EXPECT_FALSE(takes("s8", -129));
  EXPECT_TRUE(takes("s8", -128));
  EXPECT_FALSE(takes("s32", 0.5));
  EXPECT_FALSE(takes("s64", std::nan("")));
  EXPECT_FALSE(takes("u64", std::ldexp(Real(1), 64)));
  EXPECT_EQ(bitsOf("u64", std::ldexp(Real(1), 64) - 1), ~uint64_t(0));
  EXPECT_EQ(bitsOf("s64", -std::ldexp(Real(1), 63)), uint64_t(1) << 63);
}

TEST(Element, ShowsAndReadsNumbers) {
  const Element &single = *findElement("f32");
  EXPECT_EQ(showNumber(single, 0.1f), "0.1");
  EXPECT_EQ(showNumber(single, 16777216), "16777216");
  EXPECT_EQ(showNumber(*findElement("u64"), std::ldexp(Real(1), 64) - 1),
            "18446744073709551615");
  Real value = 0;
  EXPECT_TRUE(parseNumber("-1e3", value));
  EXPECT_EQ(value, -1000);
  EXPECT_TRUE(parseNumber("0x10", value));
  EXPECT_EQ(value, 16);
  for (const char *text : {"", " 1", "1 ", "1x", "one"})
    EXPECT_FALSE(parseNumber(text, value)) << text;
}

TEST(Element, KnowsTheNamesOfNumpy) {
  EXPECT_STREQ(findNumpyElement("<f4")->name, "f32");
  EXPECT_STREQ(findNumpyElement("|b1")->name, "u8");
  EXPECT_STREQ(findNumpyElement("|u1")->name, "u8");
  for (const char *descr : {">f4", "=f4", "f4", "<f3", "", "|f4", "<f44"})
    EXPECT_EQ(findNumpyElement(descr), nullptr) << descr;
}
