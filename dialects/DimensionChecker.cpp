//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/DimensionChecker.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moec;

static std::string describeSize(int64_t size) {
  return ShapedType::isDynamic(size) ? "?" : std::to_string(size);
}

int64_t moec::scaledSize(int64_t size, int64_t factor) {
  return ShapedType::isDynamic(size) ? size : size * factor;
}

const DimensionChecker::Dimension *
DimensionChecker::find(StringRef letter) const {
  for (const Dimension &dimension : dimensions)
    if (dimension.letter == letter)
      return &dimension;
  return nullptr;
}

int64_t DimensionChecker::operator[](StringRef letter) const {
  return find(letter)->size;
}

void DimensionChecker::define(StringRef letter, int64_t size,
                              StringRef source) {
  dimensions.push_back({letter, size, source});
}

LogicalResult DimensionChecker::check(StringRef name, Type tensor,
                                      ArrayRef<StringRef> letters) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor).getShape();
  for (auto [letter, size] : llvm::zip_equal(letters, shape)) {
    const Dimension *known = find(letter);
    if (!known) {
      define(letter, size, name);
      continue;
    }
    if (known->size != size)
      return op->emitOpError("expected ")
             << letter << " = " << describeSize(known->size) << ", as "
             << known->source << " has it, but got " << describeSize(size)
             << " in " << name << " [" << llvm::join(letters, ", ") << "]";
  }
  return success();
}

LogicalResult moec::verifyProductElements(Operation *op,
                                          TypedValue<TensorType> x,
                                          TypedValue<TensorType> weight) {
  Type weightElement = weight.getType().getElementType();
  Type expected = weightElement.isBF16() ? weightElement
                                         : Float32Type::get(op->getContext());
  Type actual = x.getType().getElementType();
  if (actual == expected)
    return success();
  return op->emitOpError("expected x of ")
         << expected << " for a weight of " << weightElement << ", but got "
         << actual;
}
