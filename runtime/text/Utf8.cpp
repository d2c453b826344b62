//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/Utf8.h"

using namespace moert;

namespace {

/// What a first byte promises: the length of the character and the range of
/// its second byte, which excludes overlong forms, surrogates and code points
/// above U+10FFFF. Length 0: no character starts so.
struct Lead {
  size_t length;
  unsigned char low;
  unsigned char high;
};

Lead classifyLead(unsigned char byte) {
  if (byte < 0x80)
    return {1, 0, 0};
  if (byte < 0xC2 || byte > 0xF4)
    return {0, 0, 0};
  if (byte < 0xE0)
    return {2, 0x80, 0xBF};
  if (byte < 0xF0) {
    unsigned char low = byte == 0xE0 ? 0xA0 : 0x80;
    unsigned char high = byte == 0xED ? 0x9F : 0xBF;
    return {3, low, high};
  }
  unsigned char low = byte == 0xF0 ? 0x90 : 0x80;
  unsigned char high = byte == 0xF4 ? 0x8F : 0xBF;
  return {4, low, high};
}

} // namespace

Utf8Prefix moert::classifyUtf8(std::string_view bytes) {
  Lead lead = classifyLead(static_cast<unsigned char>(bytes[0]));
  if (lead.length == 0)
    return {Utf8Prefix::Invalid, 1};
  for (size_t i = 1; i < lead.length; ++i) {
    if (i == bytes.size())
      return {Utf8Prefix::Incomplete, 0};
    auto byte = static_cast<unsigned char>(bytes[i]);
    unsigned char low = i == 1 ? lead.low : 0x80;
    unsigned char high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high)
      return {Utf8Prefix::Invalid, 1};
  }
  return {Utf8Prefix::Character, lead.length};
}

bool moert::isUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    Utf8Prefix prefix = classifyUtf8(bytes);
    if (prefix.kind != Utf8Prefix::Character)
      return false;
    bytes.remove_prefix(prefix.length);
  }
  return true;
}
