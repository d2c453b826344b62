//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Async.h"

namespace emulator {

Outcome AsyncGroups::add(Mask lanes, AsyncAction action) {
  if (completion_ == Completion::Eager)
    return action(lanes);
  Operation operation;
  operation.lanes = lanes;
  operation.number = added_++;
  operation.action = std::move(action);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    operation.group[lane] = committed_[lane];
  operations_.push_back(std::move(operation));
  return Outcome::Next;
}

void AsyncGroups::commit(Mask lanes) {
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    committed_[lane] += lanes >> lane & 1;
}

/// Performs, in order, what `due(operation, lane)` names of `lanes`.
template <class Due> Outcome AsyncGroups::perform(Mask lanes, Due due) {
  for (Operation &operation : operations_) {
    Mask now = 0;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      if ((operation.lanes & lanes) >> lane & 1 && due(operation, lane))
        now |= Mask(1) << lane;
    if (!now)
      continue;
    operation.lanes &= ~now;
    if (operation.action(now) == Outcome::Fault)
      return Outcome::Fault;
  }
  while (!operations_.empty() && !operations_.front().lanes)
    operations_.pop_front();
  return Outcome::Next;
}

Outcome AsyncGroups::wait(Mask lanes, unsigned keep) {
  return perform(lanes, [&](const Operation &operation, unsigned lane) {
    return operation.group[lane] < committed_[lane] &&
           committed_[lane] - operation.group[lane] > keep;
  });
}

Outcome AsyncGroups::flush(Mask lanes) {
  return perform(lanes, [](const Operation &, unsigned) { return true; });
}

Outcome AsyncGroups::flush(Mask lanes, uint64_t before) {
  return perform(lanes, [&](const Operation &operation, unsigned) {
    return operation.number < before;
  });
}

Mask AsyncGroups::outstanding() const {
  Mask lanes = 0;
  for (const Operation &operation : operations_)
    lanes |= operation.lanes;
  return lanes;
}

Outcome AsyncQueue::submit(Action action) {
  if (completion_ == Completion::Eager)
    return action();
  operations_.push_back(std::move(action));
  return Outcome::Next;
}

bool AsyncQueue::performOne(Outcome &outcome) {
  if (operations_.empty())
    return false;
  Action action = std::move(operations_.front());
  operations_.pop_front();
  outcome = action();
  return true;
}

} // namespace emulator
