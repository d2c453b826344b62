//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The main loops of matrix products on a GPU: how a block computes one tile of
/// sums. What rows are and what becomes of sums is not theirs to know.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_PRODUCTLOOP_H
#define CODEGEN_NVIDIA_PRODUCTLOOP_H

#include "codegen/Emit.h"
#include "codegen/nvidia/SharedLayout.h"

#include <memory>
#include <optional>
#include <string>

namespace moec {

/// What a loop is built for.
struct LoopShape {
  mlir::Type x, weight; ///< elements
  int64_t depth;        ///< K
  int64_t products;     ///< of the same rows: 1, or gate and up
};

/// The columns of a tile.
struct LoopWeights {
  /// Row-major weights of each product: the column's address is that of
  /// element 0 of its row.
  mlir::SmallVector<mlir::Value, 2> weights;
  /// Columns [firstColumn, endColumn): at least one. A loop reads the last one
  /// in place of those beyond it.
  mlir::Value firstColumn, endColumn;
  /// For loops that know it: how much further the second half of the columns
  /// is than the first; null: not at all.
  mlir::Value gap;
  /// For loops that want them: the tensor map of each product's weights, and
  /// the row of the map that column 0 is.
  mlir::SmallVector<mlir::Value, 2> maps;
  mlir::Value mapRow;
};

/// The rows and columns of a tile.
struct LoopOperands : LoopWeights {
  /// Rows [firstRow, endRow) of the activations, as columns.
  mlir::Value firstRow, endRow;
  /// The address of a row's first element.
  llvm::function_ref<mlir::Value(mlir::Value)> rowAddress;
  /// For loops that take parts of K, of about the same length: how many there
  /// are, and which one is to be added.
  int64_t parts = 1;
  mlir::Value part;
};

/// Sums of a tile: what a thread holds of it, in an order of the loop's own.
using ThreadSums = mlir::SmallVector<mlir::Value>;

class ProductLoop {
public:
  virtual ~ProductLoop() = default;

  std::string name;                      ///< for people: what it computes by
  int64_t tileRows = 0, tileColumns = 0; ///< of a block, at most
  int64_t threads = 0;                   ///< of a block
  int64_t sharedBytes = 0;               ///< at offset 0
  std::optional<LayoutUse> layout;       ///< of these bytes
  int64_t lanes = 1;       ///< neighbouring columns that a thread has
  bool knowsGap = false;   ///< LoopWeights::gap
  bool takesParts = false; ///< LoopOperands::parts
  /// Whether an expert never has more rows than a tile.
  bool holdsExpert = false;
  /// Rows of a box of the weights' tensor maps, of 128 bytes each; 0: the loop
  /// reads weights by their addresses.
  int64_t mapRows = 0;

  /// Has weights of a tile brought to the L2 cache, if that is worth it.
  virtual void prefetch(Emit &emit, const LoopWeights &tile) const {}
  /// Sums of a tile. All threads of the block take part.
  virtual ThreadSums multiply(Emit &emit, const LoopOperands &tile) const = 0;

  /// body(row, column, sums) for the places of the tile that this thread has
  /// sums of: of each product a vector of `lanes` columns from `column` on, a
  /// multiple of `lanes`. Rows and columns count from 0.
  using Body = llvm::function_ref<void(mlir::Value row, mlir::Value column,
                                       mlir::ValueRange sums)>;
  virtual void forEachSum(Emit &emit, const ThreadSums &sums,
                          Body body) const = 0;
};

/// f32 arithmetic in the CPU's order of summation: see
/// docs/decisions/0003-order-of-summation.md. Takes any elements.
std::unique_ptr<ProductLoop> makeExactLoop(const LoopShape &shape);

/// Whether tensor cores take the elements and the depth: bf16, and rows of
/// whole chunks of 16 bytes. All such loops give a sum the same bits.
bool takesTensorCores(const LoopShape &shape);

/// For tiles of up to `maxRows` rows, at most 16.
std::unique_ptr<ProductLoop> makeDirectLoop(const LoopShape &shape,
                                            int64_t maxRows);

/// For tiles of more rows, in up to `room` bytes of shared memory.
enum class RingRows { UpTo32, UpTo64, UpTo128 };
std::unique_ptr<ProductLoop> makeRingLoop(const LoopShape &shape, RingRows rows,
                                          int64_t room);

/// For tiles of many rows on GPUs that have tensor copies and products of
/// warpgroups, in up to `room` bytes of shared memory; null: that is too few.
/// Its sums have bits of their own.
std::unique_ptr<ProductLoop> makeWarpgroupLoop(const LoopShape &shape,
                                               int64_t room);

} // namespace moec

#endif // CODEGEN_NVIDIA_PRODUCTLOOP_H
