//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/ParameterSource.h"

#include "runtime/artifact/Checksum.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sys/mman.h>

using namespace moec;
using moert::format::DataType;

//===----------------------------------------------------------------------===//
// Mapped files
//===----------------------------------------------------------------------===//

MappedParameter::MappedParameter(std::vector<llvm::ArrayRef<uint8_t>> ranges)
    : ranges(std::move(ranges)) {
  uint64_t begin = 0;
  for (llvm::ArrayRef<uint8_t> range : this->ranges) {
    begins.push_back(begin);
    begin += range.size();
  }
}

size_t MappedParameter::find(uint64_t offset) const {
  auto next = std::upper_bound(begins.begin(), begins.end(), offset);
  return next - begins.begin() - 1;
}

const uint8_t *MappedParameter::read(uint64_t offset, uint64_t length,
                                     uint8_t *scratch) const {
  size_t index = find(offset);
  uint64_t within = offset - begins[index];
  if (within + length <= ranges[index].size())
    return ranges[index].data() + within;
  for (uint64_t done = 0; done < length; ++index, within = 0) {
    uint64_t size = std::min(length - done, ranges[index].size() - within);
    std::memcpy(scratch + done, ranges[index].data() + within, size);
    done += size;
  }
  return scratch;
}

/// Gives `advice` on the whole pages that the bytes touch.
void MappedParameter::advise(uint64_t offset, uint64_t length,
                             int advice) const {
  constexpr uintptr_t page = 4096;
  size_t index = find(offset);
  uint64_t within = offset - begins[index];
  for (uint64_t done = 0; done < length && index < ranges.size(); ++index) {
    uint64_t size = std::min(length - done, ranges[index].size() - within);
    auto begin = reinterpret_cast<uintptr_t>(ranges[index].data()) + within;
    uintptr_t first = begin / page * page;
    ::madvise(reinterpret_cast<void *>(first), begin + size - first, advice);
    done += size;
    within = 0;
  }
}

void MappedParameter::prefetch(uint64_t offset, uint64_t length) const {
  advise(offset, length, MADV_WILLNEED);
}

void MappedParameter::release(uint64_t offset, uint64_t length) const {
  // The pages stay in the system's cache; only this process gives them up.
  advise(offset, length, MADV_DONTNEED);
}

//===----------------------------------------------------------------------===//
// Random values
//===----------------------------------------------------------------------===//

/// Mixes all bits of a counter: the finalizer of SplitMix64 (Steele, Lea and
/// Flood, OOPSLA 2014).
static uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

RandomParameter::RandomParameter(uint64_t seed, llvm::StringRef name,
                                 moert::TensorForm form, bool table)
    : key(mix(seed) ^ moert::checksum(name.data(), name.size())),
      type(form.type) {
  bool vector = form.shape.size() == 1;
  center = vector ? 1.0f : 0.0f;
  // A uniform distribution of radius r has the variance r^2 / 3.
  float terms = table ? 1.0f : float(form.shape.back());
  radius = vector ? 0.1f : std::sqrt(3.0f / terms);
}

float RandomParameter::element(uint64_t index) const {
  // 24 bits, exact in a float: [-1, 1).
  float unit = float(mix(key + index) >> 40) * 0x1p-23f - 1.0f;
  return center + radius * unit;
}

/// The bits of a finite `value`, rounded to nearest, ties to even.
static uint16_t toBFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

/// The same for a half; below 2^-14 it counts the smallest subnormals.
static uint16_t toFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint32_t sign = bits >> 16 & 0x8000;
  float magnitude = std::fabs(value);
  if (magnitude < 0x1p-14f)
    return sign | uint32_t(std::nearbyint(magnitude * 0x1p24f));
  bits &= 0x7fffffff;
  bits += 0xfff + ((bits >> 13) & 1);
  return sign | ((bits >> 13) - (112 << 10));
}

const uint8_t *RandomParameter::read(uint64_t offset, uint64_t length,
                                     uint8_t *scratch) const {
  uint64_t size = moert::elementBytes(type);
  uint64_t first = offset / size, count = length / size;
  for (uint64_t i = 0; i < count; ++i) {
    float value = element(first + i);
    uint16_t half =
        type == DataType::F16 ? toFloat16(value) : toBFloat16(value);
    if (type == DataType::F32)
      std::memcpy(scratch + i * size, &value, size);
    else
      std::memcpy(scratch + i * size, &half, size);
  }
  return scratch;
}
