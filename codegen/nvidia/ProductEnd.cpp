//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/ProductEnd.h"

#include "codegen/kernels/Activation.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

int64_t moec::lanesOf(Value v) {
  auto type = dyn_cast<VectorType>(v.getType());
  return type ? type.getNumElements() : 1;
}

namespace {

/// One value of the result for each sum, or for those of gate and up.
class ElementEnd : public ProductEnd {
public:
  ElementEnd(Value result, int64_t columns)
      : result(result), columns(columns) {}

  void emitSum(Emit &emit, const GpuArguments &arguments,
               const ProductTile &tile, Value row, Value column,
               ValueRange sums) const override {
    Value place = emit.add(emit.mul(row, columns), column);
    Value v = finish(emit, arguments, {tile.expert, column, place}, sums);
    storeWhole(emit, v, rowOf(arguments, result), place);
  }

protected:
  /// Where a value belongs: `place` counts elements of the result.
  struct At {
    Value expert, column, place;
  };
  virtual Value finish(Emit &emit, const GpuArguments &arguments, const At &at,
                       ValueRange sums) const = 0;

  Value result;
  int64_t columns;
};

/// sum (+ bias)
class StoreEnd : public ElementEnd {
public:
  explicit StoreEnd(const MatrixOperation &product)
      : ElementEnd(product.op->getResult(0), product.columns()),
        product(product) {}

protected:
  Value finish(Emit &emit, const GpuArguments &arguments, const At &at,
               ValueRange sums) const override {
    if (!product.bias)
      return sums[0];
    Value index = emit.add(emit.mul(at.expert, columns), at.column);
    Value bias = loadWhole(emit, rowOf(arguments, product.bias), index,
                           lanesOf(sums[0]));
    return emit.addF(sums[0], bias);
  }

private:
  MatrixOperation product;
};

/// residual + sum
class ResidualEnd : public ElementEnd {
public:
  ResidualEnd(Value result, Value residual, int64_t columns)
      : ElementEnd(result, columns), residual(residual) {}

protected:
  Value finish(Emit &emit, const GpuArguments &arguments, const At &at,
               ValueRange sums) const override {
    Value v =
        loadWhole(emit, rowOf(arguments, residual), at.place, lanesOf(sums[0]));
    return emit.addF(v, sums[0]);
  }

private:
  Value residual;
};

/// silu(gate) * up
class GateEnd : public ElementEnd {
public:
  using ElementEnd::ElementEnd;

protected:
  Value finish(Emit &emit, const GpuArguments &, const At &,
               ValueRange sums) const override {
    return emit.mulF(silu(emit, sums[0]), sums[1]);
  }
};

} // namespace

std::unique_ptr<ProductEnd> moec::makeProductEnd(const EndShape &shape) {
  const MatrixRegion &region = shape.region;
  const MatrixOperation &product = region.products[shape.product];
  if (region.combine)
    return makeCombineEnd(shape);
  if (region.top)
    return makeTopEnd(shape);
  if (region.ends[shape.product])
    return makeHeadsEnd(shape);
  if (decoder::SwigluOp swiglu = region.swiglu)
    return std::make_unique<GateEnd>(swiglu.getY(), product.columns());
  if (decoder::AddOp add = region.add)
    return std::make_unique<ResidualEnd>(add.getY(), region.residual,
                                         product.columns());
  return std::make_unique<StoreEnd>(product);
}
