//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Operands.h"

#include "test/runtime/emulator/Exact.h"

#include <cstdlib>

namespace oracle {
namespace {

/// Zeros, denormals, borders of the normal range, ones, what lies half-way,
/// infinities, NaNs that are quiet and not; of both signs.
std::vector<uint64_t> cornersOf(const Format &format) {
  uint64_t one = uint64_t(format.bias()) << format.mantissaBits;
  uint64_t least = uint64_t(1) << format.mantissaBits,
           infinity = format.largest + 1;
  std::vector<uint64_t> magnitudes{0,
                                   1,
                                   least - 1,
                                   least,
                                   least + 1,
                                   one - 1,
                                   one,
                                   one + 1,
                                   one | least / 2,
                                   one + least,
                                   one + least + 1,
                                   format.largest,
                                   format.largest - 1,
                                   least / 2};
  if (format.hasInfinity)
    magnitudes.insert(magnitudes.end(),
                      {infinity, infinity | least / 2 | 1, infinity | 1});
  std::vector<uint64_t> corners;
  for (uint64_t magnitude : magnitudes)
    for (uint64_t sign : {uint64_t(0), format.sign()})
      corners.push_back(magnitude | sign);
  return corners;
}

std::vector<uint64_t> integerCorners(unsigned bits) {
  uint64_t ones = ~uint64_t(0) >> (64 - bits), top = ones ^ ones >> 1;
  std::vector<uint64_t> corners{0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 255, 256};
  for (uint64_t value :
       {ones, ones - 1, top, top - 1, top + 1, uint64_t(0x5A3C96F10F1E2D4B)})
    corners.push_back(value & ones);
  return corners;
}

} // namespace

Operands::Operands(const std::string &type, const std::string &part,
                   uint64_t seed)
    : random_(seed) {
  std::string element = part.empty() ? type : part;
  size_t pair = element.find("x2");
  parts_ = pair == std::string::npos ? 1 : 2;
  element = element.substr(0, pair);
  if (const Format *format = formatNamed(element)) {
    bits_ = static_cast<unsigned>(format->bits());
    exponentBits_ = format->exponentBits;
    mantissaBits_ = format->mantissaBits;
    corners_ = cornersOf(*format);
  } else if (type == "pred") {
    bits_ = 1;
    corners_ = {0, 1};
  } else {
    bits_ = static_cast<unsigned>(std::atoi(element.c_str() + 1));
    bits_ = bits_ && bits_ <= 64 ? bits_ : 64;
    corners_ = integerCorners(bits_);
  }
}

/// Any bits; half of the numbers have an exponent near that of one.
uint64_t Operands::any() {
  uint64_t bits = random_() & (~uint64_t(0) >> (64 - bits_));
  if (!exponentBits_ || random_() & 1)
    return bits;
  uint64_t field = (uint64_t(1) << exponentBits_) - 1;
  uint64_t exponent = (field >> 1) - 4 + random_() % 8;
  bits &= ~(field << mantissaBits_);
  return bits | (exponent & field) << mantissaBits_;
}

uint64_t Operands::corner(uint64_t n) const {
  return corners_[n % corners_.size()];
}

uint64_t Operands::value(unsigned thread, unsigned k) {
  auto count = corners_.size();
  uint64_t made = 0;
  for (unsigned part = 0; part < parts_; ++part) {
    uint64_t value;
    if (thread < count * count && thread < 384)
      value = k == 0          ? corner(thread % count + part)
              : k == 1        ? corner(thread / count + part)
              : random_() & 1 ? corner(random_())
                              : any();
    else
      value = any();
    made |= value << (part * bits_);
  }
  return made;
}

} // namespace oracle
