//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/Element.h"
#include "runtime/emulator/machine/MatrixElement.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace emulator::cublaslt {

namespace {

/// An 8-bit floating-point format: e4m3 or e5m2, as PTX has them.
struct Format {
  int mantissaBits, bias;
  float largest;
  uint8_t notANumber;
};
constexpr Format e4m3 = {3, 7, 448.0f, 0x7f};
constexpr Format e5m2 = {2, 15, 57344.0f, 0x7f};

uint8_t encodeSmall(float value, const Format &format) {
  if (std::isnan(value))
    return format.notANumber;
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  float magnitude = std::min(std::fabs(value), format.largest);
  int exponent = magnitude == 0 ? 0 : std::ilogb(magnitude);
  exponent = std::max(exponent, 1 - format.bias); // below: denormals
  // In units of the last place; rint rounds ties to even.
  float units = std::ldexp(magnitude, format.mantissaBits - exponent);
  // A carry out of the mantissa goes into the exponent by itself.
  int code = ((exponent + format.bias - 1) << format.mantissaBits) +
             static_cast<int>(std::rint(units));
  return sign | static_cast<uint8_t>(code);
}

uint16_t encodeBrain(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if (std::isnan(value))
    return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

int8_t encodeInteger(float value) {
  if (std::isnan(value))
    return 0;
  return static_cast<int8_t>(std::rint(std::clamp(value, -128.0f, 127.0f)));
}

Type typeOf(cudaDataType_t type) {
  switch (type) {
  case CUDA_R_16F:
    return Type::F16;
  case CUDA_R_16BF:
    return Type::BF16;
  case CUDA_R_8F_E4M3:
    return Type::E4M3;
  case CUDA_R_8F_E5M2:
    return Type::E5M2;
  default:
    return Type::None;
  }
}

template <class T, class Encode>
void encodeAll(const float *values, size_t count, void *packed, Encode encode) {
  T *to = static_cast<T *>(packed);
  for (size_t i = 0; i != count; ++i)
    to[i] = encode(values[i]);
}

} // namespace

void decodeElements(cudaDataType_t type, const void *packed, size_t count,
                    float *values) {
  if (type == CUDA_R_32F) {
    std::memcpy(values, packed, count * sizeof(float));
  } else if (type == CUDA_R_8I) {
    auto from = static_cast<const int8_t *>(packed);
    std::copy(from, from + count, values);
  } else {
    decode(typeOf(type), packed, count, values);
  }
}

void encodeElements(cudaDataType_t type, const float *values, size_t count,
                    void *packed) {
  switch (type) {
  case CUDA_R_32F:
    std::memcpy(packed, values, count * sizeof(float));
    return;
  case CUDA_R_16F:
    return encodeAll<uint16_t>(values, count, packed, floatToHalf);
  case CUDA_R_16BF:
    return encodeAll<uint16_t>(values, count, packed, encodeBrain);
  case CUDA_R_8I:
    return encodeAll<int8_t>(values, count, packed, encodeInteger);
  case CUDA_R_8F_E4M3:
    return encodeAll<uint8_t>(values, count, packed,
                              [](float v) { return encodeSmall(v, e4m3); });
  case CUDA_R_8F_E5M2:
    return encodeAll<uint8_t>(values, count, packed,
                              [](float v) { return encodeSmall(v, e5m2); });
  case CUDA_R_32I:
    return;
  }
}

} // namespace emulator::cublaslt
