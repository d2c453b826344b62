//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/SharedLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

Value HalvesLayout::emitOffset(Emit &emit, Value row, Value chunk) {
  Value swap = emit.mul(emit.rem(row, 2), rowChunks / 2);
  Value place = arith::XOrIOp::create(emit, chunk, swap);
  return emit.add(emit.mul(row, rowBytes), emit.mul(place, chunkBytes));
}
