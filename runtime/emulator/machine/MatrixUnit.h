//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The matrix unit of a warp: D = A * B + C on register fragments.
//
// Sums run over k in order, each step a fused multiply-add in f32 (f64 for f64,
// exact for integers). Hardware adds several products at once with its own
// alignment; both agree on values whose sums f32 holds exactly.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MATRIXUNIT_H
#define RUNTIME_EMULATOR_MACHINE_MATRIXUNIT_H

#include "runtime/emulator/ptx/Type.h"

#include <cstddef>
#include <cstdint>

namespace emulator {

/// A form of mma: m is 8 or 16, n is 8.
struct MmaForm {
  unsigned m = 16, n = 8, k = 16;
  Type a = Type::F16, b = Type::F16, c = Type::F32, d = Type::F32;
  /// Integer results are clamped to 32 bits instead of wrapping.
  bool saturate = false;

  unsigned registersOfA() const;
  unsigned registersOfB() const;
  unsigned registersOfC() const { return registersOfResult(c); }
  unsigned registersOfD() const { return registersOfResult(d); }

private:
  unsigned registersOfResult(Type type) const;
};

constexpr unsigned mmaRegisters = 8; ///< of one operand, at most

/// The registers of an mma, each as its 32 lanes.
struct MmaRegisters {
  const void *a[mmaRegisters] = {};
  const void *b[mmaRegisters] = {};
  const void *c[mmaRegisters] = {};
  void *d[mmaRegisters] = {}; ///< may be those of A, B or C
};

void multiply(const MmaForm &form, const MmaRegisters &registers);

/// sums[row][column] += A[row][k] * B[k][column] of row-major matrices.
void accumulate(const float *a, const float *b, float *sums, const MmaForm &);
void accumulate(const int32_t *a, const int32_t *b, int64_t *sums,
                const MmaForm &);
void accumulate(const double *a, const double *b, double *sums,
                const MmaForm &);

/// The 32 bits of an integer sum.
int32_t integerResult(int64_t sum, bool saturate);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MATRIXUNIT_H
