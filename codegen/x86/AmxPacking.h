//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Packing of bfloat16 rows for AMX: what a tile register takes of a block of
/// rows becomes contiguous.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_AMXPACKING_H
#define CODEGEN_X86_AMXPACKING_H

#include "codegen/x86/AmxTile.h"
#include "codegen/x86/MatrixPacking.h"

namespace moec {

/// One block of rows, from a step of K on.
struct AmxBlock {
  mlir::Value row, rows;   ///< first row; at most amxRows
  mlir::Value step, steps; ///< of those that have all of their pairs
  /// Elements behind them, of a step that is filled up with zeros; or 0.
  mlir::Value rest;
  mlir::Value to; ///< [steps][rows][2 * amxPairs]
};

void emitAmxPacking(Emit &emit, const RowSource &source, const AmxBlock &block);

} // namespace moec

#endif // CODEGEN_X86_AMXPACKING_H
