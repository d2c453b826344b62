//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The elements of matrix operands: the formats that tensor cores read.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MATRIXELEMENT_H
#define RUNTIME_EMULATOR_MACHINE_MATRIXELEMENT_H

#include "runtime/emulator/ptx/Type.h"

#include <cstddef>
#include <cstdint>

namespace emulator {

/// Decodes `count` packed elements of F16, BF16, TF32, E4M3, E5M2, S8, U8, S4,
/// U4 or B1, exactly. TF32 elements have their low 13 bits ignored.
void decode(Type type, const void *packed, size_t count, float *values);

/// Makes 1 and -1 of decoded bits 0 and 1.
void makeOpposites(float *values, size_t count);

/// The value of an f16, and the f16 nearest to a value (ties to even).
float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MATRIXELEMENT_H
