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

/// The floats of a register whose lanes hold `packed` elements each.
template <unsigned packed>
void decodeRegister(Type type, const void *lanes, bool exclusive,
                    float *values) {
  decode(type, lanes, packed * warpLanes, values);
  if (exclusive)
    makeOpposites(values, packed * warpLanes);
}

/// The 4 lanes of a row hold elements that follow each other along k.
template <unsigned packed> struct Fragment {
  static constexpr unsigned run = 4 * packed;

  static void decodeA(Type type, unsigned rows, unsigned k,
                      const void *const *registers, bool exclusive, float *a) {
    const unsigned halves = rows / tileRows;
    float values[packed * warpLanes];
    for (unsigned at = 0; at < k; at += run)
      for (unsigned half = 0; half < halves; ++half) {
        decodeRegister<packed>(type, *registers++, exclusive, values);
        float *first = a + half * tileRows * k + at;
        for (unsigned row = 0; row < tileRows; ++row)
          std::memcpy(first + row * k, values + row * run, run * sizeof(float));
      }
  }

  /// B as k x 8, columns at their tilePlace.
  static void decodeB(Type type, unsigned k, const void *const *registers,
                      bool exclusive, float *b) {
    float values[packed * warpLanes];
    for (unsigned at = 0; at < k; at += run) {
      decodeRegister<packed>(type, *registers++, exclusive, values);
      float *rows = b + at * tileColumns;
      for (unsigned row = 0; row < run; ++row)
        for (unsigned column = 0; column < tileColumns; ++column)
          rows[row * tileColumns + tilePlace(column)] =
              values[column * run + row];
    }
  }
};

/// Calls visit with the Fragment of the type.
template <class Visit> void withFragment(Type type, Visit visit) {
  switch (elementsPerRegister(bitsOf(type))) {
  case 1:
    return visit(Fragment<1>());
  case 2:
    return visit(Fragment<2>());
  case 4:
    return visit(Fragment<4>());
  case 8:
    return visit(Fragment<8>());
  default:
    return visit(Fragment<32>());
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
  withFragment(type, [&](auto fragment) {
    fragment.decodeA(type, rows, k, registers, exclusive, a);
  });
}

void multiply(const MmaForm &form, const MmaRegisters &registers) {
  if (form.d == Type::F64)
    return multiplyDoubles(form, registers);
  alignas(32) float a[maxRows * maxDepth], b[maxDepth * maxColumns];
  decodeFragmentA(form.a, form.m, form.k, registers.a, form.exclusive, a);
  withFragment(form.b, [&](auto fragment) {
    fragment.decodeB(form.b, form.k, registers.b, form.exclusive, b);
  });
  if (form.d == Type::S32)
    multiplyIntegers(form, registers, a, b);
  else
    multiplyFloats(form, registers, a, b);
}

} // namespace emulator
