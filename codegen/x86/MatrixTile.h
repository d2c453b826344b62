//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The functions at the heart of matrix kernels: a tile of sums in registers,
/// over all of K or over a slab of it. They take strides and counts as
/// arguments, so all shapes of a module share them.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXTILE_H
#define CODEGEN_X86_MATRIXTILE_H

#include "codegen/x86/MatrixEpilogue.h"
#include "codegen/x86/MatrixOperands.h"
#include "codegen/x86/RowSplit.h"

namespace moec {

/// Rows of activations x columns of a panel whose sums are in registers.
struct TileShape {
  int64_t rows, columns;
};

/// The tiles that suit a machine: what fits its registers.
struct TileShapes {
  int64_t streamRows;  ///< at most, in tiles over all of K
  int64_t slabRows;    ///< at most, in tiles over a slab
  int64_t slabColumns; ///< columns of those
  /// See Target.
  int64_t prefetchBytes, prefetchRows, sparsePrefetchBytes;

  static TileShapes of(const Target &target);
  TileShape stream(int64_t rows) const { return {rows, panelWidth}; }
  TileShape slab(int64_t rows) const { return {rows, slabColumns}; }
  /// The fewest rows that an even split into slab tiles leaves, above
  /// `streamRows` rows.
  int64_t minSlabRows() const { return (slabRows + 1) / 2; }
  /// Whether a slab tile takes all rows of a block of packed activations.
  bool slabTakesBlock() const { return slabRows == blockRows; }
};

/// Where the operands of a tile are.
struct TileOperands {
  mlir::Value x;       ///< activation of the first row at the first step
  mlir::Value xStride; ///< bytes between steps of x
  mlir::Value w;       ///< weight of the first column at the first step
  mlir::Value steps;   ///< a multiple of depthSteps
};

/// What a slab tile does besides its product.
struct SlabState {
  mlir::Value sums;        ///< its own, see MatrixTiles
  mlir::Value first, last; ///< i1: no sums to load; sums are finished
  mlir::Value nextW;       ///< to prefetch: address, bytes per step
  mlir::Value nextWStride;
  mlir::Value nextX, nextXStride;
};

/// Emits and calls the tile functions of one decoder and one epilogue.
///
/// Each tile computes one product, so that weights are one sequential stream.
/// Sums between slabs are in memory, and those of an epilogue of several
/// products until all are finished: f32 [rows][products][panelWidth].
class MatrixTiles {
public:
  MatrixTiles(const OperandDecoder &decoder, const Epilogue &epilogue,
              TileShapes shapes)
      : decoder(decoder), epilogue(epilogue), shapes(shapes) {}

  /// Computes `rows` rows over all of K; `rows` is at most streamRows. Of
  /// several products, the product's sums go to `sums`.
  void callStream(Emit &emit, int64_t rows, const TileOperands &operands,
                  mlir::Value sums, mlir::ValueRange place) const;
  /// Computes `rows` rows over a slab; `rows` is at most slabRows.
  void callSlab(Emit &emit, int64_t rows, const TileOperands &operands,
                const SlabState &state, mlir::ValueRange place) const;
  /// The epilogue of several products, for `rows` rows of a panel; `sums` are
  /// the first product's.
  void callFinish(Emit &emit, mlir::Value rows, mlir::Value sums,
                  mlir::ValueRange place) const;

private:
  using Prefetch =
      llvm::function_ref<void(Emit &, mlir::Value step, int64_t unrolled)>;

  void emitStream(Emit &emit, llvm::StringRef name, TileShape shape) const;
  void emitSlab(Emit &emit, llvm::StringRef name, TileShape shape) const;
  std::string functionName(const char *kind, TileShape shape) const;
  TileSums zeros(Emit &emit, TileShape shape) const;
  /// sums += x * w over the steps, one chain for each sum.
  TileSums mainLoop(Emit &emit, TileSums sums, const TileOperands &operands,
                    Prefetch prefetch) const;
  void step(Emit &emit, TileSums &sums, mlir::Value x, mlir::Value w) const;
  void emitFinish(Emit &emit, llvm::StringRef name) const;
  bool several() const { return epilogue.products() > 1; }
  int64_t rowSums() const { return epilogue.products() * panelWidth; }
  mlir::Value savedSum(Emit &emit, mlir::Value saved, const TileSums &sums,
                       int64_t i) const;
  void save(Emit &emit, mlir::Value saved, const TileSums &sums) const;
  void loadSums(Emit &emit, const SlabState &state, TileSums &sums) const;

  const OperandDecoder &decoder;
  const Epilogue &epilogue;
  TileShapes shapes;
};

} // namespace moec

#endif // CODEGEN_X86_MATRIXTILE_H
