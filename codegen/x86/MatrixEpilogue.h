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

/// Where the result of one product goes.
struct TileTarget {
  mlir::Value result;  ///< its first element
  int64_t pitch;       ///< elements from row to row
  int64_t columns;     ///< that exist: N
  mlir::Value operand; ///< first element of a bias or a residual, or null
};

/// Makes a result of sums. A tile function gets the place of its tile as
/// arguments, so that it serves every shape. A new epilogue says what it makes
/// of one vector, in `finish`.
class Epilogue {
public:
  virtual ~Epilogue() = default;

  /// Names the code: epilogues of one name emit the same.
  virtual std::string name() const = 0;
  /// Products of the same activations whose sums make one result.
  virtual int64_t products() const { return 1; }

  /// The place of the tile at a row and a column of the target.
  mlir::SmallVector<mlir::Value> place(Emit &emit, const TileTarget &target,
                                       mlir::Value row,
                                       mlir::Value column) const;
  /// The place of a row further down.
  mlir::SmallVector<mlir::Value> below(Emit &emit, mlir::ValueRange place,
                                       mlir::Value rows) const;
  /// Types of what `place` returns.
  mlir::SmallVector<mlir::Type> placeTypes(Emit &emit) const;
  /// Emits the end of a tile function from values of those types.
  void emit(Emit &emit, TileSums sums, mlir::ValueRange place) const;

  /// Which vector of a tile.
  struct Position {
    int64_t row, vector;
  };
  /// Element type of the result.
  virtual mlir::Type element(Emit &emit) const { return emit.getF32Type(); }
  /// Element type of what is read besides the sums; null: nothing.
  virtual mlir::Type operandElement() const { return {}; }
  /// Whether that has a value for each element of the result; else one for each
  /// column.
  virtual bool operandHasRows() const { return false; }
  /// The result at a position, f32, given the operand there, f32 or null.
  virtual mlir::Value finish(Emit &emit, TileSums &sums, Position at,
                             mlir::Value operand) const = 0;
};

/// result = sum (+ bias[column]).
class StoreSums : public Epilogue {
public:
  /// `biasElement` is null without a bias.
  explicit StoreSums(mlir::Type biasElement) : biasElement(biasElement) {}

  std::string name() const override;
  mlir::Type operandElement() const override { return biasElement; }
  mlir::Value finish(Emit &emit, TileSums &sums, Position at,
                     mlir::Value operand) const override;

private:
  mlir::Type biasElement;
};

/// result = sum + residual.
class AddResidual : public Epilogue {
public:
  /// `f32` is the residual's element type.
  explicit AddResidual(mlir::Type f32) : f32(f32) {}

  std::string name() const override { return "residual"; }
  mlir::Type operandElement() const override { return f32; }
  bool operandHasRows() const override { return true; }
  mlir::Value finish(Emit &emit, TileSums &sums, Position at,
                     mlir::Value operand) const override;

private:
  mlir::Type f32;
};

/// result = silu(first sum) * second sum, rounded to f32 or bf16.
class GateSums : public Epilogue {
public:
  explicit GateSums(mlir::Type resultElement) : resultElement(resultElement) {}

  std::string name() const override;
  int64_t products() const override { return 2; }
  mlir::Type element(Emit &) const override { return resultElement; }
  mlir::Value finish(Emit &emit, TileSums &sums, Position at,
                     mlir::Value operand) const override;

private:
  mlir::Type resultElement;
};

/// Which of `lanes` columns from `from` on are less than `columns`: i1 vector.
mlir::Value laneMask(Emit &emit, int64_t lanes, int64_t from,
                     mlir::Value columns);

} // namespace moec

#endif // CODEGEN_X86_MATRIXEPILOGUE_H
