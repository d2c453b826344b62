//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Transpose.h"

#include <cstring>
#include <emmintrin.h>

using namespace moec;

// A cache line of each row is read at once: the rows of a matrix are often
// multiples of 4096 bytes apart, so that lines of more rows than the cache has
// ways would drive one another out before they are used up.
static constexpr size_t lineBytes = 64;

namespace {

/// A square of 16-byte vectors whose units are transposed.
template <typename Unit> struct Square;

template <> struct Square<uint32_t> {
  static constexpr size_t size = 4;

  static void transpose(__m128i (&v)[size]) {
    __m128i low01 = _mm_unpacklo_epi32(v[0], v[1]);
    __m128i low23 = _mm_unpacklo_epi32(v[2], v[3]);
    __m128i high01 = _mm_unpackhi_epi32(v[0], v[1]);
    __m128i high23 = _mm_unpackhi_epi32(v[2], v[3]);
    v[0] = _mm_unpacklo_epi64(low01, low23);
    v[1] = _mm_unpackhi_epi64(low01, low23);
    v[2] = _mm_unpacklo_epi64(high01, high23);
    v[3] = _mm_unpackhi_epi64(high01, high23);
  }
};

template <> struct Square<uint16_t> {
  static constexpr size_t size = 8;

  static void transpose(__m128i (&v)[size]) {
    // Three rounds of the perfect shuffle of rows i and i + 4.
    for (int round = 0; round < 3; ++round) {
      __m128i shuffled[size];
      for (size_t i = 0; i < size / 2; ++i) {
        shuffled[2 * i] = _mm_unpacklo_epi16(v[i], v[i + size / 2]);
        shuffled[2 * i + 1] = _mm_unpackhi_epi16(v[i], v[i + size / 2]);
      }
      for (size_t i = 0; i < size; ++i)
        v[i] = shuffled[i];
    }
  }
};

template <> struct Square<uint64_t> {
  static constexpr size_t size = 2;

  static void transpose(__m128i (&v)[size]) {
    __m128i low = _mm_unpacklo_epi64(v[0], v[1]);
    v[1] = _mm_unpackhi_epi64(v[0], v[1]);
    v[0] = low;
  }
};

} // namespace

/// Column by column, for what is no whole square.
template <typename Unit>
static void transposeRest(const uint8_t *const *rows, size_t rowCount,
                          size_t firstColumn, size_t columns, Unit *target) {
  for (size_t k = firstColumn; k < columns; ++k)
    for (size_t r = 0; r < rowCount; ++r)
      std::memcpy(target + k * rowCount + r, rows[r] + k * sizeof(Unit),
                  sizeof(Unit));
}

template <typename Unit>
static void transposeUnits(const uint8_t *const *rows, size_t rowCount,
                           size_t columns, Unit *target) {
  using Tile = Square<Unit>;
  constexpr size_t lineUnits = lineBytes / sizeof(Unit);
  size_t wholeLines = columns / lineUnits * lineUnits;
  if (rowCount % Tile::size != 0)
    wholeLines = 0;
  for (size_t k = 0; k < wholeLines; k += lineUnits)
    for (size_t r = 0; r < rowCount; r += Tile::size)
      for (size_t i = 0; i < lineUnits; i += Tile::size) {
        __m128i tile[Tile::size];
        for (size_t j = 0; j < Tile::size; ++j)
          tile[j] = _mm_loadu_si128(reinterpret_cast<const __m128i *>(
              rows[r + j] + (k + i) * sizeof(Unit)));
        Tile::transpose(tile);
        for (size_t j = 0; j < Tile::size; ++j)
          _mm_storeu_si128(
              reinterpret_cast<__m128i *>(target + (k + i + j) * rowCount + r),
              tile[j]);
      }
  transposeRest(rows, rowCount, wholeLines, columns, target);
}

void moec::transpose(const uint8_t *const *rows, size_t rowCount,
                     size_t columns, size_t unitBytes, uint8_t *target) {
  if (unitBytes == 2)
    transposeUnits(rows, rowCount, columns,
                   reinterpret_cast<uint16_t *>(target));
  else if (unitBytes == 4)
    transposeUnits(rows, rowCount, columns,
                   reinterpret_cast<uint32_t *>(target));
  else
    transposeUnits(rows, rowCount, columns,
                   reinterpret_cast<uint64_t *>(target));
}
