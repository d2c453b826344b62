//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Gathers the fragments into matrices, multiplies them, scatters the result.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/MatrixUnit.h"

#include "runtime/emulator/machine/Fragment.h"
#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/machine/MatrixElement.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emulator {

namespace {

constexpr unsigned maxRows = 16, maxColumns = 8, maxDepth = 64;
/// Elements of a register of all lanes: 8 of 4 bits in each.
constexpr unsigned maxElements = 8 * warpLanes;

template <class Value, class Sum, class Product>
void sumProducts(const Value *a, const Value *b, Sum *sums, const MmaForm &form,
                 Product product) {
  for (unsigned row = 0; row < form.m; ++row) {
    Sum *out = sums + row * form.n;
    for (unsigned k = 0; k < form.k; ++k) {
      const Value factor = a[row * form.k + k];
      const Value *other = b + k * form.n;
      for (unsigned column = 0; column < form.n; ++column)
        out[column] = product(factor, other[column], out[column]);
    }
  }
}

template <class Value>
void gatherA(const MmaForm &form, const void *const *registers, Value *a) {
  const unsigned bits = bitsOf(form.a), packed = elementsPerRegister(bits);
  Value values[maxElements];
  for (unsigned q = 0; q < form.registersOfA(); ++q) {
    decode(form.a, registers[q], packed * warpLanes, values);
    for (unsigned i = 0; i < packed * warpLanes; ++i) {
      const Place at = placeInA(form.m, bits, i / packed, q, i % packed);
      a[at.row * form.k + at.column] = values[i];
    }
  }
}

template <class Value>
void gatherB(const MmaForm &form, const void *const *registers, Value *b) {
  const unsigned bits = bitsOf(form.b), packed = elementsPerRegister(bits);
  Value values[maxElements];
  for (unsigned q = 0; q < form.registersOfB(); ++q) {
    decode(form.b, registers[q], packed * warpLanes, values);
    for (unsigned i = 0; i < packed * warpLanes; ++i) {
      const Place at = placeInB(bits, i / packed, q, i % packed);
      b[at.row * form.n + at.column] = values[i];
    }
  }
}

/// Calls visit(lane, i, index in the m x n matrix) for each value of C or D.
template <class Visit> void eachResult(const MmaForm &form, Visit visit) {
  const unsigned values = form.m * form.n / warpLanes;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    for (unsigned i = 0; i < values; ++i) {
      const Place at = placeInC(lane, i);
      visit(lane, i, at.row * form.n + at.column);
    }
}

void gatherC(const MmaForm &form, const void *const *registers, float *sums) {
  eachResult(form, [&](unsigned lane, unsigned i, unsigned at) {
    sums[at] = form.c == Type::F16
                   ? halfToFloat(static_cast<const uint16_t *>(
                         registers[i / 2])[2 * lane + i % 2])
                   : static_cast<const float *>(registers[i])[lane];
  });
}

void scatterD(const MmaForm &form, void *const *registers, const float *sums) {
  eachResult(form, [&](unsigned lane, unsigned i, unsigned at) {
    if (form.d == Type::F16)
      static_cast<uint16_t *>(registers[i / 2])[2 * lane + i % 2] =
          floatToHalf(sums[at]);
    else
      static_cast<float *>(registers[i])[lane] = sums[at];
  });
}

void gatherC(const MmaForm &form, const void *const *registers, int64_t *sums) {
  eachResult(form, [&](unsigned lane, unsigned i, unsigned at) {
    sums[at] = static_cast<const int32_t *>(registers[i])[lane];
  });
}

void scatterD(const MmaForm &form, void *const *registers,
              const int64_t *sums) {
  eachResult(form, [&](unsigned lane, unsigned i, unsigned at) {
    static_cast<int32_t *>(registers[i])[lane] =
        integerResult(sums[at], form.saturate);
  });
}

void gatherC(const MmaForm &form, const void *const *registers, double *sums) {
  eachResult(form, [&](unsigned lane, unsigned i, unsigned at) {
    sums[at] = static_cast<const double *>(registers[i])[lane];
  });
}

void scatterD(const MmaForm &form, void *const *registers, const double *sums) {
  eachResult(form, [&](unsigned lane, unsigned i, unsigned at) {
    static_cast<double *>(registers[i])[lane] = sums[at];
  });
}

template <class Value, class Sum>
void multiplyAs(const MmaForm &form, const MmaRegisters &registers) {
  Value a[maxRows * maxDepth], b[maxDepth * maxColumns];
  Sum sums[maxRows * maxColumns];
  gatherA(form, registers.a, a);
  gatherB(form, registers.b, b);
  gatherC(form, registers.c, sums);
  accumulate(a, b, sums, form);
  scatterD(form, registers.d, sums);
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

void accumulate(const float *a, const float *b, float *sums,
                const MmaForm &form) {
  sumProducts(a, b, sums, form, [](float x, float y, float sum) {
    return __builtin_fmaf(x, y, sum);
  });
}

void accumulate(const int32_t *a, const int32_t *b, int64_t *sums,
                const MmaForm &form) {
  sumProducts(a, b, sums, form, [](int32_t x, int32_t y, int64_t sum) {
    return sum + int64_t(x) * y;
  });
}

void accumulate(const double *a, const double *b, double *sums,
                const MmaForm &form) {
  sumProducts(a, b, sums, form, [](double x, double y, double sum) {
    return __builtin_fma(x, y, sum);
  });
}

int32_t integerResult(int64_t sum, bool saturate) {
  if (!saturate)
    return static_cast<int32_t>(static_cast<uint64_t>(sum));
  return std::clamp<int64_t>(sum, std::numeric_limits<int32_t>::min(),
                             std::numeric_limits<int32_t>::max());
}

void multiply(const MmaForm &form, const MmaRegisters &registers) {
  if (form.d == Type::F64)
    return multiplyAs<double, double>(form, registers);
  if (form.d == Type::S32)
    return multiplyAs<int32_t, int64_t>(form, registers);
  return multiplyAs<float, float>(form, registers);
}

} // namespace emulator
