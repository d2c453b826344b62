//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Where the special registers of a warp lie in Bank::Specials: PTX ISA,
// chapter 10.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_SPECIALS_H
#define RUNTIME_EMULATOR_MACHINE_SPECIALS_H

#include "runtime/emulator/machine/Instruction.h"

#include <string_view>

namespace emulator {

/// Special registers that do not change while a warp runs, each 32 lanes of 32
/// bits, in this order.
enum class Special : uint8_t {
  AllTrue,  ///< not a register: a predicate that holds
  AllFalse, ///< not a register: a predicate that does not
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  WarpCount,
  SmId,
  SmCount,
  LanemaskEq,
  LanemaskLe,
  LanemaskLt,
  LanemaskGe,
  LanemaskGt,
  ClusteridX,
  ClusteridY,
  ClusteridZ,
  NclusteridX,
  NclusteridY,
  NclusteridZ,
  ClusterCtaidX,
  ClusterCtaidY,
  ClusterCtaidZ,
  ClusterNctaidX,
  ClusterNctaidY,
  ClusterNctaidZ,
  ClusterCtaRank,
  ClusterNctaRank,
  IsExplicitCluster, ///< a predicate
  TotalSharedBytes,
  DynamicSharedBytes,
  AggregateSharedBytes,
  ReservedSharedBegin,
  ReservedSharedEnd,
  ReservedSharedCap,
  SharedBase, ///< not a register: the block's rank, shifted
  Zero,       ///< not a register: also %gridid's upper half
  GridIdLow,
  Count,
};

constexpr uint32_t specialBytes =
    static_cast<uint32_t>(Special::Count) * warpLanes * 4;

inline Slot slotOf(Special special) {
  return Slot::of(Bank::Specials,
                  static_cast<uint32_t>(special) * warpLanes * 4);
}

/// The special register of that name (`%tid`) and component (`x`, or empty).
/// Special::Count if there is none that stays as it is; %clock and its kind
/// change.
Special findSpecial(std::string_view name, std::string_view component);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_SPECIALS_H
