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

/// A vector of pairs of bf16 as two of f32: even and odd k.
Fragment widenPairs(Emit &emit, Value pairs) {
  auto ints = cast<VectorType>(pairs.getType());
  auto all = [&](int32_t v) -> Value {
    return arith::ConstantOp::create(
        emit, DenseElementsAttr::get(ints, emit.getI32IntegerAttr(v)));
  };
  Value even = arith::ShLIOp::create(emit, pairs, all(16));
  Value odd = arith::AndIOp::create(emit, pairs, all(-65536));
  Type floats = ints.clone(emit.getF32Type());
  return {arith::BitcastOp::create(emit, floats, even),
          arith::BitcastOp::create(emit, floats, odd)};
}

Fragment loadPairs(Emit &emit, Value address, int64_t lanes) {
  return widenPairs(emit,
                    emit.load(emit.vector(lanes, emit.getI32Type()), address));
}

/// Pairs of bf16 weights with pairs of activations that are f32 already.
class PreparedPairs : public OperandDecoder {
public:
  using OperandDecoder::OperandDecoder;
  std::string name() const override { return "bf16_f32"; }
  int64_t unit() const override { return 2; }
  int64_t weightBytes() const override { return 4; }
  int64_t activationBytes() const override { return 8; }
  Fragment weights(Emit &emit, Value address) const override {
    return loadPairs(emit, address, lanes());
  }
  Fragment activation(Emit &emit, Value address) const override {
    auto half = [&](int64_t i) {
      Type f32 = emit.getF32Type();
      return emit.splat(emit.load(f32, emit.at(address, f32, emit.i64(i))),
                        lanes());
    };
    return {half(0), half(1)};
  }
};

/// Pairs of bf16 as two vectors of f32.
class WidenedPairs : public OperandDecoder {
public:
  explicit WidenedPairs(int64_t lanes) : OperandDecoder(lanes), wide(lanes) {}
  std::string name() const override { return "bf16"; }
  int64_t unit() const override { return 2; }
  int64_t weightBytes() const override { return 4; }
  Fragment weights(Emit &emit, Value address) const override {
    return loadPairs(emit, address, lanes());
  }
  Fragment activation(Emit &emit, Value address) const override {
    return widenPairs(
        emit, emit.splat(emit.load(emit.getI32Type(), address), lanes()));
  }
  const OperandDecoder *prepared() const override { return &wide; }
  void prepare(Emit &emit, Value from, Value to, Value count) const override;

private:
  PreparedPairs wide;
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

/// Widens the pairs from <= i < to, `lanes` at a time.
void emitWidening(Emit &emit, ValueRange buffers, ValueRange range,
                  int64_t lanes) {
  emit.loop(range[0], range[1], lanes, [&](Value i) {
    Type i32 = emit.getI32Type(), f32 = emit.getF32Type();
    Fragment halves = loadPairs(emit, emit.at(buffers[0], i32, i), lanes);
    Value pairs = vector::InterleaveOp::create(emit, halves[0], halves[1]);
    emit.store(pairs, emit.at(buffers[1], f32, emit.mul(i, 2)));
  });
}

void WidenedPairs::prepare(Emit &emit, Value from, Value to,
                           Value count) const {
  static constexpr StringRef name = "widen_pairs";
  if (!emit.hasFunction(name)) {
    SmallVector<Type> types = {emit.pointer(), emit.pointer(),
                               emit.getI64Type()};
    emit.function(name, /*exported=*/false, types, [&](ValueRange a) {
      Value whole = emit.sub(a[2], emit.rem(a[2], lanes()));
      emitWidening(emit, a.take_front(2), {emit.i64(0), whole}, lanes());
      emitWidening(emit, a.take_front(2), {whole, a[2]}, depthSteps);
    });
  }
  emit.call(name, {from, to, count});
}

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
