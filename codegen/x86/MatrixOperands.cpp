//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace moec;

namespace {

/// Pairs of bf16 for the dot instruction.
class DotPairs : public OperandDecoder {
public:
  using OperandDecoder::OperandDecoder;
  std::string name() const override { return "bf16"; }
  int64_t unit() const override { return 2; }
  int64_t weightBytes() const override { return 4; }
  Fragment weights(Emit &emit, Value address) const override {
    return {emit.load(emit.vector(2 * lanes(), emit.getBF16Type()), address)};
  }
  Fragment activation(Emit &emit, Value address) const override {
    Value pairs = emit.splat(emit.load(emit.getI32Type(), address), lanes());
    Type type = emit.vector(2 * lanes(), emit.getBF16Type());
    return {vector::BitCastOp::create(emit, type, pairs)};
  }
};

/// Pairs of bf16 as two vectors of f32, even and odd k.
class WidenedPairs : public OperandDecoder {
public:
  using OperandDecoder::OperandDecoder;
  std::string name() const override { return "bf16"; }
  int64_t unit() const override { return 2; }
  int64_t weightBytes() const override { return 4; }
  Fragment weights(Emit &emit, Value address) const override {
    return split(emit,
                 emit.load(emit.vector(lanes(), emit.getI32Type()), address));
  }
  Fragment activation(Emit &emit, Value address) const override {
    return split(emit,
                 emit.splat(emit.load(emit.getI32Type(), address), lanes()));
  }

private:
  Fragment split(Emit &emit, Value pairs) const {
    auto ints = cast<VectorType>(pairs.getType());
    auto all = [&](int32_t v) -> Value {
      return arith::ConstantOp::create(
          emit, DenseElementsAttr::get(ints, emit.getI32IntegerAttr(v)));
    };
    Value even = arith::ShLIOp::create(emit, pairs, all(16));
    Value odd = arith::AndIOp::create(emit, pairs, all(-65536));
    Type floats = emit.vector(lanes(), emit.getF32Type());
    return {arith::BitcastOp::create(emit, floats, even),
            arith::BitcastOp::create(emit, floats, odd)};
  }
};

/// f16 or f32 weights with f32 activations.
class Singles : public OperandDecoder {
public:
  Singles(Type element, int64_t lanes)
      : OperandDecoder(lanes), element(element) {}
  std::string name() const override { return element.isF16() ? "f16" : "f32"; }
  int64_t unit() const override { return 1; }
  int64_t weightBytes() const override {
    return element.getIntOrFloatBitWidth() / 8;
  }
  Fragment weights(Emit &emit, Value address) const override {
    return {emit.widen(emit.load(emit.vector(lanes(), element), address))};
  }
  Fragment activation(Emit &emit, Value address) const override {
    return {emit.splat(emit.load(emit.getF32Type(), address), lanes())};
  }

private:
  Type element;
};

} // namespace

std::unique_ptr<OperandDecoder> moec::makeOperandDecoder(Type element,
                                                         const Target &target) {
  if (!element.isBF16())
    return std::make_unique<Singles>(element, target.lanes());
  if (target.hasBF16Dot)
    return std::make_unique<DotPairs>(target.lanes());
  return std::make_unique<WidenedPairs>(target.lanes());
}

Value moec::multiplyAdd(Emit &emit, Value sum, const Fragment &weights,
                        const Fragment &activation) {
  if (getElementTypeOrSelf(weights[0].getType()).isBF16())
    return x86vector::DotBF16Op::create(emit, sum.getType(), sum, weights[0],
                                        activation[0]);
  for (size_t k = weights.size(); k-- > 0;)
    sum = emit.fma(weights[k], activation[k], sum);
  return sum;
}
