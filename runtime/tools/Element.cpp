//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Element.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

using namespace moert::tools;

static_assert(std::numeric_limits<Real>::digits >= 64,
              "64-bit integers must be exact");

using Kind = Element::Kind;

static const Element elements[] = {
    {"f32", "<f4", Kind::Float, 4, 8, 23},
    {"f64", "<f8", Kind::Float, 8, 11, 52},
    {"f16", "<f2", Kind::Float, 2, 5, 10},
    {"bf16", nullptr, Kind::Float, 2, 8, 7},
    {"e4m3", nullptr, Kind::Float, 1, 4, 3, /*infinite=*/false},
    {"e5m2", nullptr, Kind::Float, 1, 5, 2},
    {"s8", "|i1", Kind::Signed, 1},
    {"s16", "<i2", Kind::Signed, 2},
    {"s32", "<i4", Kind::Signed, 4},
    {"s64", "<i8", Kind::Signed, 8},
    {"u8", "|u1", Kind::Unsigned, 1},
    {"u16", "<u2", Kind::Unsigned, 2},
    {"u32", "<u4", Kind::Unsigned, 4},
    {"u64", "<u8", Kind::Unsigned, 8},
};

const Element *moert::tools::findElement(std::string_view name) {
  for (const Element &element : elements)
    if (name == element.name)
      return &element;
  return nullptr;
}

const Element *moert::tools::findNumpyElement(std::string_view numpy) {
  if (numpy == "|b1" || numpy == "?")
    return findElement("u8");
  for (const Element &element : elements)
    if (element.numpy && numpy.size() == 3 &&
        numpy.substr(1) == std::string_view(element.numpy).substr(1) &&
        (numpy[0] == '<' || (element.bytes == 1 && numpy[0] == '|')))
      return &element;
  return nullptr;
}

std::string moert::tools::elementNames() {
  std::string names;
  for (const Element &element : elements)
    names += (names.empty() ? "" : ", ") + std::string(element.name);
  return names;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static int biasOf(const Element &element) {
  return (1 << (element.exponentBits - 1)) - 1;
}

static Real decodeFloat(const Element &element, uint64_t bits) {
  const uint64_t mantissa = bits & ((uint64_t(1) << element.mantissaBits) - 1);
  const int most = (1 << element.exponentBits) - 1;
  const int exponent = static_cast<int>(bits >> element.mantissaBits) & most;
  const bool negative =
      bits >> (element.exponentBits + element.mantissaBits) & 1;
  const bool special = exponent == most &&
                       (element.infinite ||
                        mantissa == (uint64_t(1) << element.mantissaBits) - 1);
  Real value;
  if (special)
    value = mantissa ? std::numeric_limits<Real>::quiet_NaN()
                     : std::numeric_limits<Real>::infinity();
  else
    value = std::ldexp(
        static_cast<Real>(mantissa) +
            (exponent ? std::ldexp(Real(1), element.mantissaBits) : 0),
        std::max(exponent, 1) - biasOf(element) - element.mantissaBits);
  return negative ? -value : value;
}

/// The bits of the magnitude; false if it is out of range.
static bool encodeMagnitude(const Element &element, Real magnitude,
                            uint64_t &bits) {
  const uint64_t special = ((uint64_t(1) << element.exponentBits) - 1)
                           << element.mantissaBits;
  if (std::isnan(magnitude)) {
    bits = element.infinite
               ? special | uint64_t(1) << (element.mantissaBits - 1)
               : special | ((uint64_t(1) << element.mantissaBits) - 1);
    return true;
  }
  if (std::isinf(magnitude)) {
    bits = special;
    return element.infinite;
  }
  const int least = 1 - biasOf(element);
  const int exponent =
      magnitude == 0 ? least : std::max(std::ilogb(magnitude), least);
  const Real steps =
      std::nearbyint(std::ldexp(magnitude, element.mantissaBits - exponent));
  // A mantissa that rounds up to the next power of two carries into the
  // exponent by itself.
  bits = static_cast<uint64_t>(steps) +
         (static_cast<uint64_t>(exponent - least) << element.mantissaBits);
  const uint64_t mostFinite =
      element.infinite ? special - 1
                       : special + (uint64_t(1) << element.mantissaBits) - 2;
  return bits <= mostFinite;
}

Real moert::tools::decode(const Element &element, const std::byte *bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, element.bytes);
  if (element.kind == Kind::Unsigned)
    return static_cast<Real>(bits);
  if (element.kind == Kind::Float)
    return decodeFloat(element, bits);
  const unsigned unused = 64 - 8 * element.bytes;
  return static_cast<Real>(static_cast<int64_t>(bits << unused) >> unused);
}

bool moert::tools::encode(const Element &element, Real value,
                          std::byte *bytes) {
  uint64_t bits = 0;
  const unsigned width = 8 * element.bytes;
  if (element.kind == Kind::Float) {
    if (!encodeMagnitude(element, std::fabs(value), bits))
      return false;
    bits |= uint64_t(std::signbit(value)) << (width - 1);
  } else {
    const bool isSigned = element.kind == Kind::Signed;
    const Real end = std::ldexp(Real(1), static_cast<int>(width - isSigned));
    if (!(value >= (isSigned ? -end : 0) && value < end) ||
        value != std::trunc(value))
      return false;
    bits = isSigned ? static_cast<uint64_t>(static_cast<int64_t>(value))
                    : static_cast<uint64_t>(value);
  }
  std::memcpy(bytes, &bits, element.bytes);
  return true;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string moert::tools::showNumber(const Element &element, Real value) {
  char text[64];
  if (!element.isFloat()) {
    std::snprintf(text, sizeof text, "%.0Lf", value);
    return text;
  }
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*Lg", digits, value);
    std::byte again[8], own[8];
    if (!encode(element, value, own) ||
        (encode(element, std::strtold(text, nullptr), again) &&
         std::memcmp(again, own, element.bytes) == 0))
      break;
  }
  return text;
}

bool moert::tools::parseNumber(const std::string &text, Real &value) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])))
    return false;
  char *end = nullptr;
  value = std::strtold(text.c_str(), &end);
  return end == text.c_str() + text.size();
}
