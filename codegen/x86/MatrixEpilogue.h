//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What becomes of the finished sums of a tile.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXEPILOGUE_H
#define CODEGEN_X86_MATRIXEPILOGUE_H

#include "codegen/Emit.h"

#include <string>

namespace moec {

/// The finished sums of a tile: rows x vectors, row-major.
struct TileSums {
  mlir::SmallVector<mlir::Value> values;
  int64_t rows;
  int64_t lanes; ///< columns in a vector

  int64_t vectors() const { return int64_t(values.size()) / rows; }
  int64_t columns() const { return vectors() * lanes; }
  mlir::Value &at(int64_t row, int64_t vector) {
    return values[row * vectors() + vector];
  }
};

/// Consumes sums. A tile function gets the place of its tile as arguments, so
/// that it serves every shape.
class Epilogue {
public:
  virtual ~Epilogue() = default;

  /// Names the code: epilogues of one name emit the same.
  virtual std::string name() const = 0;
  /// Types of what a tile function needs to know.
  virtual mlir::SmallVector<mlir::Type> placeTypes(Emit &emit) const = 0;
  /// Emits the end of a tile function from values of those types.
  virtual void emit(Emit &emit, TileSums sums,
                    mlir::ValueRange place) const = 0;
};

/// result[row, column] = sum (+ bias[column]), f32 and row-major.
class StoreSums : public Epilogue {
public:
  /// `biasElement` is null without a bias.
  explicit StoreSums(mlir::Type biasElement) : biasElement(biasElement) {}

  std::string name() const override;
  mlir::SmallVector<mlir::Type> placeTypes(Emit &emit) const override;
  void emit(Emit &emit, TileSums sums, mlir::ValueRange place) const override;

  /// Where the result of one product goes.
  struct Target {
    mlir::Value result; ///< its first element
    int64_t columns;    ///< of the result: N
    mlir::Value bias;   ///< its first element, or null
  };
  /// The place of the tile at a row and a column of the target.
  mlir::SmallVector<mlir::Value> place(Emit &emit, const Target &target,
                                       mlir::Value row,
                                       mlir::Value column) const;

private:
  mlir::Type biasElement;
};

} // namespace moec

#endif // CODEGEN_X86_MATRIXEPILOGUE_H
