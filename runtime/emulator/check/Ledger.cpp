//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// See Ledger.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Ledger.h"

namespace emulator {

void Ledger::collectIfFull() {
  if (!marks.full())
    return;
  ++generation_;
  unions_.fill({});
  marks.collect(
      [&](const std::function<void(Mark)> &visit) { shadow.eachMark(visit); });
}

} // namespace emulator
