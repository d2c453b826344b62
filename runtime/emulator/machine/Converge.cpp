//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Instructions at which lanes meet, and faults.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Place.h"

#include <algorithm>

namespace emulator {
namespace {

std::string hex(Mask mask) {
  static const char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4)
    text += digits[mask >> shift & 15];
  return text;
}

} // namespace

Outcome Warp::converge(const Instruction &instruction, Mask lanes) {
  const Site &site = this->site();
  if (site.convergence == Convergence::Full && live_ != allLanes)
    return fault(FaultKind::Undefined,
                 "all 32 lanes of a warp must run this instruction, but lanes "
                 "of mask " +
                     hex(~live_) + " have exited or never were",
                 lanes);
  if (site.convergence != Convergence::Members)
    return meet(instruction, lanes, lanes, live_);
  const auto *masks = this->lanes<Mask>(site.members);
  Mask members = masks[__builtin_ctz(lanes)];
  Mask group = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && masks[lane] == members)
      group |= Mask(1) << lane;
  if (group & ~members)
    return fault(FaultKind::Undefined,
                 "lanes run this instruction that its membermask " +
                     hex(members) + " does not name",
                 group & ~members);
  return meet(instruction, lanes, group, members & live_);
}

/// Runs the body for `group` and those parked here once all of `expected` have
/// come; `lanes` that are in another group try again at once.
Outcome Warp::meet(const Instruction &instruction, Mask lanes, Mask group,
                   Mask expected) {
  Mask arrived = group;
  if (group != expected && !gather(arrived, expected)) {
    if (Mask rest = lanes & ~group) {
      place(current(rest, pc_));
      active_ &= ~rest;
    }
    return park(group, expected);
  }
  if (Mask rest = lanes & ~group) {
    place(current(rest, pc_));
    active_ &= ~rest;
    stop_ = 0;
  }
  active_ |= arrived;
  attempted_ = arrived;
  if (monitor_)
    monitor_->converged(*this, arrived);
  Outcome outcome = site().body(*this, instruction, arrived);
  if (outcome != Outcome::Wait)
    attempted_ = 0;
  return outcome;
}

/// Adds the lanes parked here to `arrived` if all of `expected` are then there.
bool Warp::gather(Mask &arrived, Mask expected) {
  auto here = [&](const Split &split) {
    return split.state == Split::State::Parked && split.pc == pc_ &&
           split.frame == frame_ && !(split.lanes & ~expected);
  };
  Mask all = arrived;
  for (const Split &split : splits_)
    if (here(split))
      all |= split.lanes;
  if ((all & expected) != expected)
    return false;
  splits_.erase(std::remove_if(splits_.begin(), splits_.end(), here),
                splits_.end());
  arrived = all;
  return true;
}

/// Lanes that are parked elsewhere and need some of `lanes`, which need some of
/// them: neither will ever go on. Null if there are none.
const Split *Warp::apart(Mask lanes, Mask expected) {
  for (const Split &split : splits_)
    if (split.state == Split::State::Parked &&
        (split.pc != pc_ || split.frame != frame_) &&
        split.lanes & expected && split.expected & lanes)
      return &split;
  return nullptr;
}

Outcome Warp::park(Mask lanes, Mask expected) {
  if (const Split *other = apart(lanes, expected)) {
    const Site &there = other->frame->function->sites[other->pc];
    return fault(FaultKind::Undefined,
                 "lanes of a warp diverge: these stand here, while lanes of "
                 "mask " +
                     hex(other->lanes) + " stand at line " +
                     std::to_string(there.line) + " (" + there.text +
                     "), and both wait for the others",
                 lanes);
  }
  Split split = current(lanes, pc_);
  split.expected = expected;
  split.state = Split::State::Parked;
  splits_.push_back(split);
  active_ &= ~lanes;
  ++pc_;
  return Outcome::Jump;
}

Outcome Warp::fault(FaultKind kind, std::string message, Mask lanes) {
  return raise(kind, std::move(message), lanes, nullptr);
}

Outcome Warp::fault(FaultKind kind, std::string message, Mask lanes,
                    uint64_t address) {
  return raise(kind, std::move(message), lanes, &address);
}

Outcome Warp::raise(FaultKind kind, std::string message, Mask lanes,
                    const uint64_t *address) {
  grid().raise(describeFault(kind, std::move(message), lanes, address));
  return Outcome::Fault;
}

Fault Warp::describeFault(FaultKind kind, std::string message, Mask lanes,
                          const uint64_t *address) {
  const Site &site = this->site();
  const Program &program = *grid().request().program;
  Dim3 index = block_.index();
  Fault fault;
  fault.kind = kind;
  fault.message = std::move(message);
  fault.kernel = grid().kernel().name;
  fault.instruction = site.text;
  fault.file = program.file();
  fault.line = site.line;
  fault.sourceFile = program.source(site.source.file);
  fault.sourceLine = site.source.line;
  fault.block[0] = index.x;
  fault.block[1] = index.y;
  fault.block[2] = index.z;
  fault.warp = index_;
  fault.lanes = lanes;
  fault.hasAddress = address != nullptr;
  fault.address = address ? *address : 0;
  if (address)
    fault.place = placeOf(*this, *address);
  return fault;
}

} // namespace emulator
