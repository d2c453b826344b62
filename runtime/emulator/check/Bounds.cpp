//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Bounds.h"

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Place.h"

#include <algorithm>

namespace emulator {
namespace {

bool isShared(uint64_t address) { return address - sharedWindow < windowBytes; }

} // namespace

void BoundsCheck::launchBegins(Grid &grid) {
  const Function &kernel = grid.kernel();
  variables_ = kernel.sharedVariables;
  const uint32_t dynamic = grid.request().dynamicSharedBytes;
  if (dynamic)
    variables_.push_back({"dynamic shared memory",
                          sharedReserved + kernel.dynamicSharedOffset,
                          dynamic});
}

/// Whether the bytes lie in one variable. A variable that a kernel sees by a
/// pointer alone has no name here, so nothing is said without any.
bool BoundsCheck::within(uint64_t address, uint64_t bytes) {
  const auto offset = static_cast<uint32_t>(address & sharedOffsetMask);
  const auto holds = [&](const SharedVariable &variable) {
    const uint32_t at = offset - variable.offset;
    return bytes <= variable.bytes && at <= variable.bytes - bytes;
  };
  if (variables_.empty() || holds(variables_[last_]))
    return true;
  for (last_ = variables_.size() - 1; last_; --last_)
    if (holds(variables_[last_]))
      return true;
  return holds(variables_[last_]);
}

bool BoundsCheck::access(Warp &warp, const Access &access) {
  const auto first = static_cast<unsigned>(__builtin_ctz(access.lanes));
  uint64_t least = ~uint64_t(0), most = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    const uint64_t address =
        access.address[access.lanes >> lane & 1 ? lane : first];
    least = std::min(least, address);
    most = std::max(most, address);
  }
  // Lanes with addresses of several blocks are looked at one by one, too.
  if (!isShared(least) && !isShared(most) &&
      (most < sharedWindow || least >= sharedWindow + windowBytes))
    return true;
  if (isShared(least) && most - least <= sharedOffsetMask &&
      within(least, most - least + access.bytes))
    return true;
  Mask wrong = 0;
  for (Mask left = access.lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    if (isShared(access.address[lane]) &&
        !within(access.address[lane], access.bytes))
      wrong |= Mask(1) << lane;
  }
  return !wrong || report(warp, wrong, access.address[__builtin_ctz(wrong)],
                          access.bytes);
}

bool BoundsCheck::engineAccess(Warp &warp, AccessKind, uint64_t address,
                               uint32_t bytes) {
  return !isShared(address) || within(address, bytes) ||
         report(warp, performing_, address, bytes);
}

void BoundsCheck::async(Warp &, Mask lanes, const AsyncEvent &event) {
  if (event.action == AsyncEvent::Action::Perform)
    performing_ = lanes;
}

bool BoundsCheck::report(Warp &warp, Mask lanes, uint64_t address,
                         uint32_t bytes) {
  const auto offset = static_cast<uint32_t>(address & sharedOffsetMask);
  std::string text = "bounds: the access of " + std::to_string(bytes) +
                     " bytes lies in no shared variable";
  for (const SharedVariable &variable : variables_)
    if (offset - variable.offset < variable.bytes)
      text = "bounds: the access of " + std::to_string(bytes) +
             " bytes reaches " +
             std::to_string(offset + bytes - variable.offset - variable.bytes) +
             " bytes beyond the end of " + variable.name + " (" +
             std::to_string(variable.bytes) + " bytes of shared memory)";
  warp.fault(FaultKind::Check, text, lanes, address);
  return false;
}

} // namespace emulator
