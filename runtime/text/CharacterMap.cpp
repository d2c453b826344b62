//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/CharacterMap.h"

#include "runtime/text/Utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

using namespace moert;

namespace {

/// Matches that the library has room for on the way through one key.
constexpr unsigned maxMatches = 32;
/// Longer keys than any rule has; bounds the recursion below.
constexpr unsigned maxKeyBytes = 256;

/// One unit of a double array as darts-clone lays it out.
struct Unit {
  uint32_t bits;
  bool isValue() const { return bits >> 31; }
  bool hasValue() const { return bits >> 8 & 1; }
  uint32_t value() const { return bits & 0x7FFFFFFF; }
  uint32_t label() const { return bits & 0x800000FF; }
  uint32_t offset() const { return (bits >> 10) << ((bits & 0x200) >> 6); }
};

/// Walks every key of a trie.
class TrieWalk {
public:
  TrieWalk(std::vector<Unit> units, std::string_view replacements)
      : units(std::move(units)), replacements(replacements),
        matchesBelow(this->units.size(), unvisited) {}

  /// Returns whether every key below unit `position` ends inside the map.
  bool visit(uint32_t position, unsigned depth) {
    if (depth > maxKeyBytes || matchesBelow[position] == inProgress)
      return false;
    if (matchesBelow[position] != unvisited)
      return true;
    matchesBelow[position] = inProgress;
    uint32_t base = position ^ units[position].offset();
    // Children lie in the same block of 256 units as their base.
    if ((base | 0xFF) >= units.size())
      return false;
    unsigned matches = 0;
    if (units[position].hasValue() && !isReplacement(units[base]))
      return false;
    for (uint32_t label = 0; label < 256; ++label) {
      uint32_t child = base ^ label;
      if (units[child].label() != label)
        continue;
      if (!visit(child, depth + 1))
        return false;
      matches = std::max(matches, matchesBelow[child]);
    }
    matches += units[position].hasValue();
    matchesBelow[position] = matches;
    return matches <= maxMatches;
  }

private:
  static constexpr unsigned unvisited = ~0u;
  static constexpr unsigned inProgress = ~0u - 1;

  bool isReplacement(Unit unit) const {
    return unit.isValue() && unit.value() < replacements.size() &&
           (replacements[unit.value()] & 0xC0) != 0x80;
  }

  std::vector<Unit> units;
  std::string_view replacements;
  /// Most values on a way down from a unit, itself included.
  std::vector<unsigned> matchesBelow;
};

} // namespace

std::string moert::checkCharacterMap(std::string_view map) {
  if (map.empty())
    return "";
  const char *error = "its normalization rules are damaged";
  uint32_t trieBytes;
  if (map.size() < sizeof trieBytes)
    return error;
  std::memcpy(&trieBytes, map.data(), sizeof trieBytes);
  map.remove_prefix(sizeof trieBytes);
  if (trieBytes >= map.size() || trieBytes % 1024 != 0 || trieBytes == 0)
    return error;
  std::string_view replacements = map.substr(trieBytes);
  if (replacements.back() != '\0' || !isUtf8(replacements))
    return error;
  std::vector<Unit> units(trieBytes / sizeof(Unit));
  std::memcpy(units.data(), map.data(), trieBytes);
  return TrieWalk(std::move(units), replacements).visit(0, 0) ? "" : error;
}
