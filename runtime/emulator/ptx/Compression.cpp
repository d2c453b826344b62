//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Compression.h"

#include <algorithm>
#include <cstdint>

#ifdef MOERT_HAVE_ZSTD
#include <zstd.h>
#endif

namespace emulator::ptx {

namespace {

/// Reads an LZ4 block: the format's document is doc/lz4_Block_format.md of LZ4.
class Lz4Reader {
public:
  Lz4Reader(std::string_view packed, std::string &unpacked)
      : packed_(packed), unpacked_(unpacked) {}

  bool read();

private:
  bool byte(unsigned &value) {
    if (from_ == packed_.size())
      return false;
    value = static_cast<unsigned char>(packed_[from_++]);
    return true;
  }
  /// A length of 15 in the token goes on in bytes, up to one below 255.
  bool length(uint64_t &value) {
    unsigned more = value == 15 ? 255 : 0;
    while (more == 255) {
      if (!byte(more))
        return false;
      value += more;
    }
    return true;
  }
  bool literals(uint64_t count);
  bool match(uint64_t count);

  std::string_view packed_;
  std::string &unpacked_;
  size_t from_ = 0, to_ = 0;
};

bool Lz4Reader::literals(uint64_t count) {
  if (count > packed_.size() - from_ || count > unpacked_.size() - to_)
    return false;
  packed_.copy(&unpacked_[to_], count, from_);
  from_ += count;
  to_ += count;
  return true;
}

bool Lz4Reader::match(uint64_t count) {
  unsigned low, high;
  if (!byte(low) || !byte(high))
    return false;
  size_t distance = low | high << 8;
  if (!length(count))
    return false;
  count += 4;
  if (!distance || distance > to_ || count > unpacked_.size() - to_)
    return false;
  for (; count; --count, ++to_) // may overlap: bytes repeat
    unpacked_[to_] = unpacked_[to_ - distance];
  return true;
}

bool Lz4Reader::read() {
  while (from_ != packed_.size()) {
    unsigned token;
    if (!byte(token))
      return false;
    uint64_t count = token >> 4;
    if (!length(count) || !literals(count))
      return false;
    if (from_ == packed_.size())
      break; // the last sequence has no match
    if (!match(token & 15))
      return false;
  }
  return to_ == unpacked_.size();
}

} // namespace

/// A byte of a length stands for 255 bytes at most; a token for 19 and 15.
uint64_t mostLz4(std::string_view packed) { return packed.size() * 255; }

bool unpackLz4(std::string_view packed, std::string &unpacked) {
  return !unpacked.empty() && Lz4Reader(packed, unpacked).read();
}

#ifdef MOERT_HAVE_ZSTD
bool haveZstd() { return true; }

/// A block of 128 KiB takes 4 bytes at least.
uint64_t mostZstd(std::string_view packed) {
  uint64_t told = ZSTD_getFrameContentSize(packed.data(), packed.size());
  uint64_t most = packed.size() * ((uint64_t(128) << 10) / 4);
  bool known =
      told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR;
  return known ? std::min(told, most) : most;
}

bool unpackZstd(std::string_view packed, std::string &unpacked) {
  return ZSTD_decompress(unpacked.data(), unpacked.size(), packed.data(),
                         packed.size()) == unpacked.size();
}
#else
bool haveZstd() { return false; }

uint64_t mostZstd(std::string_view) { return 0; }

bool unpackZstd(std::string_view, std::string &) { return false; }
#endif

} // namespace emulator::ptx
