//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The order in which attention walks the pages of a sequence.
///
/// Segments of 4 pages are dealt to 32 classes, in turn, so that a GPU can
/// compute classes at the same time. A class is one online softmax over its
/// pages in ascending order; the results of classes are merged in ascending
/// order. What is merged with what so depends on positions alone.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_PAGEWALK_H
#define CODEGEN_KERNELS_PAGEWALK_H

#include "codegen/Emit.h"

namespace moec {

class PageWalk {
public:
  static constexpr int64_t segmentPages = 4, classes = 32;

  /// Over the pages first .. last of a sequence, one at least.
  PageWalk(Emit &emit, mlir::Value first, mlir::Value last);

  mlir::Value pages() const; ///< how many
  /// The page that comes first.
  mlir::Value begin() const;
  /// The page that comes after another; after the last, some page.
  mlir::Value next(mlir::Value page) const;
  static mlir::Value classOf(Emit &emit, mlir::Value page);

  /// How many classes have pages, and the i-th of them, in their order.
  mlir::Value classCount() const;
  mlir::Value nthClass(mlir::Value i) const;

  /// The first segment of a class from that of the first page on: the class has
  /// pages if it is not after the last one.
  mlir::Value firstSegment(mlir::Value pageClass) const;
  mlir::Value hasPages(mlir::Value firstSegment) const;
  /// The first and last page of a segment that belong to the walk.
  mlir::Value firstPage(mlir::Value segment) const;
  mlir::Value lastPage(mlir::Value segment) const;
  mlir::Value lastSegment() const { return segmentOfLast; }

private:
  Emit &emit;
  mlir::Value first, last, segmentOfFirst, segmentOfLast;
};

} // namespace moec

#endif // CODEGEN_KERNELS_PAGEWALK_H
