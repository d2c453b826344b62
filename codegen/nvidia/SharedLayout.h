//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The layouts of shared memory. Each has a name, and is an
/// #exec.shared_layout of the kernels that use it. test/codegen/GpuLayoutTest
/// proves that the instructions that use it meet no bank conflicts, or how
/// many.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_SHAREDLAYOUT_H
#define CODEGEN_NVIDIA_SHAREDLAYOUT_H

#include "codegen/Emit.h"
#include "dialects/Exec/Exec.h"

namespace moec {

/// Which 16-byte chunks of a row are exchanged: chunk c of row r is at place
/// c ^ (r % 2^bits) * 2^to.
struct ChunkExchange {
  int64_t bits = 0, to = 0;

  constexpr int64_t place(int64_t row, int64_t chunk) const {
    return chunk ^ (row % (int64_t(1) << bits)) << to;
  }
};

/// Rows of 128 bytes with exchanged chunks. `Bits` and `To`: see ChunkExchange.
template <int64_t Bits, int64_t To> struct ExchangedRows {
  static constexpr int64_t chunkBytes = 16, rowChunks = 8;
  static constexpr int64_t rowBytes = rowChunks * chunkBytes;
  static constexpr ChunkExchange exchange = {Bits, To};

  /// Byte of a chunk.
  static constexpr int64_t offset(int64_t row, int64_t chunk) {
    return row * rowBytes + exchange.place(row, chunk) * chunkBytes;
  }
  /// The same; `row` and `chunk` are i64.
  static mlir::Value emitOffset(Emit &emit, mlir::Value row, mlir::Value chunk);
};

/// Every second row has its halves exchanged: so the eight lanes that are
/// served at once, four neighbouring chunks of two neighbouring rows, or eight
/// chunks of one row, meet all 32 banks.
struct HalvesLayout : ExchangedRows<1, 2> {
  static constexpr llvm::StringLiteral name = "halves";
};

/// Rows in groups of 8, of which each has other chunks exchanged: so eight rows
/// have any chunk in all 32 banks. What tensor maps call a swizzle of 128
/// bytes, and products of warpgroups read. A group begins at a multiple of 1024
/// bytes.
struct SwizzledLayout : ExchangedRows<3, 0> {
  static constexpr llvm::StringLiteral name = "swizzled";
};

/// A layout in a kernel: rows of `pitch` bytes from byte `at` on.
struct LayoutUse {
  llvm::StringLiteral name;
  int64_t at, rows, pitch;
  ChunkExchange exchange;

  exec::SharedLayoutAttr attribute(mlir::MLIRContext *context) const {
    return exec::SharedLayoutAttr::get(context, name, at, rows, pitch,
                                       exchange.bits, exchange.to);
  }
};

/// The use of rows such as HalvesLayout.
template <class Layout> LayoutUse useOf(int64_t at, int64_t rows) {
  return {Layout::name, at, rows, Layout::rowBytes, Layout::exchange};
}

} // namespace moec

#endif // CODEGEN_NVIDIA_SHAREDLAYOUT_H
