//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The rotation of heads by a position, for the kernels that rotate.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_ROPE_H
#define CODEGEN_KERNELS_ROPE_H

#include "codegen/kernels/Region.h"
#include "codegen/kernels/SinCos.h"
#include "dialects/Decoder/Decoder.h"

namespace moec {

class Rotation {
public:
  static int64_t scratchBytes(decoder::RopeOp op);
  /// Whether one Rotation serves both.
  static bool sameAngles(decoder::RopeOp a, decoder::RopeOp b);

  /// Defines a constant called `table`; `scratch` keeps the angles. It may be
  /// nowhere for who calls angle and rotatePair alone.
  Rotation(Emit &emit, decoder::RopeOp op, llvm::StringRef table, Row scratch);

  /// Computes the sines and cosines of a position.
  void setPosition(Emit &emit, mlir::Value position) const;
  /// Rotates all heads of a row.
  void rotate(Emit &emit, Row from, Row to, int64_t width) const;
  /// Rotates one; `to` may be `from`.
  void rotateHead(Emit &emit, Row from, Row to) const;

  struct Pair {
    mlir::Value a, b;
  };
  /// Sine and cosine for the `lanes` pairs of a head from `index` on.
  SinCos angle(Emit &emit, mlir::Value position, mlir::Value index,
               int64_t lanes) const;
  /// (a cos - b sin, b cos + a sin)
  static Pair rotatePair(Emit &emit, Pair v, SinCos angle);

private:
  int64_t half;    ///< head_dim / 2
  Row frequencies; ///< [half]
  Row cos, sin;    ///< [half]
};

/// The operations of a kernel that rotates queries and keys, and appends the
/// keys.
struct RotatedAppend {
  decoder::RopeOp queries, keys;
  decoder::AppendKVOp append;

  explicit RotatedAppend(exec::KernelOp kernel);
  mlir::LogicalResult check();
};

} // namespace moec

#endif // CODEGEN_KERNELS_ROPE_H
