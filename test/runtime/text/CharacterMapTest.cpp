//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/CharacterMap.h"

#include "gtest/gtest.h"

#include <array>
#include <cstdint>
#include <cstring>

using namespace moert;

namespace {

constexpr const char *damaged = "its normalization rules are damaged";

/// A unit that leads to `offset` on `label`, and has a value there or not.
uint32_t unit(uint32_t offset, uint8_t label, bool hasValue) {
  return offset << 10 | uint32_t(hasValue) << 8 | label;
}

constexpr uint32_t value(uint32_t index) { return 1u << 31 | index; }

/// The map of the one rule "a" -> "b". Units: the root at 0 leads to block 0,
/// 'a' (97) leads to the base 2, where its value is.
struct Map {
  std::array<uint32_t, 256> units{};
  std::string replacements = std::string("b\0", 2);

  Map() {
    units.fill(value(0)); // which no label matches
    units[0] = unit(1, 0, false);
    units[1 ^ 'a'] = unit((1 ^ 'a') ^ 2, 'a', true);
    units[2] = value(0);
  }

  std::string bytes() const {
    auto size = static_cast<uint32_t>(sizeof units);
    std::string out(reinterpret_cast<const char *>(&size), sizeof size);
    out.append(reinterpret_cast<const char *>(units.data()), sizeof units);
    return out + replacements;
  }
};

} // namespace

TEST(CharacterMapTest, AcceptsNoRulesAndOneRule) {
  EXPECT_EQ(checkCharacterMap(""), "");
  EXPECT_EQ(checkCharacterMap(Map().bytes()), "");
}

TEST(CharacterMapTest, RefusesTruncation) {
  std::string bytes = Map().bytes();
  for (size_t size = 1; size < bytes.size(); ++size)
    EXPECT_EQ(checkCharacterMap(bytes.substr(0, size)), damaged) << size;
}

TEST(CharacterMapTest, RefusesUnitsThatLeadOutOfTheTrie) {
  Map map;
  map.units[1 ^ 'a'] = unit(256, 'a', true);
  EXPECT_EQ(checkCharacterMap(map.bytes()), damaged);
}

TEST(CharacterMapTest, RefusesValuesBeyondTheReplacements) {
  Map map;
  map.units[2] = value(2);
  EXPECT_EQ(checkCharacterMap(map.bytes()), damaged);
}

TEST(CharacterMapTest, RefusesValuesThatAreNone) {
  Map map;
  map.units[2] = unit(0, 'z', false);
  EXPECT_EQ(checkCharacterMap(map.bytes()), damaged);
}

TEST(CharacterMapTest, RefusesReplacementsWithoutAnEnd) {
  Map map;
  map.replacements = "b";
  EXPECT_EQ(checkCharacterMap(map.bytes()), damaged);
}

TEST(CharacterMapTest, RefusesCyclesOfUnits) {
  Map map;
  // 'a' leads back to the root's base: "aaaa..." would match without end.
  map.units[1 ^ 'a'] = unit((1 ^ 'a') ^ 1, 'a', false);
  EXPECT_EQ(checkCharacterMap(map.bytes()), damaged);
}
