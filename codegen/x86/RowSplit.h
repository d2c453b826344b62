//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Cutting rows into parts as evenly as possible, the larger ones first: the
/// blocks of `#exec.row_blocks`, and the tiles of a block.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_ROWSPLIT_H
#define CODEGEN_X86_ROWSPLIT_H

#include "codegen/Emit.h"

namespace moec {

/// Rows in a block of `#exec.row_blocks`, and k in a slab.
constexpr int64_t blockRows = 12;
constexpr int64_t slabDepth = 256;

/// `rows` rows in ceil(rows / limit) parts. At least one row.
class RowSplit {
public:
  RowSplit(Emit &emit, mlir::Value rows, int64_t limit)
      : parts(emit.ceilDiv(rows, limit)), base(emit.div(rows, parts)),
        larger(emit.rem(rows, parts)) {}

  /// Number of parts.
  mlir::Value count() const { return parts; }
  /// First row of a part; of the part after the last, the number of rows.
  mlir::Value first(Emit &emit, mlir::Value part) const {
    return emit.add(emit.mul(part, base), emit.min(part, larger));
  }
  /// Rows of a part.
  mlir::Value size(Emit &emit, mlir::Value part) const {
    mlir::Value more = emit.less(part, larger);
    return emit.add(base, emit.select(more, emit.i64(1), emit.i64(0)));
  }

private:
  mlir::Value parts, base, larger;
};

} // namespace moec

#endif // CODEGEN_X86_ROWSPLIT_H
