//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The pages of keys and values that attention on tensor cores multiplies, on
/// their way from the cache to shared memory.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_TENSORPAGES_H
#define CODEGEN_NVIDIA_TENSORPAGES_H

#include "codegen/nvidia/TensorAttention.h"

namespace moec {

/// The index-th of parts of `bytes` bytes, from an offset in shared memory on.
mlir::Value sharedPart(Emit &emit, int64_t at, mlir::Value index,
                       int64_t bytes);

/// a ^ b, of i64.
mlir::Value exchanged(Emit &emit, mlir::Value a, mlir::Value b);

/// The pages of a sequence that rows see.
struct TensorPages {
  const CachePages &cache;
  mlir::Value kvHead, table;
  mlir::Value first; ///< page
  mlir::Value end;   ///< position: behind it nothing may have been written

  /// Places of a step's pages in the cache; beyond the last one, of that one.
  llvm::SmallVector<mlir::Value> placesOf(Emit &emit, const TensorCut &cut,
                                          mlir::Value step) const;
  /// Begins to bring a step's pages to its stage, by the block: a group of
  /// copies. Positions from `end` on are zeros.
  void begin(Emit &emit, const TensorCut &cut, mlir::ValueRange places,
             mlir::Value step) const;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_TENSORPAGES_H
