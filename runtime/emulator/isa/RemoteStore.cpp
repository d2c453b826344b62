//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.9.12 and 9.7.13.8: stores and reductions that complete at an
// mbarrier of another block: st.async, red.async.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/BulkReduction.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Engine.h"

#include <array>
#include <cstring>
#include <iterator>

namespace emulator {
namespace {

/// What a use of st.async or red.async keeps.
struct RemoteUse {
  AddressOperand to, barrier;
  Slot values[4];
  unsigned elements = 1, elementBytes = 4;
  BulkReduction reduce = nullptr; ///< null for a store
};

using Values = std::array<std::byte, 32>;

Outcome perform(const Engine &engine, const RemoteUse &use, uint64_t to,
                uint64_t barrier, const Values &values) {
  const uint32_t bytes = use.elements * use.elementBytes;
  std::byte *target =
      engine.reach(use.reduce ? AccessKind::Atomic : AccessKind::Store,
                   MemorySpace::SharedCluster, to, bytes);
  if (!target)
    return Outcome::Fault;
  engine.warp().wrote();
  if (use.reduce)
    use.reduce(target, values.data(), bytes);
  else
    std::memcpy(target, values.data(), bytes);
  return engine.complete(barrier, bytes);
}

Outcome send(Warp &warp, const Instruction &i, Mask lanes) {
  const RemoteUse &use = i.detailAs<RemoteUse>();
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    const uint64_t to = use.to.at(warp, lane);
    const uint64_t barrier = use.barrier.at(warp, lane);
    if (to % (use.elements * use.elementBytes))
      return warp.fault(FaultKind::MisalignedAddress,
                        "the address is no multiple of the access",
                        Mask(1) << lane, to);
    Values values;
    for (unsigned e = 0; e < use.elements; ++e)
      std::memcpy(values.data() + e * use.elementBytes,
                  warp.lanes<std::byte>(use.values[e]) +
                      lane * use.elementBytes,
                  use.elementBytes);
    Outcome outcome =
        submitToBarrier(warp, AsyncKind::Bulk, Mask(1) << lane,
                        [&use, to, barrier, values](const Engine &engine) {
                          return perform(engine, use, to, barrier, values);
                        });
    if (outcome == Outcome::Fault)
      return outcome;
  }
  return Outcome::Next;
}

RemoteUse describe(Selection &s) {
  RemoteUse use;
  use.to = addressOperand(s, "a");
  use.barrier = addressOperand(s, "bar");
  use.elements = s.count("b");
  use.elementBytes = bytesOf(s.type("type"));
  for (unsigned e = 0; e < use.elements; ++e)
    use.values[e] = s.slot("b", e);
  return use;
}

Handler selectStore(Selection &s) {
  s.detail(describe(s));
  return send;
}

Handler selectReduction(Selection &s) {
  RemoteUse use = describe(s);
  use.reduce = bulkReduction(s.word("op"), s.type("type"));
  if (!use.reduce)
    return nullptr;
  s.detail(use);
  return send;
}

const Row rows[] = {
    {"9.7.9.12",
     "st.async{.weak}{.shared::cluster}.mbarrier::complete_tx::bytes{.vec}"
     ".type [a], b:type*vec, [bar]",
     "vec = v2 v4; type = b32 b64 u32 u64 s32 s64 f32 f64", selectStore,
     "sm_90"},
    {"9.7.13.8",
     "red.async{.relaxed.cluster}{.shared::cluster}"
     ".mbarrier::complete_tx::bytes.op.type [a], b:type, [bar]",
     "op = inc dec min max add and or xor; type = u32 s32 u64 s64 b32 b64",
     selectReduction, "sm_90"},
    {"9.7.13.8",
     "red.async{.relaxed.cluster}.mbarrier::complete_tx::bytes"
     "{.shared::cluster}.op.type [a], b:type, [bar]",
     "op = inc dec min max add and or xor; type = u32 s32 u64 s64 b32 b64",
     selectReduction, "sm_90"},
};

} // namespace

Section remoteStoreSection() {
  return {"Asynchronous Stores and Reductions", rows, std::size(rows)};
}

} // namespace emulator
