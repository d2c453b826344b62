//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/MatrixUnit.h"

#include "runtime/emulator/machine/Fragment.h"
#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/machine/MatrixElement.h"
#include "runtime/emulator/machine/MatrixTile.h"

#include <cstring>

namespace emulator {
namespace {

constexpr unsigned maxRows = 16, maxColumns = 8, maxDepth = 256;
/// Elements of a register of all lanes: 32 bits in each.
constexpr unsigned maxElements = 32 * warpLanes;

/// B as depth x 8, columns at their tilePlace. The 4 lanes of a column hold
/// elements that follow each other along k, as those of a row of A do.
void decodeFragmentB(const MmaForm &form, const void *const *registers,
                     float *b) {
  const unsigned packed = elementsPerRegister(bitsOf(form.b));
  const unsigned run = 4 * packed;
  float values[maxElements];
  for (unsigned q = 0; q < form.registersOfB(); ++q) {
    decode(form.b, registers[q], packed * warpLanes, values);
    if (form.exclusive)
      makeOpposites(values, packed * warpLanes);
    float *rows = b + q * run * tileColumns;
    for (unsigned column = 0; column < tileColumns; ++column)
      for (unsigned k = 0; k < run; ++k)
        rows[k * tileColumns + tilePlace(column)] = values[column * run + k];
  }
}

/// Registers of 8 rows of C or D.
constexpr unsigned registersOfHalf(Type type) {
  return type == Type::F16 ? 1 : 2;
}

void multiplyFloats(const MmaForm &form, const MmaRegisters &registers,
                    const float *a, const float *b) {
  Tile tiles[maxRows / tileRows];
  const unsigned halves = form.m / tileRows;
  // D may lie in the registers of C, in another order.
  for (unsigned half = 0; half < halves; ++half)
    loadTile(form.c, registers.c + registersOfHalf(form.c) * half, tiles[half]);
  for (unsigned half = 0; half < halves; ++half) {
    multiplyAdd(a + half * tileRows * form.k, b, form.k, tiles[half]);
    storeTile(form.d, registers.d + registersOfHalf(form.d) * half,
              tiles[half]);
  }
}

void multiplyIntegers(const MmaForm &form, const MmaRegisters &registers,
                      const float *a, const float *b) {
  int32_t before[4][warpLanes];
  const void *from[4];
  for (unsigned q = 0; q < form.registersOfC(); ++q) {
    std::memcpy(before[q], registers.c[q], sizeof(before[q]));
    from[q] = before[q];
  }
  for (unsigned half = 0; half < form.m / tileRows; ++half) {
    Tile tile;
    multiplyAdd(a + half * tileRows * form.k, b, form.k, tile);
    addIntegers(tile, from + 2 * half, registers.d + 2 * half,
                {form.saturate, form.exclusive ? form.k : 0});
  }
}

/// Sums run over k in order, each step fused.
void multiplyDoubles(const MmaForm &form, const MmaRegisters &registers) {
  double a[maxRows][16], b[16][maxColumns],
      sums[maxRows * maxColumns / warpLanes][warpLanes];
  const auto value = [](const void *lanes, unsigned lane) {
    return static_cast<const double *>(lanes)[lane];
  };
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    for (unsigned q = 0; q < form.registersOfA(); ++q) {
      const Place at = placeInA(form.m, 64, lane, q, 0);
      a[at.row][at.column] = value(registers.a[q], lane);
    }
    for (unsigned q = 0; q < form.registersOfB(); ++q) {
      const Place at = placeInB(64, lane, q, 0);
      b[at.row][at.column] = value(registers.b[q], lane);
    }
  }
  for (unsigned q = 0; q < form.registersOfC(); ++q)
    for (unsigned lane = 0; lane < warpLanes; ++lane) {
      const Place at = placeInC(lane, q);
      double sum = value(registers.c[q], lane);
      for (unsigned k = 0; k < form.k; ++k)
        sum = __builtin_fma(a[at.row][k], b[k][at.column], sum);
      sums[q][lane] = sum;
    }
  for (unsigned q = 0; q < form.registersOfD(); ++q)
    std::memcpy(registers.d[q], sums[q], sizeof(sums[q]));
}

} // namespace

unsigned MmaForm::registersOfA() const {
  return m * k / warpLanes / elementsPerRegister(bitsOf(a));
}

unsigned MmaForm::registersOfB() const {
  return k * n / warpLanes / elementsPerRegister(bitsOf(b));
}

unsigned MmaForm::registersOfResult(Type type) const {
  return m * n / warpLanes / elementsPerRegister(bitsOf(type));
}

void decodeFragmentA(Type type, unsigned rows, unsigned k,
                     const void *const *registers, bool exclusive, float *a) {
  const unsigned packed = elementsPerRegister(bitsOf(type));
  const unsigned run = 4 * packed, halves = rows / tileRows;
  float values[maxElements];
  for (unsigned q = 0; q < k / run * halves; ++q) {
    decode(type, registers[q], packed * warpLanes, values);
    if (exclusive)
      makeOpposites(values, packed * warpLanes);
    // The 4 lanes of a row hold elements that follow each other along k.
    float *first = a + q % halves * tileRows * k + q / halves * run;
    for (unsigned row = 0; row < tileRows; ++row)
      std::memcpy(first + row * k, values + row * run, run * sizeof(float));
  }
}

void multiply(const MmaForm &form, const MmaRegisters &registers) {
  if (form.d == Type::F64)
    return multiplyDoubles(form, registers);
  alignas(32) float a[maxRows * maxDepth], b[maxDepth * maxColumns];
  decodeFragmentA(form.a, form.m, form.k, registers.a, form.exclusive, a);
  decodeFragmentB(form, registers.b, b);
  if (form.d == Type::S32)
    multiplyIntegers(form, registers, a, b);
  else
    multiplyFloats(form, registers, a, b);
}

} // namespace emulator
