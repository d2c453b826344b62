//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The code of one task of attention: one token and one key/value head, with
/// all the query heads that share it, by an online softmax (arXiv 1805.02867).
///
/// It walks the pages from that of the first visible position to that of the
/// token's own, in the order of PageWalk; so the order of every sum depends on
/// positions alone. In a page the scores have positions as lanes and are chains
/// over head_dim; the weighted values have head_dim as lanes and are chains
/// over positions.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_ATTENTIONTASK_H
#define CODEGEN_KERNELS_ATTENTIONTASK_H

#include "codegen/Target.h"
#include "codegen/kernels/Cache.h"

namespace moec {

/// What the operation says.
struct AttentionSizes {
  int64_t kvHeads, group, headDim; ///< group: query heads of each kv head
  int64_t window;                  ///< 0: none
  double scale;

  explicit AttentionSizes(decoder::AttentionOp op);
};

/// Sizes of a kernel.
struct AttentionShape : AttentionSizes {
  /// Query heads computed together, so that a page's keys and values are
  /// widened once for all of them.
  static constexpr int64_t maxTileRows = 4;

  /// 16-lane accumulators that the target's registers hold.
  int64_t accumulators;

  AttentionShape(decoder::AttentionOp op, const Target &target);
  /// Rows of the equal tiles that a group is cut into; one may be smaller.
  int64_t tileRows() const;
};

/// What is known of a softmax over some positions.
struct SoftmaxState {
  Row outputs;      ///< weighted values [group][head_dim]
  Row maxima, sums; ///< of the weights [group]
};

/// The scratch memory of a task, all f32.
struct AttentionScratch : SoftmaxState {
  SoftmaxState total; ///< of the classes of pages that have been walked
  Row weights;        ///< of a page, for the rows of a tile [rows][page tokens]

  AttentionScratch(Emit &emit, mlir::Value base, const AttentionShape &shape);
  static int64_t bytes(const AttentionShape &shape);
};

/// Builds the parts of a task, from the whole to the inner loops.
class AttentionTask {
public:
  AttentionTask(Emit &emit, const AttentionShape &shape,
                const CachePages &cache, const AttentionScratch &scratch);

  /// The group's queries [group][head_dim] against the positions up to and
  /// including `position` of the sequence whose pages are `pages`.
  void attend(Row queries, mlir::Value pages, mlir::Value head,
              mlir::Value position);
  /// Divides by the sums, rounds and stores [group][head_dim].
  void finish(Row y);

private:
  /// A page as one token sees it: the positions [from, to) of it.
  struct Page {
    Row keys, values;
    Row ahead; ///< keys of a page to visit soon, to be brought near
    mlir::Value from, to;
    mlir::SmallVector<mlir::Value> visible; ///< a mask for each strip
  };
  /// Rows [first, first + rows) of the group.
  struct Tile {
    Row queries; ///< [rows][head_dim]
    mlir::Value first;
    int64_t rows;
    /// By how much older weights of each row shrink.
    mlir::SmallVector<mlir::Value> corrections;
  };
  /// Strips [from, from + count) of a page's positions.
  struct StripRange {
    int64_t from, count;
  };

  void clear(const SoftmaxState &state);
  void mergeClass();
  Page openPage(Row keys, Row ahead, mlir::Value first, mlir::Value end);
  void addPage(Row queries, const Page &page);
  void addTile(const Page &page, Tile tile);
  mlir::SmallVector<mlir::Value> scores(const Page &page, const Tile &tile);
  mlir::SmallVector<mlir::Value> scoreStrips(const Page &page, const Tile &tile,
                                             StripRange range);
  mlir::Value updateSoftmax(mlir::MutableArrayRef<mlir::Value> scores,
                            mlir::Value row);
  void addValues(const Page &page, const Tile &tile);
  void addValueStrips(const Page &page, const Tile &tile, mlir::Value column,
                      llvm::ArrayRef<int64_t> strips);
  void prefetch(Row row, int64_t count);

  Emit &emit;
  const AttentionShape &shape;
  const CachePages &cache;
  const AttentionScratch &scratch;
  mlir::VectorType strip; ///< 16 x f32
};

} // namespace moec

#endif // CODEGEN_KERNELS_ATTENTIONTASK_H
