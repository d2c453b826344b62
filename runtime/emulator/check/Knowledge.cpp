//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Knowledge.h"

namespace emulator {

KnowledgePtr join(const KnowledgePtr &a, const KnowledgePtr &b) {
  if (!b || a == b)
    return a;
  if (!a)
    return b;
  auto joined = std::make_shared<Knowledge>();
  for (unsigned path = 0; path < paths; ++path)
    joined->clocks[path] = VectorClock::join(a->clocks[path], b->clocks[path]);
  if (joined->clocks == a->clocks)
    return a;
  return joined->clocks == b->clocks ? b : joined;
}

} // namespace emulator
