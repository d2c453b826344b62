//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixEpilogue.h"

#include "codegen/kernels/Activation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace moec;

static std::string spell(Type element) {
  return element.isBF16() ? "bf16" : element.isF16() ? "f16" : "f32";
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

SmallVector<Type> Epilogue::placeTypes(Emit &emit) const {
  // First element, elements between rows, columns that exist (and operand).
  SmallVector<Type> types = {emit.pointer(), emit.getI64Type(),
                             emit.getI64Type()};
  if (operandElement())
    types.push_back(emit.pointer());
  return types;
}

SmallVector<Value> Epilogue::place(Emit &emit, const TileTarget &target,
                                   Value row, Value column) const {
  Value pitch = emit.i64(target.pitch);
  Value offset = emit.add(emit.mul(row, pitch), column);
  SmallVector<Value> place = {emit.at(target.result, element(emit), offset),
                              pitch,
                              emit.sub(emit.i64(target.columns), column)};
  if (Type operand = operandElement())
    place.push_back(
        emit.at(target.operand, operand, operandHasRows() ? offset : column));
  return place;
}

SmallVector<Value> Epilogue::below(Emit &emit, ValueRange place,
                                   Value rows) const {
  SmallVector<Value> moved(place);
  Value offset = emit.mul(rows, place[1]);
  moved[0] = emit.at(place[0], element(emit), offset);
  if (operandHasRows())
    moved[3] = emit.at(place[3], operandElement(), offset);
  return moved;
}

Value moec::laneMask(Emit &emit, int64_t lanes, int64_t from, Value columns) {
  SmallVector<int32_t> indices;
  for (int64_t i = 0; i < lanes; ++i)
    indices.push_back(from + i);
  auto type = emit.vector(lanes, emit.getI32Type());
  Value lane = arith::ConstantOp::create(
      emit, DenseElementsAttr::get(type, ArrayRef<int32_t>(indices)));
  Value end = emit.splat(emit.truncate(columns), lanes);
  return emit.less(lane, end);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// A vector type with integers of the same size: code generation makes a call
/// of each masked bf16 lane.
static VectorType asBits(Emit &emit, Type vector) {
  auto type = cast<VectorType>(vector);
  return cast<VectorType>(
      type.clone(emit.getIntegerType(type.getElementTypeBitWidth())));
}

namespace {

/// The end of one tile function, for whole tiles or for those at the edge.
struct TileStore {
  Emit &emit;
  const Epilogue &epilogue;
  TileSums &sums;
  ValueRange place;
  SmallVector<Value> masks; ///< one for each vector at the edge, else none

  int64_t vectors() const { return sums.vectors() / epilogue.products(); }
  Value offset(int64_t row, int64_t v) {
    return emit.add(emit.mul(place[1], row), v * sums.lanes);
  }
  Value operand(int64_t row, int64_t v);
  void store(int64_t row, int64_t v, Value result);
  void storeAll();
};

} // namespace

Value TileStore::operand(int64_t row, int64_t v) {
  Type element = epilogue.operandElement();
  Value from = emit.at(place[3], element, offset(row, v));
  auto type = emit.vector(sums.lanes, element);
  if (masks.empty())
    return emit.widen(emit.load(type, from));
  Type bits = asBits(emit, type);
  Value zero =
      arith::ConstantOp::create(emit, cast<TypedAttr>(emit.getZeroAttr(bits)));
  Value loaded = LLVM::MaskedLoadOp::create(
      emit, TypeRange(bits), from, masks[v], zero,
      emit.getI32IntegerAttr(element.getIntOrFloatBitWidth() / 8),
      /*nontemporal=*/UnitAttr());
  return emit.widen(arith::BitcastOp::create(emit, type, loaded));
}

void TileStore::store(int64_t row, int64_t v, Value result) {
  Type element = epilogue.element(emit);
  Value address = emit.at(place[0], element, offset(row, v));
  Value rounded = emit.round(result, element);
  if (masks.empty()) {
    emit.store(rounded, address);
    return;
  }
  Value bits =
      arith::BitcastOp::create(emit, asBits(emit, rounded.getType()), rounded);
  LLVM::MaskedStoreOp::create(emit, bits, address, masks[v],
                              element.getIntOrFloatBitWidth() / 8);
}

void TileStore::storeAll() {
  bool reads = static_cast<bool>(epilogue.operandElement());
  for (int64_t v = 0; v < vectors(); ++v) {
    Value ofColumn =
        reads && !epilogue.operandHasRows() ? operand(0, v) : Value();
    for (int64_t row = 0; row < sums.rows; ++row) {
      Value read = epilogue.operandHasRows() ? operand(row, v) : ofColumn;
      store(row, v, epilogue.finish(emit, sums, {row, v}, read));
    }
  }
}

/// A number, of which nothing is known when code is generated. LLVM 22 makes
/// one store of 32 bits, beyond the row, of a masked store of 16-bit lanes
/// whose mask is known to have the first lane alone, as it is for a single
/// column.
static Value hidden(Emit &emit, Value number) {
  return LLVM::InlineAsmOp::create(
             emit, number.getType(), number, /*asm_string=*/"",
             /*constraints=*/"=r,0", /*has_side_effects=*/false,
             /*is_align_stack=*/false, LLVM::TailCallKind::None,
             LLVM::AsmDialectAttr(), ArrayAttr())
      .getResult(0);
}

void Epilogue::emit(Emit &emit, TileSums sums, ValueRange place) const {
  Value columns = place[2];
  int64_t width = sums.columns() / products();
  Value partial = emit.less(columns, emit.i64(width));
  emit.branch(
      partial,
      [&] {
        TileStore edge = {emit, *this, sums, place, {}};
        bool isShort = element(emit).getIntOrFloatBitWidth() < 32;
        Value end = isShort ? hidden(emit, columns) : columns;
        for (int64_t from = 0; from < width; from += sums.lanes)
          edge.masks.push_back(laneMask(emit, sums.lanes, from, end));
        edge.storeAll();
      },
      [&] {
        TileStore{emit, *this, sums, place, {}}.storeAll();
      });
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

std::string StoreSums::name() const {
  return biasElement ? "bias_" + spell(biasElement) : "store";
}

Value StoreSums::finish(Emit &emit, TileSums &sums, Position at,
                        Value bias) const {
  Value sum = sums.at(at.row, at.vector);
  return bias ? emit.addF(sum, bias) : sum;
}

Value AddResidual::finish(Emit &emit, TileSums &sums, Position at,
                          Value residual) const {
  return emit.addF(residual, sums.at(at.row, at.vector));
}

std::string GateSums::name() const { return "gate_" + spell(resultElement); }

Value GateSums::finish(Emit &emit, TileSums &sums, Position at, Value) const {
  Value gate = sums.at(at.row, at.vector);
  Value up = sums.at(at.row, sums.vectors() / 2 + at.vector);
  return emit.mulF(silu(emit, gate), up);
}
