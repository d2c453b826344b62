//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.12: control flow instructions.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Call.h"
#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Names.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"

#include <iterator>

namespace emulator {
namespace {

Outcome branchTo(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.branch(lanes, i.target);
}

Handler selectBranch(Selection &s) {
  s.instruction().target = s.target(*s.syntax("t"));
  return branchTo;
}

/// brx.idx: to the target that an index chooses.
Outcome branchByIndex(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &targets = i.detailAs<std::vector<uint32_t>>();
  const auto *index = warp.lanes<uint32_t>(i.operand[0]);
  uint32_t chosen[warpLanes] = {};
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    if (index[lane] >= targets.size())
      return warp.fault(FaultKind::Undefined,
                        "index " + std::to_string(index[lane]) +
                            " is over the list of " +
                            std::to_string(targets.size()) + " targets",
                        Mask(1) << lane);
    chosen[lane] = targets[index[lane]];
  }
  return warp.branchEach(lanes, chosen);
}

Handler selectBranchByIndex(Selection &s) {
  const std::string &name = s.syntax("t")->name;
  Name list = s.find(name);
  if (list.kind != Name::Kind::Targets)
    s.refuse("`" + name + "` is no list of branch targets");
  std::vector<uint32_t> targets;
  for (const std::string &label : list.label->targets) {
    ptx::Operand operand;
    operand.kind = ptx::Operand::Kind::Name;
    operand.name = label;
    targets.push_back(s.target(operand));
  }
  s.detail(std::move(targets));
  return branchByIndex;
}

Outcome returnFrom(Warp &warp, const Instruction &i, Mask lanes) {
  copyResults(warp, lanes);
  return warp.ret(lanes);
}
Handler selectReturn(Selection &) { return returnFrom; }

Outcome exitWarp(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.exit(lanes);
}
Handler selectExit(Selection &) { return exitWarp; }

Outcome trap(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.fault(FaultKind::Trap, "the kernel ran into a trap", lanes);
}
Handler selectTrap(Selection &) { return trap; }

Outcome doNothing(Warp &, const Instruction &, Mask) { return Outcome::Next; }
Handler selectNothing(Selection &) { return doNothing; }

const Row rows[] = {
    {"9.7.12.3", "bra{.uni} t:label", "", selectBranch},
    {"9.7.12.4", "brx.idx{.uni} a:u32, t:symbol", "", selectBranchByIndex},
    {"9.7.12.5", "call{.uni} a:symbol{, b:symbol}{, c:symbol}{, d:symbol}", "",
     selectCall},
    {"9.7.12.6", "ret{.uni}", "", selectReturn},
    {"9.7.12.7", "exit", "", selectExit},
    {"9.7.19.1", "brkpt", "", selectNothing},
    {"9.7.19.4", "trap", "", selectTrap},
};

} // namespace

Section controlSection() {
  return {"Control Flow Instructions", rows, std::size(rows)};
}

} // namespace emulator
