//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/MatrixTile.h"

#include "runtime/emulator/machine/MatrixElement.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace emulator {
namespace {

/// A row of a tile.
using Row = float __attribute__((vector_size(32)));

/// Columns of a row that lie in one register.
constexpr unsigned together = tileColumns / 2;

} // namespace

void loadTile(Type type, const void *const *registers, Tile &tile) {
  if (type == Type::F32) {
    const auto *even = static_cast<const float *>(registers[0]);
    const auto *odd = static_cast<const float *>(registers[1]);
    for (unsigned row = 0; row < tileRows; ++row) {
      float *sums = tile.sums + row * tileColumns;
      std::memcpy(sums, even + row * together, together * sizeof(float));
      std::memcpy(sums + together, odd + row * together,
                  together * sizeof(float));
    }
    return;
  }
  float values[tileRows * tileColumns];
  decode(Type::F16, registers[0], tileRows * tileColumns, values);
  for (unsigned i = 0; i < tileRows * tileColumns; ++i)
    tile.sums[i / tileColumns * tileColumns + tilePlace(i % tileColumns)] =
        values[i];
}

void storeTile(Type type, void *const *registers, const Tile &tile) {
  if (type == Type::F32) {
    auto *even = static_cast<float *>(registers[0]);
    auto *odd = static_cast<float *>(registers[1]);
    for (unsigned row = 0; row < tileRows; ++row) {
      const float *sums = tile.sums + row * tileColumns;
      std::memcpy(even + row * together, sums, together * sizeof(float));
      std::memcpy(odd + row * together, sums + together,
                  together * sizeof(float));
    }
    return;
  }
  auto *halves = static_cast<uint16_t *>(registers[0]);
  for (unsigned i = 0; i < tileRows * tileColumns; ++i)
    halves[i] = floatToHalf(
        tile.sums[i / tileColumns * tileColumns + tilePlace(i % tileColumns)]);
}

void addIntegers(const Tile &tile, const void *const *from, void *const *to,
                 const IntegerSums &how) {
  for (unsigned odd = 0; odd < 2; ++odd) {
    const auto *before =
        from ? static_cast<const int32_t *>(from[odd]) : nullptr;
    auto *after = static_cast<int32_t *>(to[odd]);
    for (unsigned lane = 0; lane < tileRows * together; ++lane) {
      const unsigned row = lane / together,
                     at = odd * together + lane % together;
      auto sum = static_cast<int32_t>(tile.sums[row * tileColumns + at]);
      if (how.opposites)
        sum = (static_cast<int32_t>(how.opposites) - sum) / 2;
      after[lane] = integerResult((before ? int64_t(before[lane]) : 0) + sum,
                                  how.saturate);
    }
  }
}

void multiplyAdd(const float *a, const float *b, unsigned depth, Tile &tile) {
  Row sums[tileRows];
  std::memcpy(sums, tile.sums, sizeof(sums));
  for (unsigned k = 0; k < depth; ++k) {
    Row other;
    std::memcpy(&other, b + k * tileColumns, sizeof(other));
#pragma GCC unroll 8
    for (unsigned row = 0; row < tileRows; ++row)
      sums[row] += a[row * depth + k] * other;
  }
  std::memcpy(tile.sums, sums, sizeof(sums));
}

int32_t integerResult(int64_t sum, bool saturate) {
  if (!saturate)
    return static_cast<int32_t>(static_cast<uint64_t>(sum));
  return static_cast<int32_t>(
      std::clamp<int64_t>(sum, std::numeric_limits<int32_t>::min(),
                          std::numeric_limits<int32_t>::max()));
}

} // namespace emulator
