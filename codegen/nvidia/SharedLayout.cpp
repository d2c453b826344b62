//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/SharedLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

template <int64_t Bits, int64_t To>
Value ExchangedRows<Bits, To>::emitOffset(Emit &emit, Value row, Value chunk) {
  constexpr int64_t period = int64_t(1) << Bits, step = int64_t(1) << To;
  Value exchanged = emit.mul(emit.rem(row, period), step);
  Value place = arith::XOrIOp::create(emit, chunk, exchanged);
  return emit.add(emit.mul(row, rowBytes), emit.mul(place, chunkBytes));
}

template struct moec::ExchangedRows<1, 2>;
template struct moec::ExchangedRows<2, 0>;
template struct moec::ExchangedRows<3, 0>;
