//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Where the 16-byte chunks of a tile's rows are in shared memory.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_SHAREDLAYOUT_H
#define CODEGEN_NVIDIA_SHAREDLAYOUT_H

#include "codegen/Emit.h"

namespace moec {

/// Rows of 128 bytes, of which every second one has its halves exchanged: so
/// the eight lanes that are served at once, four neighbouring chunks of two
/// neighbouring rows, or eight chunks of one row, meet all 32 banks.
struct HalvesLayout {
  static constexpr int64_t chunkBytes = 16, rowChunks = 8;
  static constexpr int64_t rowBytes = rowChunks * chunkBytes;

  /// Byte of a chunk.
  static constexpr int64_t offset(int64_t row, int64_t chunk) {
    return row * rowBytes + (chunk ^ (row % 2 * (rowChunks / 2))) * chunkBytes;
  }
  /// The same; `row` and `chunk` are i64.
  static mlir::Value emitOffset(Emit &emit, mlir::Value row, mlir::Value chunk);
};

} // namespace moec

#endif // CODEGEN_NVIDIA_SHAREDLAYOUT_H
