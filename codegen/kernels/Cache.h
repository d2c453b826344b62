//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Where the tokens of a step stand, and where the cache keeps what they wrote:
/// moert_batch and the page format of runtime/abi/Kernel.h as generated code
/// sees them.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_CACHE_H
#define CODEGEN_KERNELS_CACHE_H

#include "codegen/kernels/Strips.h"
#include "dialects/Decoder/Decoder.h"
#include "runtime/abi/Kernel.h"

namespace moec {

/// The fields of a moert_batch, loaded.
struct BatchFields {
  mlir::Value positions, sequences, pageTable, pagesPerSequence;

  static BatchFields load(Emit &emit, mlir::Value batch);
  /// Index of token t's sequence.
  mlir::Value sequence(Emit &emit, mlir::Value t) const;
  /// Position of token t in its sequence.
  mlir::Value position(Emit &emit, mlir::Value t) const;
  /// Address of the entry of page_table for page 0 of token t's sequence.
  mlir::Value pages(Emit &emit, mlir::Value t) const;
};

/// Index of the n-th page of a sequence, `pages` as BatchFields::pages gives.
mlir::Value pageIndex(Emit &emit, mlir::Value pages, mlir::Value n);

/// Pages of one layer: [page][kv head][K, V] with K [head_dim][page tokens]
/// and V [page tokens][head_dim].
struct CachePages {
  mlir::Value base;
  int64_t heads, headDim;
  mlir::Type element;

  CachePages(mlir::Value base, decoder::KVCacheType type)
      : base(base), heads(type.getHeads()), headDim(type.getHeadDim()),
        element(type.getElement()) {}
  /// Elements of K; of V as well.
  int64_t half() const { return headDim * MOERT_PAGE_TOKENS; }
  /// K of a page and head, and the V that follows it.
  Row keys(Emit &emit, mlir::Value page, mlir::Value head) const;
  Row values(Emit &emit, Row keys) const;

  /// Where a token's keys and values go.
  struct Place {
    mlir::Value page, slot; ///< slot: position in the page
  };
  Place place(Emit &emit, const BatchFields &batch, mlir::Value t) const;
  /// Writes one head of a token: f32 [head_dim].
  void writeKeys(Emit &emit, Place place, mlir::Value head, Row from) const;
  void writeValues(Emit &emit, Place place, mlir::Value head, Row from) const;

  /// What a token writes: f32 [heads * head_dim] each.
  struct Entry {
    Row keys, values;
  };
  /// Writes the entry of token t at its position.
  void append(Emit &emit, const BatchFields &batch, mlir::Value t,
              Entry entry) const;
};

} // namespace moec

#endif // CODEGEN_KERNELS_CACHE_H
