//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Syntax.h"

namespace emulator::ptx {

uint64_t Variable::bytes() const {
  uint64_t total = uint64_t(bytesOf(type)) * vector;
  for (uint64_t extent : extents)
    if (__builtin_mul_overflow(total, extent, &total))
      return UINT64_MAX;
  return total;
}

uint32_t Variable::alignment() const {
  return align ? align : bytesOf(type) * vector;
}

} // namespace emulator::ptx
