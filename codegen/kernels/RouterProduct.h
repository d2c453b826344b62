//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The logits of a few tokens for all experts, with a router weight that is
/// row-major: the product inside kernels that route.
///
/// Lanes are experts: a slab of the weight is transposed into scratch memory,
/// once for all tokens of a block. A tile is a few tokens by a few vectors of
/// experts, of as many sums in either shape. A logit is the chain of fused
/// multiply-adds that the packed matrix kernels compute (ascending k, of a bf16
/// pair the odd one first, the bias last), so it has their bits.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_ROUTERPRODUCT_H
#define CODEGEN_KERNELS_ROUTERPRODUCT_H

#include "codegen/Target.h"
#include "codegen/kernels/Region.h"
#include "dialects/MoE/MoE.h"

namespace moec {

class RouterProduct {
public:
  /// Tokens that share a transposed weight, at most.
  static constexpr int64_t blockTokens = 16;

  RouterProduct(moe::RouterOp op, const Target &target, ScratchAreas &areas);

  /// What the kernel's arguments point to.
  struct Operands {
    Matrix weight;
    mlir::Value bias; ///< null if there is none
    Matrix x;         ///< scratch: f32 [blockTokens][H], to be filled first
    Matrix logits;    ///< scratch: f32 [blockTokens][E and padding]
    Row panel;        ///< scratch: f32 [vectors of a tile][slab][lanes]
  };
  Operands bind(Emit &emit, KernelArguments arguments) const;

  /// Computes the logits of the first `tokens` rows of x.
  void emitBlock(Emit &emit, const Operands &operands,
                 mlir::Value tokens) const;

private:
  /// A part of K: [first, first + length).
  struct Slab {
    mlir::Value first, length;
  };
  /// The sums of a tile: a row of x for each token, a panel for each group, and
  /// a row of sums for each of the first with each of the second.
  struct Tile {
    llvm::SmallVector<Row> x, panels, sums;
  };

  /// Vectors of experts.
  int64_t groups() const;
  void emitTiles(Emit &emit, const Operands &operands,
                 mlir::Value tokens) const;
  Row panel(Emit &emit, const Operands &operands, int64_t i,
            int64_t width) const;
  void transpose(Emit &emit, const Operands &operands, const Row &panel,
                 mlir::Value group, Slab slab) const;
  mlir::Value transposeSquares(Emit &emit, const Row &panel,
                               llvm::ArrayRef<Row> weights,
                               mlir::Value length) const;
  mlir::Value transposePairs(Emit &emit, const Row &panel,
                             llvm::ArrayRef<Row> weights,
                             mlir::Value length) const;
  void transposeTail(Emit &emit, const Row &panel, llvm::ArrayRef<Row> weights,
                     mlir::Value from, mlir::Value to) const;
  void multiply(Emit &emit, const Operands &operands,
                llvm::ArrayRef<mlir::Value> groups, Slab slab,
                mlir::Value tokens) const;
  void multiplyTile(Emit &emit, const Tile &tile, mlir::Value length) const;
  void addBias(Emit &emit, const Operands &operands, mlir::Value tokens) const;

  moe::RouterOp op;
  int64_t experts, depth, lanes;
  int64_t xOffset, logitsOffset, panelOffset;
};

} // namespace moec

#endif // CODEGEN_KERNELS_ROUTERPRODUCT_H
