//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Floating-point arithmetic of Emit. Every operation here gives the same bits
/// on every target: conversions and exp are written out, not left to what the
/// instruction set happens to have.
///
//===----------------------------------------------------------------------===//

#include "codegen/Emit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

VectorType Emit::vector(int64_t lanes, Type element) {
  return VectorType::get({lanes}, element);
}

/// A constant of a scalar type, or of a vector of it.
static Value constant(Emit &emit, Type type, TypedAttr value) {
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(emit,
                                     DenseElementsAttr::get(vector, value));
  return arith::ConstantOp::create(emit, value);
}

Value Emit::number(Type type, double v) {
  return constant(*this, type, getFloatAttr(getElementTypeOrSelf(type), v));
}

/// The type with another element.
static Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(element);
  return element;
}

static Value integer(Emit &emit, Type type, int64_t v) {
  return constant(emit, type,
                  emit.getIntegerAttr(getElementTypeOrSelf(type), v));
}

Value Emit::splat(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(*this, vector(lanes, scalar.getType()),
                                     scalar);
}
Value Emit::addF(Value a, Value b) {
  return arith::AddFOp::create(*this, a, b);
}
Value Emit::subF(Value a, Value b) {
  return arith::SubFOp::create(*this, a, b);
}
Value Emit::mulF(Value a, Value b) {
  return arith::MulFOp::create(*this, a, b);
}
Value Emit::divF(Value a, Value b) {
  return arith::DivFOp::create(*this, a, b);
}
Value Emit::maxF(Value a, Value b) {
  Value greater = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, a, b);
  return select(greater, a, b);
}
Value Emit::fma(Value a, Value b, Value c) {
  return LLVM::FMAOp::create(*this, a.getType(), a, b, c);
}
Value Emit::sqrt(Value v) {
  return LLVM::SqrtOp::create(*this, v.getType(), v);
}

//===----------------------------------------------------------------------===//
// Exponential function
//===----------------------------------------------------------------------===//

/// 2^n as f32 for -126 <= n <= 127.
static Value powerOfTwo(Emit &emit, Value n, Type floats) {
  Value biased =
      arith::AddIOp::create(emit, n, integer(emit, n.getType(), 127));
  Value bits =
      arith::ShLIOp::create(emit, biased, integer(emit, n.getType(), 23));
  return arith::BitcastOp::create(emit, floats, bits);
}

/// exp(r) for |r| <= ln(2) / 2: 1 + r + r^2 q(r), with q the minimax polynomial
/// of Cephes' expf (Moshier, netlib.org/cephes).
static Value expReduced(Emit &emit, Value r) {
  Type type = r.getType();
  Value q = emit.number(type, 1.9875691500e-4);
  for (double c : {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
                   1.6666665459e-1, 5.0000001201e-1})
    q = emit.fma(q, r, emit.number(type, c));
  Value tail = emit.fma(emit.mulF(r, r), q, r);
  return emit.addF(tail, emit.number(type, 1.0));
}

Value Emit::exp(Value v) {
  Type type = v.getType();
  auto bounded = [&](Value x, arith::CmpFPredicate beyond, double bound) {
    Value limit = number(type, bound);
    Value is = arith::CmpFOp::create(*this, beyond, x, limit);
    return select(is, limit, x); // a NaN stays one
  };
  // Beyond these the result is infinity or zero already.
  Value x = bounded(v, arith::CmpFPredicate::OGT, 89.0);
  x = bounded(x, arith::CmpFPredicate::OLT, -104.0);

  // x = n ln(2) + r. Adding 1.5 * 2^23 rounds to an integer and leaves it in
  // the low bits.
  Value shift = number(type, 12582912.0);
  Value shifted = fma(x, number(type, 1.44269504088896341), shift);
  Value n = subF(shifted, shift);
  Value r = fma(n, number(type, -0.693359375), x);
  r = fma(n, number(type, 2.12194440e-4), r);

  Type ints = withElement(type, getI32Type());
  Value bits = arith::BitcastOp::create(*this, ints, shifted);
  Value power =
      arith::SubIOp::create(*this, bits, integer(*this, ints, 0x4b400000));
  // In two steps: 2^n alone may not be a float where the result is.
  Value half = arith::ShRSIOp::create(*this, power, integer(*this, ints, 1));
  Value rest = arith::SubIOp::create(*this, power, half);
  Value y = mulF(expReduced(*this, r), powerOfTwo(*this, half, type));
  return mulF(y, powerOfTwo(*this, rest, type));
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

Value Emit::widen(Value v) {
  Type element = getElementTypeOrSelf(v.getType());
  Type floats = withElement(v.getType(), getF32Type());
  if (element.isF32())
    return v;
  if (element.isF16())
    return arith::ExtFOp::create(*this, floats, v);
  Type shorts = withElement(floats, getI16Type());
  Type ints = withElement(floats, getI32Type());
  Value bits = arith::BitcastOp::create(*this, shorts, v);
  bits = arith::ExtUIOp::create(*this, ints, bits);
  bits = arith::ShLIOp::create(*this, bits, integer(*this, ints, 16));
  return arith::BitcastOp::create(*this, floats, bits);
}

/// f32 as bf16 by integer arithmetic. Not every target has an instruction, and
/// the one of AVX512-BF16 flushes denormals.
static Value roundToBF16(Emit &emit, Value v) {
  Type ints = withElement(v.getType(), emit.getI32Type());
  Value bits = arith::BitcastOp::create(emit, ints, v);
  Value high = arith::ShRUIOp::create(emit, bits, integer(emit, ints, 16));
  Value odd = arith::AndIOp::create(emit, high, integer(emit, ints, 1));
  Value bias = arith::AddIOp::create(emit, odd, integer(emit, ints, 0x7fff));
  Value sum = arith::AddIOp::create(emit, bits, bias);
  Value rounded = arith::ShRUIOp::create(emit, sum, integer(emit, ints, 16));
  Value quiet = arith::OrIOp::create(emit, high, integer(emit, ints, 0x40));
  Value isNaN = arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, v, v);
  Value result = emit.select(isNaN, quiet, rounded);
  Type shorts = withElement(ints, emit.getI16Type());
  result = arith::TruncIOp::create(emit, shorts, result);
  return arith::BitcastOp::create(emit, withElement(ints, emit.getBF16Type()),
                                  result);
}

Value Emit::round(Value v, Type element) {
  if (element.isF32())
    return v;
  if (element.isBF16())
    return roundToBF16(*this, v);
  return arith::TruncFOp::create(*this, withElement(v.getType(), element), v);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value Emit::tree(Value v, llvm::function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(v.getType()).getNumElements();
  while (lanes > 1) {
    lanes /= 2;
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      low.push_back(i);
      high.push_back(i + lanes);
    }
    Value a = vector::ShuffleOp::create(*this, v, v, low);
    Value b = vector::ShuffleOp::create(*this, v, v, high);
    v = combine(a, b);
  }
  return vector::ExtractOp::create(*this, v, int64_t(0));
}

Value Emit::sumLanes(Value v) {
  return tree(v, [&](Value a, Value b) { return addF(a, b); });
}
Value Emit::maxLanes(Value v) {
  return tree(v, [&](Value a, Value b) { return maxF(a, b); });
}
