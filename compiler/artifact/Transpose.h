//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The transposition at the heart of packing: rows of units become columns.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_TRANSPOSE_H
#define COMPILER_ARTIFACT_TRANSPOSE_H

#include <cstddef>
#include <cstdint>

namespace moec {

/// target[k][r] = rows[r][k] for k < columns and r < rowCount. Units are of
/// `unitBytes` = 2, 4 or 8 bytes; rows need no alignment.
void transpose(const uint8_t *const *rows, size_t rowCount, size_t columns,
               size_t unitBytes, uint8_t *target);

} // namespace moec

#endif // COMPILER_ARTIFACT_TRANSPOSE_H
