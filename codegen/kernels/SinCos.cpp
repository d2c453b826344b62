//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/SinCos.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

namespace {

/// x = quadrant * pi / 2 + r with |r| <= pi / 4.
struct Reduced {
  Value r;        // f64
  Value quadrant; // i64; its two low bits count
};

} // namespace

/// The type with its element replaced: vector or scalar.
static Type likewise(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(element);
  return element;
}

static Value integer(Emit &emit, Type type, int64_t v) {
  TypedAttr one = emit.getIntegerAttr(getElementTypeOrSelf(type), v);
  if (auto vector = dyn_cast<VectorType>(type))
    one = DenseElementsAttr::get(vector, one);
  return arith::ConstantOp::create(emit, one);
}

/// pi / 2 as two doubles (Cody and Waite): the first product is exact in the
/// FMA, and the error of both is below 1e-32 times the quadrant.
static Reduced reduce(Emit &emit, Value x) {
  Type type = x.getType();
  // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
  Value shift = emit.number(type, 6755399441055744.0);
  Value shifted = emit.fma(x, emit.number(type, 0.63661977236758134308), shift);
  Value n = emit.subF(shifted, shift);
  Value r = emit.fma(n, emit.number(type, -1.57079632679489655800), x);
  r = emit.fma(n, emit.number(type, -6.12323399573676603587e-17), r);
  Type ints = likewise(type, emit.getI64Type());
  return {r, arith::BitcastOp::create(emit, ints, shifted)};
}

/// sum_i c[i] z^i, highest power first, by Horner's rule.
static Value polynomial(Emit &emit, Value z, ArrayRef<double> c) {
  Value p = emit.number(z.getType(), c.front());
  for (double next : c.drop_front())
    p = emit.fma(p, z, emit.number(z.getType(), next));
  return p;
}

/// Taylor series to r^13: below 2e-14 off for |r| <= pi / 4, where f32 has
/// 6e-8.
static Value sinReduced(Emit &emit, Value r, Value square) {
  Value p = polynomial(emit, square,
                       {1.0 / 6227020800.0, -1.0 / 39916800.0, 1.0 / 362880.0,
                        -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0});
  return emit.fma(emit.mulF(square, r), p, r);
}

static Value cosReduced(Emit &emit, Value square) {
  return polynomial(emit, square,
                    {-1.0 / 87178291200.0, 1.0 / 479001600.0, -1.0 / 3628800.0,
                     1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0});
}

/// v with its sign changed where `bit` of n is set.
static Value negateIf(Emit &emit, Value v, Value n, int64_t bit) {
  Type ints = n.getType();
  Value mask = arith::AndIOp::create(emit, n, integer(emit, ints, bit));
  Value zero = integer(emit, ints, 0);
  Value set = arith::CmpIOp::create(emit, arith::CmpIPredicate::ne, mask, zero);
  return emit.select(set, arith::NegFOp::create(emit, v), v);
}

SinCos moec::emitSinCos(Emit &emit, Value x) {
  Type floats = x.getType();
  Value wide =
      arith::ExtFOp::create(emit, likewise(floats, emit.getF64Type()), x);
  Reduced reduced = reduce(emit, wide);
  Value square = emit.mulF(reduced.r, reduced.r);
  Value s = sinReduced(emit, reduced.r, square);
  Value c = cosReduced(emit, square);

  Value n = reduced.quadrant;
  Type ints = n.getType();
  Value one = integer(emit, ints, 1);
  Value odd = arith::CmpIOp::create(emit, arith::CmpIPredicate::ne,
                                    arith::AndIOp::create(emit, n, one),
                                    integer(emit, ints, 0));
  Value sin = negateIf(emit, emit.select(odd, c, s), n, 2);
  Value cos = negateIf(emit, emit.select(odd, s, c),
                       arith::AddIOp::create(emit, n, one), 2);
  return {arith::TruncFOp::create(emit, floats, sin),
          arith::TruncFOp::create(emit, floats, cos)};
}
