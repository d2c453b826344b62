//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The tile of which all products are made: 8x8 sums, which one or two registers
// of a warp hold, and the product that is added to them.
//
// Sums run over k in order, each step a multiply-add in f32. Products of
// formats up to tf32 are exact in f32, and so are whole sums of integers of up
// to 8 bits. Hardware adds several products at once with its own alignment;
// both agree on values whose sums f32 holds exactly.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MATRIXTILE_H
#define RUNTIME_EMULATOR_MACHINE_MATRIXTILE_H

#include "runtime/emulator/ptx/Type.h"

#include <cstdint>

namespace emulator {

constexpr unsigned tileRows = 8, tileColumns = 8;

/// Where a column lies in a row of a tile. A lane of row g holds columns 2t and
/// 2t + 1: the even columns of a row are 4 lanes of one register, the odd ones
/// of the next, so that no element must move alone.
constexpr unsigned tilePlace(unsigned column) {
  return column % 2 * 4 + column / 2;
}

struct alignas(32) Tile {
  float sums[tileRows * tileColumns] = {};
};

/// How integer sums become results.
struct IntegerSums {
  bool saturate = false; ///< clamped to 32 bits instead of wrapping
  /// Of .xor.popc, whose operands are decoded as -1 and 1: the number of
  /// products in a sum, which is that number less twice the result; else 0.
  unsigned opposites = 0;
};

/// Reads the accumulators: F32 in two registers of 32 lanes, F16 in one.
void loadTile(Type type, const void *const *registers, Tile &tile);
void storeTile(Type type, void *const *registers, const Tile &tile);

/// to = from + sums, of S32 in two registers; from is 0 if it is null.
void addIntegers(const Tile &tile, const void *const *from, void *const *to,
                 const IntegerSums &how);

/// sums += A * B. A: 8 rows of `depth`, row-major; B: depth x 8, columns at
/// their tilePlace.
void multiplyAdd(const float *a, const float *b, unsigned depth, Tile &tile);

/// The 32 bits of an integer sum.
int32_t integerResult(int64_t sum, bool saturate);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MATRIXTILE_H
