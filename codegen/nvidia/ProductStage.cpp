//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/ProductStage.h"

#include "codegen/kernels/Plan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

ProductStage::ProductStage(const MatrixRegion &region, const ProductLoop &loop,
                           Ends ends, int64_t parts)
    : region(region), loop(loop), ends(ends), parts(parts),
      rows(region.first(), loop) {}

int64_t ProductStage::allUnits() const {
  int64_t all = 0;
  for (int64_t i = 0; i < choices(); ++i)
    all += units(i);
  return all;
}

int64_t ProductStage::rowsPerRow() const {
  // Else the first result has a row for each slot, or there are none.
  bool ofTokens = region.combine || region.routes();
  if (!ofTokens || !region.isGrouped())
    return 1;
  return cast<moe::PlanType>(region.first().plan.getType()).getChoices();
}

TaskCount ProductStage::tasks() const {
  int64_t all = allUnits() * parts;
  return {all * rowsPerRow() * rows.tasksPerRow(), all * rows.padding()};
}

int64_t ProductStage::tilePitchOf(int64_t columns) {
  return llvm::alignTo(columns, 32) + 8;
}

int64_t ProductStage::tileBytes() const {
  int64_t pitch = 0;
  for (int64_t i = 0; i < choices(); ++i)
    if (ends[i]->wantsTile())
      pitch = std::max(pitch, tilePitch(i));
  return pitch * loop.tileRows * 4;
}

bool ProductStage::sharesTile() const {
  return widestUnit() <= loop.tileColumns;
}

int64_t ProductStage::sharedBytes() const {
  return sharesTile() ? std::max(loop.sharedBytes, tileBytes())
                      : loop.sharedBytes + tileBytes();
}

SmallVector<LayoutUse, 2> ProductStage::layouts() const {
  SmallVector<LayoutUse, 2> uses;
  if (loop.layout)
    uses.push_back(*loop.layout);
  if (tileBytes() > 0)
    uses.push_back({"padded",
                    tileOffset(),
                    loop.tileRows,
                    tileBytes() / loop.tileRows,
                    {}});
  return uses;
}

int64_t ProductStage::widestUnit() const {
  int64_t widest = 0;
  for (int64_t i = 0; i < choices(); ++i)
    widest = std::max(widest, unitColumns(i));
  return widest;
}

SharedTile ProductStage::sharedTile(Emit &emit, int64_t i) const {
  Value base = sharedMemory(emit, tileOffset());
  return {Row{base, emit.getF32Type()}, tilePitch(i)};
}

void ProductStage::forProduct(Emit &emit, Value product,
                              llvm::function_ref<void(int64_t)> body) const {
  if (choices() == 1)
    return body(0);
  for (int64_t i = 0; i < choices(); ++i)
    emit.branch(emit.equal(product, emit.i64(i)), [&] { body(i); });
}

ProductStage::Part ProductStage::findPart(Emit &emit,
                                          const GpuArguments &arguments,
                                          Value unit, Value expert) const {
  Part part;
  int64_t before = 0;
  int64_t together = region.swiglu ? 2 : 1;
  for (int64_t i = 0; i < choices(); ++i) {
    const MatrixOperation &product = region.products[i];
    Value first = ends[i]->firstColumn(emit, emit.sub(unit, emit.i64(before)),
                                       loop.tileColumns);
    Value gap;
    if (loop.knowsGap)
      gap = emit.i64(ends[i]->gap(loop.tileColumns));
    Value end =
        emit.min(emit.add(first, unitColumns(i)), emit.i64(product.columns()));
    Value skipped = emit.mul(expert, product.columns() * product.depth());
    SmallVector<Value, 2> weights, maps;
    for (int64_t p = 0; p < together; ++p) {
      if (loop.mapRows > 0)
        maps.push_back(arguments.tensorMap(i + p));
      Value weight = region.products[i + p].weight;
      weights.push_back(emit.at(arguments.pointerTo(weight),
                                getElementTypeOrSelf(weight.getType()),
                                skipped));
    }
    if (i == 0) {
      part = {
          {weights, first, end, gap, maps, emit.mul(expert, product.columns())},
          emit.i64(0)};
    } else {
      Value is = emit.less(emit.i64(before - 1), unit);
      part.product = emit.select(is, emit.i64(i), part.product);
      part.firstColumn = emit.select(is, first, part.firstColumn);
      part.endColumn = emit.select(is, end, part.endColumn);
      if (gap)
        part.gap = emit.select(is, gap, part.gap);
      part.weights[0] = emit.select(is, weights[0], part.weights[0]);
      if (!maps.empty())
        part.maps[0] = emit.select(is, maps[0], part.maps[0]);
    }
    before += units(i);
  }
  return part;
}

Value ProductStage::rowAddress(Emit &emit, const GpuArguments &arguments,
                               Value row) const {
  if (moe::PermuteOp permute = region.permute) {
    moe::PlanType type = permute.getPlan().getType();
    PlanArrays plan(emit, arguments.pointerTo(permute.getPlan()), type,
                    emit.i64(0)); // the rows' slots come first
    row = emit.div(loadIndex(emit, plan.slotOfRow, row), type.getChoices());
  }
  Type element = region.xType().getElementType();
  return emit.at(arguments.pointerTo(region.x), element,
                 emit.mul(row, region.first().depth()));
}

/// Gives sums to their end, or puts them into its tile.
void ProductStage::place(Emit &emit, const GpuArguments &arguments,
                         const ProductTile &tile, int64_t i, Value row,
                         Value column, ValueRange sums) const {
  if (ends[i]->wantsTile())
    return storeWhole(emit, sums[0], sharedTile(emit, i).row(emit, row),
                      column);
  ends[i]->emitSum(emit, arguments, tile, emit.add(tile.firstRow, row),
                   emit.add(tile.firstColumn, column), sums);
}

/// Sums from one column on: together if no product ends between them.
void ProductStage::placeLanes(Emit &emit, const GpuArguments &arguments,
                              const ProductTile &tile, int64_t i, Value row,
                              Value column, ValueRange sums) const {
  Value isRow = emit.less(row, tile.rows(emit));
  Value columns = tile.columns(emit);
  auto inside = [&](Value at) -> Value {
    return arith::AndIOp::create(emit, isRow, emit.less(at, columns));
  };
  int64_t lanes = lanesOf(sums[0]);
  if (region.products[i].columns() % lanes == 0 &&
      unitColumns(i) % lanes == 0) {
    emit.branch(inside(column),
                [&] { place(emit, arguments, tile, i, row, column, sums); });
    return;
  }
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value at = emit.add(column, lane);
    emit.branch(inside(at), [&] {
      SmallVector<Value> own;
      for (Value sum : sums)
        own.push_back(vector::ExtractOp::create(emit, sum, lane));
      place(emit, arguments, tile, i, row, at, own);
    });
  }
}

/// Hands on the sums of a tile of the unit.
void ProductStage::handOn(Emit &emit, const GpuArguments &arguments,
                          const ProductTile &tile, const Part &part,
                          const ThreadSums &sums, Value subtile) const {
  if (tileBytes() > 0 && sharesTile())
    blockBarrier(emit); // nobody reads what the tile overwrites any more
  forProduct(emit, part.product, [&](int64_t i) {
    loop.forEachSum(emit, sums, [&](Value row, Value column, ValueRange own) {
      placeLanes(emit, arguments, tile, i, row, emit.add(subtile, column), own);
    });
  });
}

void ProductStage::emitPart(Emit &emit, const GpuArguments &arguments,
                            ProductTile tile, const Part &part) const {
  auto address = [&](Value row) { return rowAddress(emit, arguments, row); };
  auto subtileAt = [&](Value subtile) {
    LoopOperands operands = {part,    tile.firstRow, tile.endRow,
                             address, parts,         tile.part};
    operands.firstColumn = emit.add(part.firstColumn, subtile);
    ThreadSums sums = loop.multiply(emit, operands);
    handOn(emit, arguments, tile, part, sums, subtile);
  };
  if (widestUnit() <= loop.tileColumns)
    subtileAt(emit.i64(0));
  else
    emit.loop(emit.i64(0), tile.columns(emit), loop.tileColumns, subtileAt);
  if (tileBytes() == 0)
    return;
  blockBarrier(emit);
  forProduct(emit, part.product, [&](int64_t i) {
    if (ends[i]->wantsTile())
      ends[i]->emitTile(emit, arguments, tile, sharedTile(emit, i));
  });
}

ProductStage::Place ProductStage::placeOf(Emit &emit, Value slots,
                                          Value block) const {
  Value rowTiles = rows.tiles(emit, slots);
  Value unitPart = emit.div(block, rowTiles);
  return {emit.div(unitPart, parts), emit.rem(unitPart, parts),
          emit.rem(block, rowTiles)};
}

/// Weights of experts depend on the plan.
void ProductStage::prefetch(Emit &emit, const GpuArguments &arguments,
                            Value block) {
  if (region.isGrouped())
    return;
  Value unit = placeOf(emit, arguments.rows(emit), block).unit;
  emit.branch(emit.less(unit, emit.i64(allUnits())), [&] {
    loop.prefetch(emit, findPart(emit, arguments, unit, emit.i64(0)));
  });
}

void ProductStage::emitBlock(Emit &emit, const GpuArguments &arguments,
                             Value block) {
  Value count = emit.mul(arguments.rows(emit), rowsPerRow());
  Place at = placeOf(emit, count, block);
  Value plan = region.first().plan;
  ProductRows::Range range = rows.range(
      emit, plan ? arguments.pointerTo(plan) : Value(), count, at.rowTile);
  Value some = arith::AndIOp::create(emit, emit.less(range.first, range.end),
                                     emit.less(at.unit, emit.i64(allUnits())));
  emit.branch(some, [&] {
    Part part = findPart(emit, arguments, at.unit, range.expert);
    emitPart(emit, arguments,
             {block, range.expert, range.first, range.end, part.firstColumn,
              part.endColumn, at.part},
             part);
  });
}
