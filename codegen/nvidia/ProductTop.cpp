//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of a product of which the best columns alone are kept: a block has
/// the logits of one part, and each of its warps chooses among those of a row.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/ProductEnd.h"
#include "codegen/nvidia/WarpTop.h"

using namespace mlir;
using namespace moec;

namespace {

class TopOfProduct : public ProductEnd {
public:
  explicit TopOfProduct(const EndShape &shape)
      : op(shape.region.top), k(op.getK()), threads(shape.loop.threads) {}

  int64_t unitColumns(int64_t) const override { return part(); }
  bool wantsTile() const override { return true; }
  void emitTile(Emit &emit, const GpuArguments &arguments,
                const ProductTile &tile, const SharedTile &sums) const override;

private:
  int64_t part() const { return decoder::PartTopOp(op).getPart(); }

  decoder::PartTopOp op;
  int64_t k, threads;
};

} // namespace

void TopOfProduct::emitTile(Emit &emit, const GpuArguments &arguments,
                            const ProductTile &tile,
                            const SharedTile &sums) const {
  decoder::PartTopOp part = op;
  Row top = {arguments.pointerTo(part.getTop()), emit.getF32Type()};
  Row tokens = {arguments.pointerTo(part.getTokens()), emit.getI32Type()};
  int64_t kept = rowLength(part.getTop());
  Value index = emit.div(tile.firstColumn, this->part());
  forEachOfWarps(emit, threads, tile.rows(emit), [&](Value row) {
    Value place = emit.add(emit.mul(emit.add(tile.firstRow, row), kept),
                           emit.mul(index, k));
    WarpTopChoice choice = {sums.row(emit, row),
                            /*candidates=*/Value(), tile.firstColumn,
                            tile.columns(emit),     k,
                            top.from(emit, place),  tokens.from(emit, place)};
    emitWarpTop(emit, choice);
    failOnNaN(emit, arguments, choice);
  });
}

std::unique_ptr<ProductEnd> moec::makeTopEnd(const EndShape &shape) {
  return std::make_unique<TopOfProduct>(shape);
}
