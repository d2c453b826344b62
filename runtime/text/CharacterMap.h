//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The precompiled normalization rules of a SentencePiece model: the size of a
// double-array trie (uint32), the trie, and the replacements that its values
// point into, each ended by a zero byte. The library follows the offsets in
// the trie unchecked.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TEXT_CHARACTERMAP_H
#define RUNTIME_TEXT_CHARACTERMAP_H

#include <string>
#include <string_view>

namespace moert {

/// Checks that no text can lead a lookup out of the map. Returns what is
/// wrong, or nothing. An empty map is right.
std::string checkCharacterMap(std::string_view map);

} // namespace moert

#endif // RUNTIME_TEXT_CHARACTERMAP_H
