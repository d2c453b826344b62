//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A row as vectors of 16 elements and, for what is left, of 8, 4, 2 and 1. The
/// cut depends on the length alone, so results are the same on every target.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_STRIPS_H
#define CODEGEN_KERNELS_STRIPS_H

#include "codegen/Emit.h"

namespace moec {

/// f32 lanes of a vector, on every target.
constexpr int64_t stripLanes = 16;

/// Elements in memory, one after the other.
struct Row {
  mlir::Value base;
  mlir::Type element;

  mlir::Value address(Emit &emit, mlir::Value index) const {
    return emit.at(base, element, index);
  }
  /// What begins at an element.
  Row from(Emit &emit, mlir::Value index) const {
    return {address(emit, index), element};
  }
};

/// Vector of `lanes` elements; the element itself for one lane.
mlir::Type stripType(Emit &emit, mlir::Type element, int64_t lanes);
/// The scalar in all lanes; itself for one lane.
mlir::Value spread(Emit &emit, mlir::Value scalar, int64_t lanes);

/// Elements [index, index + lanes) of a row, widened to f32.
mlir::Value loadStrip(Emit &emit, Row row, mlir::Value index, int64_t lanes);
/// Rounds f32 values to the row's element and stores them from `index` on.
void storeStrip(Emit &emit, mlir::Value v, Row row, mlir::Value index);

using StripBody = llvm::function_ref<void(mlir::Value index, int64_t lanes)>;
/// body(index, lanes) over [0, length) in ascending order.
void forEachStrip(Emit &emit, int64_t length, StripBody body);
/// The part of it that is shorter than a vector: [length / 16 * 16, length).
void forEachTailStrip(Emit &emit, int64_t length, StripBody body);

/// Two rows and where their sum goes.
struct Addition {
  Row a, b, sum;
};
/// sum = a + b for `length` elements.
void addRows(Emit &emit, const Addition &rows, int64_t length);

/// Copies `length` elements of one type.
void copyRow(Emit &emit, Row from, Row to, int64_t length);

} // namespace moec

#endif // CODEGEN_KERNELS_STRIPS_H
