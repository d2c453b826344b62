//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.9.26 and 9.7.13.15: tensor maps that a kernel changes.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/TensorMap.h"

#include <cstring>
#include <iterator>
#include <string>

namespace emulator {
namespace {

/// Changes one field. Null if done, else what is wrong.
using Change = const char *(*)(TensorMap &map, unsigned ordinal,
                               uint64_t value);

const char *changeAddress(TensorMap &map, unsigned, uint64_t value) {
  if (value % 16)
    return "the address of a tensor must be a multiple of 16";
  map.address = value;
  return nullptr;
}
/// The field holds the rank less one.
const char *changeRank(TensorMap &map, unsigned, uint64_t value) {
  if (value > 4)
    return "the rank of a tensor must be from 1 to 5";
  map.rank = static_cast<uint8_t>(value + 1);
  return nullptr;
}
const char *changeBox(TensorMap &map, unsigned ordinal, uint64_t value) {
  if (value < 1 || value > 256)
    return "an extent of a box must be from 1 to 256";
  map.box[ordinal] = static_cast<uint16_t>(value);
  return nullptr;
}
const char *changeExtent(TensorMap &map, unsigned ordinal, uint64_t value) {
  if (!value)
    return "an extent of a tensor must not be 0";
  map.extents[ordinal] = value;
  return nullptr;
}
const char *changeStride(TensorMap &map, unsigned ordinal, uint64_t value) {
  if (ordinal > 3)
    return "a tensor has at most 4 strides";
  if (value % 16)
    return "a stride of a tensor must be a multiple of 16";
  map.strides[ordinal] = value;
  return nullptr;
}
const char *changeElementStride(TensorMap &map, unsigned ordinal,
                                uint64_t value) {
  if (value < 1 || value > 8)
    return "an element stride must be from 1 to 8";
  map.elementStrides[ordinal] = static_cast<uint8_t>(value);
  return nullptr;
}
/// The manual's numbers of types, 9.7.9.26: those of the driver but for the
/// last ones.
const char *changeElement(TensorMap &map, unsigned, uint64_t value) {
  if (value > static_cast<uint64_t>(TensorMap::Element::TF32Flush))
    return "packed element types are not supported by the emulated device";
  map.element = static_cast<TensorMap::Element>(value);
  return nullptr;
}
const char *changeInterleave(TensorMap &, unsigned, uint64_t value) {
  return value ? "an interleaved layout is not supported by the emulated device"
               : nullptr;
}
const char *changeSwizzle(TensorMap &map, unsigned, uint64_t value) {
  if (value > static_cast<uint64_t>(TensorMap::Swizzle::Bytes128))
    return "this swizzle is not supported by the emulated device";
  map.swizzle = static_cast<TensorMap::Swizzle>(value);
  return nullptr;
}
const char *changeFill(TensorMap &map, unsigned, uint64_t value) {
  map.nanFill = value != 0;
  return nullptr;
}

struct Field {
  std::string_view name;
  Change change;
};
const Field fields[] = {
    {"global_address", changeAddress},
    {"rank", changeRank},
    {"box_dim", changeBox},
    {"global_dim", changeExtent},
    {"global_stride", changeStride},
    {"element_stride", changeElementStride},
    {"elemtype", changeElement},
    {"interleave_layout", changeInterleave},
    {"swizzle_mode", changeSwizzle},
    {"fill_mode", changeFill},
};

/// What a use of tensormap.replace keeps.
struct ReplaceUse {
  AddressOperand map;
  MemorySpace space = MemorySpace::Generic;
  Change change = nullptr;
  unsigned ordinal = 0;
  Slot value = noSlot;
  bool wide = false; ///< the value has 64 bits
};

Outcome replace(Warp &warp, const Instruction &i, Mask lanes) {
  const ReplaceUse &use = i.detailAs<ReplaceUse>();
  Access access;
  access.space = use.space;
  access.kind = AccessKind::Store;
  access.bytes = sizeof(TensorMap);
  access.align = 64;
  use.map.fill(warp, lanes, access);
  Pointers pointers;
  if (!warp.translate(access, pointers))
    return Outcome::Fault;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    const uint64_t value = use.wide ? warp.lanes<uint64_t>(use.value)[lane]
                                    : warp.lanes<uint32_t>(use.value)[lane];
    TensorMap map;
    const char *wrong = TensorMap::read(pointers.lane[lane], map)
                            ? use.change(map, use.ordinal, value)
                            : "the address holds no tensor map";
    if (wrong)
      return warp.fault(FaultKind::Undefined, wrong, Mask(1) << lane,
                        access.address[lane]);
    map.seal();
    std::memcpy(pointers.lane[lane], &map, sizeof(map));
  }
  warp.wrote();
  return Outcome::Next;
}

Handler selectReplace(Selection &s) {
  ReplaceUse use;
  use.map = addressOperand(s, "a");
  use.space = s.word("ss") == "global" ? MemorySpace::Global
                                       : sharedSpace(s.word("ss"));
  for (const Field &field : fields)
    if (field.name == s.word("field"))
      use.change = field.change;
  if (s.syntax("ordinal")) {
    const int64_t ordinal = s.constant("ordinal");
    if (ordinal < 0 || ordinal > 4)
      s.refuse("the dimension must be from 0 to 4");
    use.ordinal = static_cast<unsigned>(ordinal);
  }
  use.value = s.slot("value");
  use.wide = s.word("type") == "b64";
  s.detail(use);
  return replace;
}

/// Copies a map from shared to global memory, and fences.
struct CopyUse {
  AddressOperand to, from;
};

Outcome copyMap(Warp &warp, const Instruction &i, Mask lanes) {
  const CopyUse &use = i.detailAs<CopyUse>();
  // All lanes name the same map; the warp copies it once.
  const Mask first = lanes & -lanes;
  Access load, store;
  load.space = MemorySpace::Shared;
  store.space = MemorySpace::Global;
  store.kind = AccessKind::Store;
  load.bytes = store.bytes = sizeof(TensorMap);
  use.from.fill(warp, first, load);
  use.to.fill(warp, first, store);
  Pointers from, to;
  if (!warp.translate(load, from) || !warp.translate(store, to))
    return Outcome::Fault;
  const auto lane = static_cast<unsigned>(__builtin_ctz(first));
  std::memcpy(to.lane[lane], from.lane[lane], sizeof(TensorMap));
  warp.wrote();
  if (!warp.monitor())
    return Outcome::Next;
  FenceEvent fence;
  fence.kind = FenceEvent::Kind::Proxy;
  fence.proxy = Proxy::TensorMap;
  fence.order = MemoryOrder::Release;
  warp.monitor()->fence(warp, lanes, fence);
  return Outcome::Next;
}

Handler selectCopyMap(Selection &s) {
  if (s.constant("size") != sizeof(TensorMap))
    s.refuse("the size must be 128");
  s.detail(CopyUse{addressOperand(s, "d"), addressOperand(s, "a")});
  return copyMap;
}

#define SPACES "ss = global shared::cta; "
const Row rows[] = {
    {"9.7.9.26", "tensormap.replace.tile.field{.ss}.b1024.type [a], value:type",
     SPACES "field = global_address; type = b64", selectReplace, "sm_90a"},
    {"9.7.9.26", "tensormap.replace.tile.field{.ss}.b1024.type [a], value:type",
     SPACES "field = rank; type = b32", selectReplace, "sm_90a"},
    {"9.7.9.26",
     "tensormap.replace.tile.field{.ss}.b1024.type [a], ordinal:imm, "
     "value:type",
     SPACES "field = box_dim global_dim element_stride; type = b32",
     selectReplace, "sm_90a"},
    {"9.7.9.26",
     "tensormap.replace.tile.field{.ss}.b1024.type [a], ordinal:imm, "
     "value:type",
     SPACES "field = global_stride; type = b64", selectReplace, "sm_90a"},
    {"9.7.9.26", "tensormap.replace.tile.field{.ss}.b1024.type [a], value:b32",
     SPACES "field = elemtype interleave_layout swizzle_mode fill_mode; "
            "type = b32",
     selectReplace, "sm_90a"},
    {"9.7.13.15.18",
     "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release"
     ".scope.sync.aligned [d], [a], size:imm",
     "scope = cta cluster gpu sys", selectCopyMap, "sm_90",
     Convergence::Aligned},
};
#undef SPACES

} // namespace

Section tensorMapSection() { return {"Tensor Maps", rows, std::size(rows)}; }

} // namespace emulator
