//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Matrices for tests: small integers, which every format holds exactly and
// whose sums f32 holds exactly, and tensor maps of them.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_TESTTENSOR_H
#define TEST_RUNTIME_EMULATOR_TESTTENSOR_H

#include "runtime/emulator/machine/MatrixElement.h"
#include "runtime/emulator/machine/TensorMap.h"

#include <cstring>
#include <vector>

namespace emulator {

/// The bits of an integer from -4 to 4 in a format of tensor cores.
inline uint32_t encodeElement(Type type, int value) {
  const auto real = static_cast<float>(value);
  uint32_t word;
  std::memcpy(&word, &real, sizeof(word));
  switch (type) {
  case Type::F16:
    return floatToHalf(real);
  case Type::BF16:
    return word >> 16;
  case Type::TF32:
    return word | 0x1FFF; // what the format has no place for
  case Type::E4M3:
  case Type::E5M2:
    for (unsigned bits = 0; bits < 256; ++bits) {
      float decoded;
      const auto byte = static_cast<uint8_t>(bits);
      decode(type, &byte, 1, &decoded);
      if (decoded == real)
        return bits;
    }
    return 0x7F;
  default:
    return static_cast<uint32_t>(value) & ((1u << bitsOf(type)) - 1);
  }
}

/// A matrix with an index x along M (or N) and k.
struct TestMatrix {
  Type type = Type::F16;
  int extent = 0, k = 0;
  bool alongX = false; ///< contiguous along x, else along k
  int salt = 0;

  int value(int x, int at) const {
    const int small = (x * 7 + at * 5 + x * at + salt) % 5;
    const bool noSign = type == Type::U8 || type == Type::U4;
    return noSign ? small : small - 2;
  }
  unsigned elementBytes() const {
    return bitsOf(type) == 32 ? 4 : bitsOf(type) / 8;
  }
  std::vector<uint8_t> bytes() const {
    std::vector<uint8_t> all(size_t(extent) * k * elementBytes());
    for (int x = 0; x < extent; ++x)
      for (int at = 0; at < k; ++at) {
        const size_t index =
            alongX ? size_t(at) * extent + x : size_t(x) * k + at;
        const uint32_t bits = encodeElement(type, value(x, at));
        std::memcpy(all.data() + index * elementBytes(), &bits, elementBytes());
      }
    return all;
  }
  /// A map whose boxes have `inner` contiguous elements and `outer` others.
  TensorMap map(uint64_t address, unsigned inner, unsigned outer,
                TensorMap::Swizzle swizzle) const {
    using Element = TensorMap::Element;
    TensorMap map;
    map.address = address;
    map.rank = 2;
    map.element = elementBytes() == 1   ? Element::U8
                  : elementBytes() == 2 ? Element::U16
                                        : Element::U32;
    map.swizzle = swizzle;
    for (unsigned d = 0; d < 5; ++d)
      map.extents[d] = map.box[d] = map.elementStrides[d] = 1;
    map.extents[alongX ? 0 : 1] = static_cast<uint64_t>(extent);
    map.extents[alongX ? 1 : 0] = static_cast<uint64_t>(k);
    map.strides[0] = map.extents[0] * elementBytes();
    map.box[0] = static_cast<uint16_t>(inner);
    map.box[1] = static_cast<uint16_t>(outer);
    map.seal();
    return map;
  }
};

/// Element (m, n) of A * B.
inline int productAt(const TestMatrix &a, const TestMatrix &b, int m, int n) {
  int sum = 0;
  for (int k = 0; k < a.k; ++k)
    sum += a.value(m, k) * b.value(n, k);
  return sum;
}

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_TESTTENSOR_H
