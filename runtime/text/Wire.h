//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The wire format of protocol buffers, as far as SentencePiece models use it:
// https://protobuf.dev/programming-guides/encoding
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TEXT_WIRE_H
#define RUNTIME_TEXT_WIRE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace moert {

enum class WireType : uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  Fixed32 = 5
};

/// One field of a message.
struct WireField {
  uint64_t number;
  WireType type;
  uint64_t value;         ///< of a number
  std::string_view bytes; ///< of a string or a message
};

/// Reads the fields of one message in order. Bounds are checked, nothing is
/// copied.
class WireReader {
public:
  explicit WireReader(std::string_view message) : rest(message) {}

  /// Reads the next field; false at the end or where the bytes are malformed.
  bool next(WireField &field);

  /// Whether reading stopped at malformed bytes.
  bool malformed() const { return failed; }

private:
  bool readVarint(uint64_t &value);
  bool readFixed(unsigned bytes, uint64_t &value);
  bool readBytes(std::string_view &bytes);
  bool readPayload(WireField &field);

  std::string_view rest;
  bool failed = false;
};

void appendVarint(std::string &out, uint64_t value);
void appendNumber(std::string &out, unsigned field, uint64_t value);
void appendFloat(std::string &out, unsigned field, float value);
void appendBytes(std::string &out, unsigned field, std::string_view bytes);

} // namespace moert

#endif // RUNTIME_TEXT_WIRE_H
