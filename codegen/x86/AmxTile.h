//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The main loop of bfloat16 products on AMX, the tile registers of Intel's
/// CPUs: up to 32 rows of activations times one panel of weights.
///
/// Source: Intel SDM volume 1, chapter 18, and volume 2, TDPBF16PS.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_AMXTILE_H
#define CODEGEN_X86_AMXTILE_H

#include "codegen/Emit.h"

namespace moec {

/// Rows in a block of activations: those of a tile register.
constexpr int64_t amxRows = 16;
/// Pairs of k that a multiplication takes at most, one step of the loop.
constexpr int64_t amxPairs = 16;
/// Bytes of one row of activations at one step.
constexpr int64_t amxRowBytes = 4 * amxPairs;

/// Whether a product of weights of an element is one for AMX, on targets that
/// have it. Scores of experts are few, and must be the same with the choice of
/// experts behind them as without: they have one order of summation everywhere.
bool isAmxProduct(mlir::Operation *product, mlir::Type weight);

/// What one call computes: the sums of one block of rows or two with a panel.
struct AmxOperands {
  /// The blocks at the first step: [step][row][2 * amxPairs] bf16. The second
  /// counts if there are more rows than the first can have.
  mlir::Value x[2];
  mlir::Value rows; ///< of both: 1 to 2 * amxRows
  /// The panel at the first step; each step is 2 KiB further.
  mlir::Value w;
  mlir::Value steps;
  /// Pairs of k in each step; fewer than amxPairs only in one step, the last.
  int64_t pairs;
  mlir::Value sums;  ///< f32 [row][panelWidth]
  mlir::Value pitch; ///< bytes from a row of sums to the next
  mlir::Value first; ///< i1: sums begin at zero, else with those in memory
  /// What is prefetched into L2: from an address on, so many bytes a step.
  mlir::Value next, nextBytes;
};

/// Emits a call of the loop, and its function if the module has none yet.
/// Tile registers are in use behind it, until emitAmxRelease.
///
/// Of each step, the products of even and of odd k are two chains of fused
/// multiply-adds from zero on; their sum is added to what was there before.
void emitAmxTiles(Emit &emit, const AmxOperands &operands);

/// Gives the tile registers up, so that the system need not save them.
void emitAmxRelease(Emit &emit);

} // namespace moec

#endif // CODEGEN_X86_AMXTILE_H
