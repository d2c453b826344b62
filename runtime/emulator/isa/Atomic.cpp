//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.13: atom and red.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/AtomicOperations.h"
#include "runtime/emulator/isa/MemoryPath.h"
#include "runtime/emulator/isa/Qualifiers.h"
#include "runtime/emulator/isa/Sections.h"

#include <iterator>

namespace emulator {
namespace {

/// The operands of atom are d, [a], b, c; red has no d.
struct Atomic {
  MemorySpace space;
  MemoryOrder order;
  Scope scope;
  bool wide; ///< its address has 64 bits
  bool returns;
  bool compares;
  unsigned elements;
};

/// Host pointers of the lanes; false if a fault was raised.
bool locate(Warp &warp, const Atomic &atomic, const Instruction &i,
            Access &access, Pointers &pointers) {
  const Slot *slots = i.list ? i.list : i.operand;
  unsigned at = atomic.returns ? atomic.elements : 0;
  addressesOf(warp, slots[at], atomic.wide, i.immediate, access.address);
  uint64_t first = access.address[__builtin_ctz(access.lanes)];
  std::byte *host =
      shortPath(warp, access.space, access.address, access.lanes, access.bytes);
  bool shared = access.space == MemorySpace::Shared || first < deviceBase;
  if (host && (shared || warp.regionOf(first)->kind != RegionKind::Constant)) {
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      pointers.lane[lane] = host + access.address[lane];
    return true;
  }
  return warp.translate(access, pointers);
}

bool inShared(Warp &warp, const std::byte *at) {
  const Warp::SharedWindow &window = warp.sharedMemory();
  return at >= window.memory && at < window.memory + window.bytes;
}

/// `Global` is the operation where global memory has one of its own.
template <class T, AtomicOperation<T> Apply, AtomicOperation<T> Global = Apply>
Outcome atomicOperation(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &atomic = i.detailAs<Atomic>();
  Access access;
  access.space = atomic.space;
  access.kind = AccessKind::Atomic;
  access.order = atomic.order;
  access.scope = atomic.scope;
  access.bytes = sizeof(T) * atomic.elements;
  access.lanes = lanes;
  Pointers pointers;
  if (!locate(warp, atomic, i, access, pointers))
    return Outcome::Fault;
  const Slot *slots = i.list ? i.list : i.operand;
  const Slot *b = slots + (atomic.returns ? atomic.elements : 0) + 1;
  bool changed = false;
  for (unsigned e = 0; e < atomic.elements; ++e) {
    const T *y = warp.lanes<T>(b[e]);
    const T *z = atomic.compares ? warp.lanes<T>(b[1]) : y;
    T *d = atomic.returns ? warp.lanes<T>(slots[e]) : nullptr;
    for (Mask left = lanes; left; left &= left - 1) {
      auto lane = static_cast<unsigned>(__builtin_ctz(left));
      T *at = reinterpret_cast<T *>(pointers.lane[lane]) + e;
      bool global = Apply != Global && !inShared(warp, pointers.lane[lane]);
      T before = global ? atomicUpdate<T, Global>(at, y[lane], z[lane], changed)
                        : atomicUpdate<T, Apply>(at, y[lane], z[lane], changed);
      if (d)
        d[lane] = before;
    }
  }
  if (changed)
    warp.wrote();
  else
    warp.poll();
  return Outcome::Next;
}

Atomic atomicOf(Selection &s) {
  Atomic atomic;
  atomic.space = spaceOfAccess(s, "a");
  std::string_view sem = s.word("sem");
  atomic.order = sem.empty() ? MemoryOrder::Relaxed : orderOf(sem);
  // nvcc writes the scope behind the space where there is no order.
  std::string_view scope = s.word("scope"), late = s.word("late");
  if (!late.empty() && !scope.empty())
    s.refuse("has two scopes");
  scope = scope.empty() ? late : scope;
  atomic.scope = scope.empty() ? Scope::Gpu : scopeOf(scope);
  atomic.wide = s.width("a") == 64;
  atomic.returns = s.slot("d") != noSlot;
  atomic.compares = s.slot("c") != noSlot;
  atomic.elements = s.count("b");
  return atomic;
}

// --- which operation has which types ---

template <class T> Handler integerHandler(std::string_view op) {
  if (op == "add")
    return atomicOperation<T, atomicAdd<T>>;
  if (op == "min")
    return atomicOperation<T, atomicMinimum<T>>;
  return op == "max" ? atomicOperation<T, atomicMaximum<T>> : nullptr;
}

template <class T> Handler bitsHandler(std::string_view op) {
  if (op == "and")
    return atomicOperation<T, atomicAnd<T>>;
  if (op == "or")
    return atomicOperation<T, atomicOr<T>>;
  if (op == "xor")
    return atomicOperation<T, atomicXor<T>>;
  return op == "exch" ? atomicOperation<T, atomicExchange<T>> : nullptr;
}

Handler selectAtomic(Selection &s) {
  s.detail(atomicOf(s));
  std::string_view op = s.word("op");
  switch (s.type("type")) {
  case Type::U32:
    if (op == "inc")
      return atomicOperation<uint32_t, atomicIncrement>;
    if (op == "dec")
      return atomicOperation<uint32_t, atomicDecrement>;
    return integerHandler<uint32_t>(op);
  case Type::S32:
    return integerHandler<int32_t>(op);
  case Type::U64:
    return integerHandler<uint64_t>(op);
  case Type::S64:
    return op == "add" ? nullptr : integerHandler<int64_t>(op);
  case Type::B32:
    return bitsHandler<uint32_t>(op);
  case Type::B64:
    return bitsHandler<uint64_t>(op);
  case Type::B128:
    return op == "exch" ? atomicOperation<Quad, atomicExchange<Quad>> : nullptr;
  default:
    return nullptr;
  }
}

Handler selectCompare(Selection &s) {
  s.detail(atomicOf(s));
  switch (bitsOf(s.type("type"))) {
  case 16:
    return atomicOperation<uint16_t, atomicCompare<uint16_t>>;
  case 32:
    return atomicOperation<uint32_t, atomicCompare<uint32_t>>;
  case 64:
    return atomicOperation<uint64_t, atomicCompare<uint64_t>>;
  default:
    return atomicOperation<Quad, atomicCompare<Quad>>;
  }
}

Handler selectFloatAdd(Selection &s) {
  const Atomic &atomic = s.detail(atomicOf(s));
  if (atomic.elements > 1 && atomic.space != MemorySpace::Global &&
      atomic.space != MemorySpace::Generic)
    s.refuse("vectors need global memory");
  if (s.type("type") == Type::F64)
    return atomicOperation<double, atomicAddDouble>;
  return atomicOperation<float, atomicAddFloat, atomicAddFlushed>;
}

template <class Format> Handler halfHandler(std::string_view op) {
  using Half = AtomicHalf<Format>;
  if (op == "add")
    return atomicOperation<uint16_t, Half::add>;
  return op == "min" ? atomicOperation<uint16_t, Half::minimum>
                     : atomicOperation<uint16_t, Half::maximum>;
}
template <class Format> Handler pairHandler(std::string_view op) {
  using Half = AtomicHalf<Format>;
  if (op == "add")
    return atomicOperation<uint32_t, atomicPair<Half::add>>;
  return op == "min" ? atomicOperation<uint32_t, atomicPair<Half::minimum>>
                     : atomicOperation<uint32_t, atomicPair<Half::maximum>>;
}

Handler selectHalf(Selection &s) {
  const Atomic &atomic = s.detail(atomicOf(s));
  std::string_view op = s.word("op");
  if (atomic.elements == 1 && op != "add")
    s.refuse("`.min` and `.max` of this type need a vector");
  if (atomic.elements * bitsOf(s.type("type")) > 128)
    s.refuse("a vector is at most 16 bytes long");
  switch (s.type("type")) {
  case Type::F16:
    return halfHandler<HalfFormat>(op);
  case Type::BF16:
    return halfHandler<BfloatFormat>(op);
  case Type::F16x2:
    return pairHandler<HalfFormat>(op);
  default:
    return pairHandler<BfloatFormat>(op);
  }
}

#define QUALIFIERS                                                             \
  "sem = relaxed acquire release acq_rel; scope = cta cluster gpu sys; "       \
  "late = cta cluster gpu sys; "                                               \
  "ss = global shared shared::cta shared::cluster; "

const char *const classes =
    QUALIFIERS "op = and or xor exch add inc dec min max; "
               "type = b32 b64 b128 u32 u64 s32 s64";
const char *const reductions =
    QUALIFIERS "op = and or xor add inc dec min max; "
               "type = b32 b64 u32 u64 s32 s64";
const char *const compared = QUALIFIERS "type = b16 b32 b64 b128";
const char *const sums = QUALIFIERS "type = f32 f64";
const char *const vectors = QUALIFIERS "vec = v2 v4; type = f32";
const char *const halves = QUALIFIERS "op = add; type = f16 f16x2 bf16 bf16x2";
const char *const halfVectors =
    QUALIFIERS "op = add min max; vec = v2 v4 v8; type = f16 f16x2 bf16 bf16x2";

#define HINT "{.L2::cache_hint}"
#define POLICY "{, policy:b64}"
#define ATOM_OPERANDS " d:type, [a], b:type" POLICY
#define RED_OPERANDS " [a], b:type" POLICY

// Compilers write the qualifiers before the operation, libraries also after it.
const Row rows[] = {
    {"9.7.13.6", "atom{.sem}{.scope}{.ss}{.late}.op" HINT ".type" ATOM_OPERANDS,
     classes, selectAtomic},
    {"9.7.13.6", "atom.op{.sem}{.scope}{.ss}{.late}" HINT ".type" ATOM_OPERANDS,
     classes, selectAtomic},
    {"9.7.13.6",
     "atom{.sem}{.scope}{.ss}{.late}.cas" HINT
     ".type d:type, [a], b:type, c:type" POLICY,
     compared, selectCompare},
    {"9.7.13.6",
     "atom.cas{.sem}{.scope}{.ss}{.late}" HINT
     ".type d:type, [a], b:type, c:type" POLICY,
     compared, selectCompare},
    {"9.7.13.6",
     "atom{.sem}{.scope}{.ss}{.late}.add" HINT ".type" ATOM_OPERANDS, sums,
     selectFloatAdd},
    {"9.7.13.6",
     "atom.add{.sem}{.scope}{.ss}{.late}" HINT ".type" ATOM_OPERANDS, sums,
     selectFloatAdd},
    {"9.7.13.6",
     "atom{.sem}{.scope}{.ss}{.late}.add" HINT
     ".vec.type d:type*vec, [a], b:type*vec" POLICY,
     vectors, selectFloatAdd, "sm_90"},
    {"9.7.13.6",
     "atom{.sem}{.scope}{.ss}{.late}.op.noftz" HINT ".type" ATOM_OPERANDS,
     halves, selectHalf, "sm_70"},
    {"9.7.13.6",
     "atom{.sem}{.scope}{.ss}{.late}.op.noftz" HINT
     ".vec.type d:type*vec, [a], b:type*vec" POLICY,
     halfVectors, selectHalf, "sm_90"},
    {"9.7.13.7", "red{.sem}{.scope}{.ss}{.late}.op" HINT ".type" RED_OPERANDS,
     reductions, selectAtomic},
    {"9.7.13.7", "red.op{.sem}{.scope}{.ss}{.late}" HINT ".type" RED_OPERANDS,
     reductions, selectAtomic},
    {"9.7.13.7", "red{.sem}{.scope}{.ss}{.late}.add" HINT ".type" RED_OPERANDS,
     sums, selectFloatAdd},
    {"9.7.13.7",
     "red{.sem}{.scope}{.ss}{.late}.add" HINT
     ".vec.type [a], b:type*vec" POLICY,
     vectors, selectFloatAdd, "sm_90"},
    {"9.7.13.7",
     "red{.sem}{.scope}{.ss}{.late}.op.noftz" HINT ".type" RED_OPERANDS, halves,
     selectHalf, "sm_70"},
    {"9.7.13.7",
     "red{.sem}{.scope}{.ss}{.late}.op.noftz" HINT
     ".vec.type [a], b:type*vec" POLICY,
     halfVectors, selectHalf, "sm_90"},
};

} // namespace

Section atomicSection() {
  return {"Parallel Synchronization Instructions: atom and red", rows,
          std::size(rows)};
}

} // namespace emulator
