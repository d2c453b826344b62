//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/TestTensor.h"

#include <cmath>

using namespace moec::test;

static size_t elementBytes(Element element) {
  return element == Element::F32 || element == Element::I32 ? 4 : 2;
}

std::string moec::test::spell(Element element) {
  switch (element) {
  case Element::F32:
    return "f32";
  case Element::BF16:
    return "bf16";
  case Element::F16:
    return "f16";
  case Element::I32:
    return "i32";
  }
  return "";
}

double moec::test::roundingError(Element element) {
  int bits = element == Element::F32 ? 24 : element == Element::BF16 ? 8 : 11;
  return std::ldexp(1.0, -bits);
}

static uint16_t toBF16(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  if (std::isnan(v))
    return static_cast<uint16_t>(bits >> 16) | 0x40;
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static float fromBF16(uint16_t v) {
  uint32_t bits = static_cast<uint32_t>(v) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

TestTensor::TestTensor(Element element, int64_t size)
    : type(element), count(size),
      storage((size * elementBytes(element) + sizeof(Line) - 1) /
              sizeof(Line)) {}

size_t TestTensor::bytes() const { return count * elementBytes(type); }

double TestTensor::get(int64_t i) const {
  const auto *bytes = reinterpret_cast<const unsigned char *>(storage.data()) +
                      i * elementBytes(type);
  auto as = [&](auto value) {
    std::memcpy(&value, bytes, sizeof value);
    return value;
  };
  switch (type) {
  case Element::F32:
    return as(float());
  case Element::I32:
    return as(int32_t());
  case Element::F16:
    return static_cast<double>(as(static_cast<_Float16>(0)));
  case Element::BF16:
    return fromBF16(as(uint16_t()));
  }
  return 0;
}

void TestTensor::set(int64_t i, double v) {
  auto *bytes = reinterpret_cast<unsigned char *>(storage.data()) +
                i * elementBytes(type);
  auto put = [&](auto value) { std::memcpy(bytes, &value, sizeof value); };
  switch (type) {
  case Element::F32:
    return put(static_cast<float>(v));
  case Element::I32:
    return put(static_cast<int32_t>(v));
  case Element::F16:
    return put(static_cast<_Float16>(v));
  case Element::BF16:
    return put(toBF16(static_cast<float>(v)));
  }
}

TestTensor &TestTensor::randomize(unsigned seed, double scale) {
  std::mt19937 generator(seed);
  for (int64_t i = 0; i < count; ++i)
    set(i, scale * (generator() / 2147483648.0 - 1.0));
  return *this;
}

TestTensor &TestTensor::fill(double v) {
  for (int64_t i = 0; i < count; ++i)
    set(i, v);
  return *this;
}
