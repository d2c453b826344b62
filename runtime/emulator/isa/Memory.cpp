//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.9: loads and stores.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/MemoryPath.h"
#include "runtime/emulator/isa/Qualifiers.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"

#include <iterator>
#include <type_traits>

namespace emulator {
namespace {

/// What a load or store needs beside its operands.
struct Transfer {
  MemorySpace space;
  MemoryOrder order;
  Scope scope;
  bool nonCoherent;
  bool wide; ///< its address has 64 bits
  unsigned elements;
};

struct Wide128 {
  uint64_t half[2];
};

Access accessOf(const Transfer &transfer, AccessKind kind, uint32_t bytes,
                Mask lanes) {
  Access access;
  access.space = transfer.space;
  access.kind = kind;
  access.order = transfer.order;
  access.scope = transfer.scope;
  access.nonCoherent = transfer.nonCoherent;
  access.bytes = bytes;
  access.lanes = lanes;
  return access;
}

/// Between memory and a register: extended with zeros, or with its sign.
template <class M, class R> struct Converted {
  static R load(M value) {
    if constexpr (std::is_same_v<M, R>)
      return value;
    else if constexpr (std::is_signed_v<M>)
      return static_cast<R>(static_cast<int64_t>(value));
    else
      return static_cast<R>(value);
  }
  static M store(R value) {
    if constexpr (std::is_same_v<M, R>)
      return value;
    else
      return static_cast<M>(value);
  }
};

/// Whether the lanes' addresses follow each other without a gap.
bool contiguous(const uint64_t (&address)[warpLanes], uint64_t bytes) {
  uint64_t apart = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    apart |= address[lane] - address[0] - lane * bytes;
  return !apart;
}

template <class M, class R> struct Load {
  static void scalar(R *d, const std::byte *host,
                     const uint64_t (&address)[warpLanes], Mask lanes) {
    if (lanes == allLanes && contiguous(address, sizeof(M))) {
      const auto *from = reinterpret_cast<const M *>(host + address[0]);
      for (unsigned lane = 0; lane < warpLanes; ++lane)
        d[lane] = Converted<M, R>::load(from[lane]);
      return;
    }
    for (Mask left = lanes; left; left &= left - 1) {
      unsigned lane = static_cast<unsigned>(__builtin_ctz(left));
      d[lane] = Converted<M, R>::load(
          *reinterpret_cast<const M *>(host + address[lane]));
    }
  }

  static void element(R *d, std::byte *const *host, size_t offset, Mask lanes) {
    for (Mask left = lanes; left; left &= left - 1) {
      unsigned lane = static_cast<unsigned>(__builtin_ctz(left));
      M value;
      std::memcpy(&value, host[lane] + offset, sizeof value);
      d[lane] = Converted<M, R>::load(value);
    }
  }

  static Outcome run(Warp &warp, const Instruction &i, Mask lanes) {
    const auto &transfer = i.detailAs<Transfer>();
    const Slot *d = transfer.elements == 1 ? i.operand : i.list;
    uint32_t bytes = sizeof(M) * transfer.elements;
    uint64_t address[warpLanes];
    addressesOf(warp, d[transfer.elements], transfer.wide, i.immediate,
                address);
    if (transfer.order != MemoryOrder::Weak)
      warp.poll();
    if (std::byte *host =
            shortPath(warp, transfer.space, address, lanes, bytes)) {
      for (unsigned e = 0; e < transfer.elements; ++e)
        scalar(warp.lanes<R>(d[e]), host + e * sizeof(M), address, lanes);
      return Outcome::Next;
    }
    Access access = accessOf(transfer, AccessKind::Load, bytes, lanes);
    std::memcpy(access.address, address, sizeof address);
    Pointers pointers;
    if (!warp.translate(access, pointers))
      return Outcome::Fault;
    for (unsigned e = 0; e < transfer.elements; ++e)
      element(warp.lanes<R>(d[e]), pointers.lane, e * sizeof(M), lanes);
    return Outcome::Next;
  }
};

template <class M, class R> struct Store {
  static void scalar(const R *v, std::byte *host,
                     const uint64_t (&address)[warpLanes], Mask lanes) {
    if (lanes == allLanes && contiguous(address, sizeof(M))) {
      auto *to = reinterpret_cast<M *>(host + address[0]);
      for (unsigned lane = 0; lane < warpLanes; ++lane)
        to[lane] = Converted<M, R>::store(v[lane]);
      return;
    }
    for (Mask left = lanes; left; left &= left - 1) {
      unsigned lane = static_cast<unsigned>(__builtin_ctz(left));
      *reinterpret_cast<M *>(host + address[lane]) =
          Converted<M, R>::store(v[lane]);
    }
  }

  static void element(const R *v, std::byte *const *host, size_t offset,
                      Mask lanes) {
    for (Mask left = lanes; left; left &= left - 1) {
      unsigned lane = static_cast<unsigned>(__builtin_ctz(left));
      M value = Converted<M, R>::store(v[lane]);
      std::memcpy(host[lane] + offset, &value, sizeof value);
    }
  }

  static bool readOnly(Warp &warp, MemorySpace space, uint64_t address) {
    bool global = space == MemorySpace::Global ||
                  (space == MemorySpace::Generic && address >= deviceBase);
    return global && warp.regionOf(address)->kind == RegionKind::Constant;
  }

  static Outcome run(Warp &warp, const Instruction &i, Mask lanes) {
    const auto &transfer = i.detailAs<Transfer>();
    const Slot *v = (transfer.elements == 1 ? i.operand : i.list) + 1;
    uint32_t bytes = sizeof(M) * transfer.elements;
    uint64_t address[warpLanes];
    addressesOf(warp, v[-1], transfer.wide, i.immediate, address);
    if (transfer.space != MemorySpace::Local)
      warp.wrote();
    std::byte *host = shortPath(warp, transfer.space, address, lanes, bytes);
    if (host &&
        !readOnly(warp, transfer.space, address[__builtin_ctz(lanes)])) {
      for (unsigned e = 0; e < transfer.elements; ++e)
        scalar(warp.lanes<R>(v[e]), host + e * sizeof(M), address, lanes);
      return Outcome::Next;
    }
    Access access = accessOf(transfer, AccessKind::Store, bytes, lanes);
    std::memcpy(access.address, address, sizeof address);
    Pointers pointers;
    if (!warp.translate(access, pointers))
      return Outcome::Fault;
    for (unsigned e = 0; e < transfer.elements; ++e)
      element(warp.lanes<R>(v[e]), pointers.lane, e * sizeof(M), lanes);
    return Outcome::Next;
  }
};

/// A parameter of the kernel, at an address that is known.
template <class M, class R> struct ParameterLoad {
  static Outcome run(Warp &warp, const Instruction &i, Mask lanes) {
    const auto &transfer = i.detailAs<Transfer>();
    const Slot *d = transfer.elements == 1 ? i.operand : i.list;
    const std::byte *from = warp.grid().parameters() + i.immediate;
    for (unsigned e = 0; e < transfer.elements; ++e) {
      M value;
      std::memcpy(&value, from + e * sizeof(M), sizeof value);
      R extended = Converted<M, R>::load(value);
      R *to = warp.lanes<R>(d[e]);
      for (unsigned lane = 0; lane < warpLanes; ++lane)
        if (lanes >> lane & 1)
          to[lane] = extended;
    }
    return Outcome::Next;
  }
};

/// The handler for memory of a type and registers of a width.
template <template <class, class> class Operation, class M>
Handler forRegister(unsigned width) {
  switch (width) {
  case 8:
  case 16:
    if constexpr (sizeof(M) <= 2)
      return Operation<M, uint16_t>::run;
    return nullptr;
  case 32:
    if constexpr (sizeof(M) <= 4)
      return Operation<M, uint32_t>::run;
    return nullptr;
  case 64:
    return Operation<M, uint64_t>::run;
  default:
    return nullptr;
  }
}

template <template <class, class> class Operation>
Handler forType(Type type, unsigned width) {
  if (type == Type::B128)
    return Operation<Wide128, Wide128>::run;
  bool isSigned = type == Type::S8 || type == Type::S16 || type == Type::S32;
  switch (bitsOf(type)) {
  case 8:
    return isSigned ? forRegister<Operation, int8_t>(width)
                    : forRegister<Operation, uint8_t>(width);
  case 16:
    return isSigned ? forRegister<Operation, int16_t>(width)
                    : forRegister<Operation, uint16_t>(width);
  case 32:
    return isSigned ? forRegister<Operation, int32_t>(width)
                    : forRegister<Operation, uint32_t>(width);
  case 64:
    return forRegister<Operation, uint64_t>(width);
  default:
    return nullptr;
  }
}

Transfer transferOf(Selection &s, const char *value) {
  Transfer transfer;
  transfer.space = spaceOfAccess(s, "a");
  transfer.order = orderOf(s.word("order"));
  transfer.scope = scopeOf(s.word("scope"));
  transfer.nonCoherent = s.has("nc");
  transfer.wide = s.width("a") == 64;
  transfer.elements = s.count(value);
  if (s.word("cop") == "cv")
    transfer.order = MemoryOrder::Volatile;
  checkOrder(s);
  if (transfer.elements * bytesOf(s.type("type")) > 32)
    s.refuse("a vector is at most 32 bytes long");
  return transfer;
}

Handler selectLoad(Selection &s) {
  const Transfer &transfer = s.detail(transferOf(s, "d"));
  Type type = s.type("type");
  if (s.has("nc") && transfer.space != MemorySpace::Global)
    s.refuse("`.nc` needs `.global`");
  if (transfer.space != MemorySpace::Param || s.syntax("a")->name.empty() ||
      s.space("a") != ptx::Space::Param)
    return forType<Load>(type, s.width("d"));
  const int64_t bytes = bytesOf(type) * transfer.elements;
  if (s.offset("a") < 0 ||
      s.offset("a") > int64_t(s.function().parameterBytes) - bytes)
    s.refuse("reads beyond the parameters of the kernel");
  if (s.offset("a") % bytes)
    s.refuse("the address is misaligned");
  return forType<ParameterLoad>(type, s.width("d"));
}

Handler selectStore(Selection &s) {
  const Transfer &transfer = s.detail(transferOf(s, "b"));
  if (transfer.space == MemorySpace::Const ||
      transfer.space == MemorySpace::Param)
    s.refuse("the space is read-only");
  return forType<Store>(s.type("type"), s.width("b"));
}

/// Hints to the caches change no result; the address need not be valid.
Outcome doNothing(Warp &, const Instruction &, Mask) { return Outcome::Next; }
Handler selectHint(Selection &) { return doNothing; }

/// createpolicy: policies are opaque.
Outcome makePolicy(Warp &warp, const Instruction &i, Mask lanes) {
  auto *d = warp.lanes<uint64_t>(i.operand[0]);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1)
      d[lane] = uint64_t(0x12F0) << 48;
  return Outcome::Next;
}
Handler selectPolicy(Selection &) { return makePolicy; }

const char *const loadClasses =
    "order = weak volatile relaxed acquire mmio; scope = cta cluster gpu sys; "
    "ss = const global local param param::entry param::func shared shared::cta "
    "shared::cluster; cop = ca cg cs lu cv; "
    "evict = L1::evict_normal L1::evict_unchanged L1::evict_first "
    "L1::evict_last L1::no_allocate; "
    "far = L2::evict_normal L2::evict_first L2::evict_last; "
    "size = L2::64B L2::128B L2::256B; vec = v2 v4 v8; "
    "type = b8 b16 b32 b64 b128 u8 u16 u32 u64 s8 s16 s32 s64 f16 f32 f64 bf16";
const char *const storeClasses =
    "order = weak volatile relaxed release mmio; scope = cta cluster gpu sys; "
    "ss = global local param param::func shared shared::cta shared::cluster; "
    "cop = wb cg cs wt; "
    "evict = L1::evict_normal L1::evict_unchanged L1::evict_first "
    "L1::evict_last L1::no_allocate; "
    "far = L2::evict_normal L2::evict_first L2::evict_last; vec = v2 v4 v8; "
    "type = b8 b16 b32 b64 b128 u8 u16 u32 u64 s8 s16 s32 s64 f16 f32 f64 bf16";

const Row rows[] = {
    {"9.7.9.8",
     "ld{.order}{.relaxed}{.scope}{.ss}{.cop}{.nc}{.evict}{.far}"
     "{.L2::cache_hint}{.size}{.vec}.type d:type^*vec, [a]{, policy:b64}",
     loadClasses, selectLoad},
    {"9.7.9.10", "ldu{.ss}{.vec}.type d:type^*vec, [a]", loadClasses,
     selectLoad},
    {"9.7.9.11",
     "st{.order}{.relaxed}{.scope}{.ss}{.cop}{.evict}{.far}{.L2::cache_hint}"
     "{.vec}.type [a], b:type^*vec{, policy:b64}",
     storeClasses, selectStore},
    {"9.7.9.15", "prefetch{.ss}.level [a]",
     "ss = global local; level = L1 L2 L2::evict_last L2::evict_normal",
     selectHint},
    {"9.7.9.15", "prefetch{.ss}.tensormap [a]", "ss = const param global",
     selectHint, "sm_90"},
    {"9.7.9.15", "prefetchu.L1 [a]", "", selectHint},
    {"9.7.9.16", "applypriority{.global}.L2::evict_normal [a], size:imm", "",
     selectHint, "sm_80"},
    {"9.7.9.17", "discard{.global}.L2 [a], size:imm", "", selectHint, "sm_80"},
    {"9.7.9.18",
     "createpolicy.fractional.primary{.secondary}.b64 d:b64{, f:f32}",
     "primary = L2::evict_last L2::evict_normal L2::evict_first "
     "L2::evict_unchanged; secondary = L2::evict_first L2::evict_unchanged",
     selectPolicy, "sm_80"},
    {"9.7.9.18",
     "createpolicy.range{.global}.primary{.secondary}.b64 d:b64, [a], p:u32, "
     "t:u32",
     "primary = L2::evict_last L2::evict_normal L2::evict_first "
     "L2::evict_unchanged; secondary = L2::evict_first L2::evict_unchanged",
     selectPolicy, "sm_80"},
    {"9.7.9.18", "createpolicy.cvt.L2.b64 d:b64, a:b64", "", selectPolicy,
     "sm_80"},
};

} // namespace

Section memorySection() {
  return {"Data Movement Instructions: loads and stores", rows,
          std::size(rows)};
}

} // namespace emulator
