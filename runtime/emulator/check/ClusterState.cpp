//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// See ClusterState.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ClusterState.h"

namespace emulator {

void ClusterState::enter(Block &block, Agents &agents) {
  warpsPerBlock = static_cast<unsigned>(block.warps().size());
  for (auto &warp : block.warps())
    actors.push_back(
        std::make_unique<Actor>(*warp, agents.add(block.index(), warp->index(),
                                                  block.cluster().index())));
}

} // namespace emulator
