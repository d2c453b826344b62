//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixEpilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace moec;

std::string StoreSums::name() const {
  if (!biasElement)
    return "store";
  return "bias_" + std::string(biasElement.isBF16()  ? "bf16"
                               : biasElement.isF16() ? "f16"
                                                     : "f32");
}

SmallVector<Type> StoreSums::placeTypes(Emit &emit) const {
  // First element, elements between rows, columns that exist (and bias).
  SmallVector<Type> types = {emit.pointer(), emit.getI64Type(),
                             emit.getI64Type()};
  if (biasElement)
    types.push_back(emit.pointer());
  return types;
}

SmallVector<Value> StoreSums::place(Emit &emit, const Target &target, Value row,
                                    Value column) const {
  Value pitch = emit.i64(target.columns);
  Value offset = emit.add(emit.mul(row, pitch), column);
  SmallVector<Value> place = {emit.at(target.result, emit.getF32Type(), offset),
                              pitch, emit.sub(pitch, column)};
  if (biasElement)
    place.push_back(emit.at(target.bias, biasElement, column));
  return place;
}

/// Which lanes of a vector are columns that exist.
static Value laneMask(Emit &emit, int64_t lanes, int64_t from, Value columns) {
  SmallVector<int32_t> indices;
  for (int64_t i = 0; i < lanes; ++i)
    indices.push_back(from + i);
  auto type = emit.vector(lanes, emit.getI32Type());
  Value lane = arith::ConstantOp::create(
      emit, DenseElementsAttr::get(type, ArrayRef<int32_t>(indices)));
  Value end = emit.splat(emit.truncate(columns), lanes);
  return emit.less(lane, end);
}

namespace {

/// The end of one tile function, for whole tiles or for those at the edge.
struct TileStore {
  Emit &emit;
  TileSums &sums;
  ValueRange place;
  Type biasElement;
  SmallVector<Value> masks; ///< one for each vector at the edge, else none

  Value bias(int64_t v);
  void store(int64_t row, int64_t v, Value sum);
  void storeAll();
};

} // namespace

Value TileStore::bias(int64_t v) {
  Value from = emit.at(place[3], biasElement, emit.i64(v * sums.lanes));
  auto type = emit.vector(sums.lanes, biasElement);
  if (masks.empty())
    return emit.widen(emit.load(type, from));
  // As integers: code generation makes a call of each bf16 lane.
  unsigned bytes = biasElement.getIntOrFloatBitWidth() / 8;
  Type bits = type.clone(emit.getIntegerType(8 * bytes));
  Value zero =
      arith::ConstantOp::create(emit, cast<TypedAttr>(emit.getZeroAttr(bits)));
  Value loaded = LLVM::MaskedLoadOp::create(
      emit, TypeRange(bits), from, masks[v], zero,
      emit.getI32IntegerAttr(bytes), /*nontemporal=*/UnitAttr());
  return emit.widen(arith::BitcastOp::create(emit, type, loaded));
}

void TileStore::store(int64_t row, int64_t v, Value sum) {
  Value offset = emit.add(emit.mul(place[1], row), v * sums.lanes);
  Value address = emit.at(place[0], emit.getF32Type(), offset);
  if (masks.empty())
    emit.store(sum, address);
  else
    LLVM::MaskedStoreOp::create(emit, sum, address, masks[v],
                                /*alignment=*/4);
}

void TileStore::storeAll() {
  for (int64_t v = 0; v < sums.vectors(); ++v) {
    Value added = biasElement ? bias(v) : Value();
    for (int64_t row = 0; row < sums.rows; ++row) {
      Value sum = sums.at(row, v);
      store(row, v, added ? emit.addF(sum, added) : sum);
    }
  }
}

void StoreSums::emit(Emit &emit, TileSums sums, ValueRange place) const {
  Value columns = place[2];
  Value partial = emit.less(columns, emit.i64(sums.columns()));
  TileStore whole = {emit, sums, place, biasElement, {}};
  emit.branch(
      partial,
      [&] {
        TileStore edge = whole;
        for (int64_t v = 0; v < sums.vectors(); ++v)
          edge.masks.push_back(
              laneMask(emit, sums.lanes, v * sums.lanes, columns));
        edge.storeAll();
      },
      [&] { whole.storeAll(); });
}
