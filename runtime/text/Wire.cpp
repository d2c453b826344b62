//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/Wire.h"

#include <cstring>

using namespace moert;

bool WireReader::readVarint(uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest.empty())
      return false;
    auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= uint64_t(byte & 0x7F) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

bool WireReader::readFixed(unsigned bytes, uint64_t &value) {
  if (rest.size() < bytes)
    return false;
  value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value |= uint64_t(static_cast<unsigned char>(rest[i])) << (8 * i);
  rest.remove_prefix(bytes);
  return true;
}

bool WireReader::readBytes(std::string_view &bytes) {
  uint64_t length;
  if (!readVarint(length) || length > rest.size())
    return false;
  bytes = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}

bool WireReader::readPayload(WireField &field) {
  switch (field.type) {
  case WireType::Varint:
    return readVarint(field.value);
  case WireType::Fixed64:
    return readFixed(8, field.value);
  case WireType::Bytes:
    return readBytes(field.bytes);
  case WireType::Fixed32:
    return readFixed(4, field.value);
  }
  return false; // groups, which no message of this format has
}

bool WireReader::next(WireField &field) {
  if (failed || rest.empty())
    return false;
  uint64_t tag;
  if (readVarint(tag) && tag >> 3 != 0) {
    field = {tag >> 3, WireType(tag & 7), 0, {}};
    if (readPayload(field))
      return true;
  }
  failed = true;
  return false;
}

void moert::appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void moert::appendNumber(std::string &out, unsigned field, uint64_t value) {
  appendVarint(out, field << 3 | unsigned(WireType::Varint));
  appendVarint(out, value);
}

void moert::appendFloat(std::string &out, unsigned field, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  appendVarint(out, field << 3 | unsigned(WireType::Fixed32));
  for (unsigned i = 0; i < 4; ++i)
    out.push_back(static_cast<char>(bits >> (8 * i)));
}

void moert::appendBytes(std::string &out, unsigned field,
                        std::string_view bytes) {
  appendVarint(out, field << 3 | unsigned(WireType::Bytes));
  appendVarint(out, bytes.size());
  out.append(bytes);
}
