//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Checks of shapes and element types that the verifiers of several operations
/// share.
///
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_DIMENSIONCHECKER_H
#define DIALECTS_DIMENSIONCHECKER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

namespace moec {

/// Checks the tensors of one operation against shapes in letters, such as [T,
/// H] and [V, H]. A letter stands for one size throughout; a dynamic size
/// agrees with dynamic ones alone. Encodings are ignored.
///
/// Letters and names must outlive the checker: pass string literals.
class DimensionChecker {
public:
  explicit DimensionChecker(mlir::Operation *op) : op(op) {}

  /// Gives `letter` its size before a tensor does; `source` is what errors
  /// name as its origin, such as "the plan".
  void define(llvm::StringRef letter, int64_t size, llvm::StringRef source);

  /// Takes the sizes of new letters from `tensor` and reports, at the
  /// operation, a size that differs from an earlier one of its letter. `name`
  /// is that of the operand or result.
  mlir::LogicalResult check(llvm::StringRef name, mlir::Type tensor,
                            llvm::ArrayRef<llvm::StringRef> letters);

  /// The size of a letter that is known by now.
  int64_t operator[](llvm::StringRef letter) const;

private:
  struct Dimension {
    llvm::StringRef letter;
    int64_t size;
    llvm::StringRef source;
  };
  const Dimension *find(llvm::StringRef letter) const;

  mlir::Operation *op;
  llvm::SmallVector<Dimension> dimensions;
};

/// `size` times `factor`; dynamic if the size is.
int64_t scaledSize(int64_t size, int64_t factor);

/// Reports, at `op`, a matrix product whose activation `x` has another element
/// type than `weight` asks for: bf16 for bf16, f32 for f32 and f16.
mlir::LogicalResult
verifyProductElements(mlir::Operation *op, mlir::TypedValue<mlir::TensorType> x,
                      mlir::TypedValue<mlir::TensorType> weight);

} // namespace moec

#endif // DIALECTS_DIMENSIONCHECKER_H
