//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of experts' products that are combined: tiles of sums go through the
/// scratch memory of the threads that made them, and a last stage adds each
/// token's rows, in the order of its choices.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Plan.h"
#include "codegen/nvidia/ProductEnd.h"
#include "codegen/nvidia/ProductRows.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

namespace {

/// Columns of a token that a block combines.
constexpr int64_t combinedColumns = 1024;

/// The tiles in scratch memory.
struct ScratchTiles {
  MatrixOperation product;
  const ProductLoop &loop;
  int64_t threads = loop.threads, rows = loop.tileRows,
          columns = loop.tileColumns; ///< of a block, of a tile

  int64_t bytesOfThread() const {
    return llvm::divideCeil(rows * columns * 4, threads);
  }
  int64_t unitsOfRow() const {
    return llvm::divideCeil(product.columns(), columns);
  }
  /// The sum at a place of the tile of a block.
  Value address(Emit &emit, const GpuArguments &arguments, Value block,
                Value place) const {
    Value pitch = emit.mul(arguments.scratchPitch(emit), threads);
    Value tile = emit.at(arguments.scratch(emit), emit.getI8Type(),
                         emit.mul(block, pitch));
    return emit.at(tile, emit.getF32Type(), place);
  }
};

class CombineStage : public GpuStage {
public:
  CombineStage(const MatrixRegion &region, const ScratchTiles &tiles,
               int64_t unit)
      : combine(region.combine), add(region.add), residual(region.residual),
        tiles(tiles), unit(unit) {}

  TaskCount tasks() const override { return {chunks() * unit, 0}; }
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 Value block) override;

private:
  int64_t columns() const { return tiles.product.columns(); }
  int64_t chunks() const {
    return llvm::divideCeil(columns(), combinedColumns);
  }
  Value sumAt(Emit &emit, const GpuArguments &arguments,
              const ProductRows::Place &row, Value rowTiles,
              Value column) const;

  moe::CombineOp combine;
  decoder::AddOp add;
  Value residual;
  ScratchTiles tiles;
  int64_t unit;
};

class CombineEnd : public ProductEnd {
public:
  explicit CombineEnd(const EndShape &shape)
      : region(shape.region), tiles{shape.region.first(), shape.loop} {}

  void emitSum(Emit &emit, const GpuArguments &arguments,
               const ProductTile &tile, Value row, Value column,
               ValueRange sums) const override;
  std::unique_ptr<GpuStage> makeLastStage() const override {
    return std::make_unique<CombineStage>(region, tiles, tiles.rows);
  }
  int64_t scratchBytes() const override { return tiles.bytesOfThread(); }

private:
  const MatrixRegion &region;
  ScratchTiles tiles;
};

} // namespace

void CombineEnd::emitSum(Emit &emit, const GpuArguments &arguments,
                         const ProductTile &tile, Value row, Value column,
                         ValueRange sums) const {
  Value sum = sums[0];
  if (tiles.product.bias) {
    Value index =
        emit.add(emit.mul(tile.expert, tiles.product.columns()), column);
    Value bias = loadWhole(emit, rowOf(arguments, tiles.product.bias), index,
                           lanesOf(sum));
    sum = emit.addF(sum, bias);
  }
  Value place = emit.add(emit.mul(emit.sub(row, tile.firstRow), tiles.columns),
                         emit.sub(column, tile.firstColumn));
  storeAligned(emit, sum, tiles.address(emit, arguments, tile.block, place));
}

/// The sum of a slot's row.
Value CombineStage::sumAt(Emit &emit, const GpuArguments &arguments,
                          const ProductRows::Place &row, Value rowTiles,
                          Value column) const {
  Value unitOfColumn = emit.div(column, tiles.columns);
  Value block = emit.add(emit.mul(unitOfColumn, rowTiles), row.tile);
  Value place = emit.add(emit.mul(row.rowInTile, tiles.columns),
                         emit.rem(column, tiles.columns));
  return emit.load(emit.getF32Type(),
                   tiles.address(emit, arguments, block, place));
}

void CombineStage::emitBlock(Emit &emit, const GpuArguments &arguments,
                             Value block) {
  Type f32 = emit.getF32Type();
  moe::PlanType type = combine.getPlan().getType();
  int64_t choices = type.getChoices();
  Value slots = emit.mul(arguments.rows(emit), choices);
  PlanArrays plan(emit, arguments.pointerTo(combine.getPlan()), type, slots);
  ProductRows rows(tiles.product, tiles.loop);
  Value rowTiles = rows.tiles(emit, slots);
  Value token = emit.div(block, chunks());
  SmallVector<ProductRows::Place> places;
  SmallVector<Value> weights;
  for (int64_t j = 0; j < choices; ++j) {
    Value slot = emit.add(emit.mul(token, choices), j);
    places.push_back(
        rows.find(emit, plan.offsets, loadIndex(emit, plan.rowOfSlot, slot)));
    weights.push_back(emit.load(
        f32, emit.at(arguments.pointerTo(combine.getWeights()), f32, slot)));
  }
  Value first = emit.mul(emit.rem(block, chunks()), combinedColumns);
  Value count =
      emit.min(emit.i64(combinedColumns), emit.sub(emit.i64(columns()), first));
  Value y = arguments.pointerTo(add ? add.getY() : combine.getY());
  forEachOfBlock(emit, tiles.threads, count, [&](Value i) {
    Value column = emit.add(first, i);
    auto term = [&](int64_t j) {
      return sumAt(emit, arguments, places[j], rowTiles, column);
    };
    Value sum = emit.mulF(weights[0], term(0));
    for (int64_t j = 1; j < choices; ++j)
      sum = emit.fma(weights[j], term(j), sum);
    Value at = emit.add(emit.mul(token, columns()), column);
    if (add)
      sum = emit.addF(
          emit.load(f32, emit.at(arguments.pointerTo(residual), f32, at)), sum);
    emit.store(sum, emit.at(y, f32, at));
  });
}

std::unique_ptr<ProductEnd> moec::makeCombineEnd(const EndShape &shape) {
  return std::make_unique<CombineEnd>(shape);
}
