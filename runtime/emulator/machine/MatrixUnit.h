//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The matrix unit of a warp: D = A * B + C on register fragments, as sums of
// tiles (MatrixTile.h), or of f64.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MATRIXUNIT_H
#define RUNTIME_EMULATOR_MACHINE_MATRIXUNIT_H

#include "runtime/emulator/ptx/Type.h"

namespace emulator {

/// A form of mma: m is 8 or 16, n is 8.
struct MmaForm {
  unsigned m = 16, n = 8, k = 16;
  Type a = Type::F16, b = Type::F16, c = Type::F32, d = Type::F32;
  /// Integer results are clamped to 32 bits instead of wrapping.
  bool saturate = false;
  /// Of B1: the sums count bits that differ, not those that both have.
  bool exclusive = false;

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

/// The floats of A in `registers`: rows x k, row-major. Bits of B1 are decoded
/// as -1 and 1 if `exclusive`.
void decodeFragmentA(Type type, unsigned rows, unsigned k,
                     const void *const *registers, bool exclusive, float *a);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MATRIXUNIT_H
