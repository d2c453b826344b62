//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Place.h"

#include "runtime/emulator/machine/Grid.h"

#include <algorithm>

namespace emulator {
namespace {

std::string plus(uint64_t offset) { return " + " + std::to_string(offset); }

std::string sharedPlace(Warp &warp, uint32_t address) {
  const uint32_t rank = address >> sharedRankShift;
  const uint32_t offset = address & sharedOffsetMask;
  const Function &kernel = warp.grid().kernel();
  const std::string owner =
      rank == warp.block().rank()
          ? ""
          : " of the block of rank " + std::to_string(rank);
  const SharedVariable *variable = variableBelow(kernel, offset);
  if (variable && offset - variable->offset < variable->bytes)
    return "shared variable " + variable->name +
           plus(offset - variable->offset) + owner;
  const uint32_t dynamic = sharedReserved + kernel.dynamicSharedOffset;
  if (offset >= dynamic &&
      offset - dynamic < warp.grid().request().dynamicSharedBytes)
    return "dynamic shared memory" + plus(offset - dynamic) + owner;
  return besideVariables(kernel, offset) + owner;
}

} // namespace

std::string nameOf(const Region &region) {
  const std::string name =
      region.kind == RegionKind::Host ? "host memory of "
      : region.name.empty() ? "allocation " + std::to_string(region.id) + " of "
                            : "variable " + region.name + " of ";
  return name + std::to_string(region.bytes) + " bytes";
}

const SharedVariable *variableBelow(const Function &kernel, uint32_t offset) {
  const auto &all = kernel.sharedVariables;
  auto next = std::upper_bound(
      all.begin(), all.end(), offset,
      [](uint32_t at, const SharedVariable &each) { return at < each.offset; });
  return next == all.begin() ? nullptr : &*std::prev(next);
}

std::string besideVariables(const Function &kernel, uint32_t offset) {
  const SharedVariable *variable = variableBelow(kernel, offset);
  if (!variable)
    return "below all shared variables";
  return std::to_string(offset - variable->offset - variable->bytes) +
         " bytes beyond the end of shared variable " + variable->name + " (" +
         std::to_string(variable->bytes) + " bytes)";
}

std::string placeOf(Warp &warp, uint64_t address) {
  if (address - sharedWindow < windowBytes)
    return sharedPlace(warp, static_cast<uint32_t>(address - sharedWindow));
  if (address - localWindow < windowBytes)
    return "local memory" + plus(address - localWindow);
  if (address - paramWindow < windowBytes)
    return "parameters" + plus(address - paramWindow);
  const Region *region = warp.grid().map().find(address);
  return region ? nameOf(*region) + plus(address - region->base) : "";
}

} // namespace emulator
