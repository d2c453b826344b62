//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.17: stack manipulation instructions. The lanes of a
// frame share the height of its stack; each has memory of its own.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Sections.h"

#include <algorithm>
#include <iterator>

namespace emulator {
namespace {

/// alloca: the largest size that a lane asks for, for all of them.
template <class T>
Outcome allocate(Warp &warp, const Instruction &i, Mask lanes) {
  const T *size = warp.lanes<T>(i.operand[1]);
  uint64_t largest = 0;
  for (Mask left = lanes; left; left &= left - 1)
    largest = std::max<uint64_t>(largest, size[__builtin_ctz(left)]);
  uint32_t address = 0;
  if (!warp.allocate(largest, i.target, address))
    return warp.fault(FaultKind::StackOverflow,
                      "alloca of " + std::to_string(largest) +
                          " bytes does not fit on the stack",
                      lanes);
  eachLane(warp.lanes<T>(i.operand[0]), lanes,
           [&](unsigned) { return static_cast<T>(address); });
  return Outcome::Next;
}

Handler selectAllocate(Selection &s) {
  int64_t align = s.count("align") ? s.constant("align") : 8;
  if (align < 1 || align > 1 << 23 || align & (align - 1))
    s.refuse("the alignment must be a power of two up to 2^23");
  s.instruction().target = static_cast<uint32_t>(std::max<int64_t>(align, 8));
  return bitsOf(s.type("type")) == 64 ? allocate<uint64_t> : allocate<uint32_t>;
}

template <class T> Outcome save(Warp &warp, const Instruction &i, Mask lanes) {
  T height = warp.stackHeight();
  eachLane(warp.lanes<T>(i.operand[0]), lanes,
           [&](unsigned) { return height; });
  return Outcome::Next;
}
Handler selectSave(Selection &s) {
  return bitsOf(s.type("type")) == 64 ? save<uint64_t> : save<uint32_t>;
}

/// Memory is given back once all lanes of the frame do.
template <class T>
Outcome restore(Warp &warp, const Instruction &i, Mask lanes) {
  const T *to = warp.lanes<T>(i.operand[0]);
  uint64_t height = 0;
  for (Mask left = lanes; left; left &= left - 1)
    height = std::max<uint64_t>(height, to[__builtin_ctz(left)]);
  if (!warp.restoreStack(height, lanes))
    return warp.fault(FaultKind::Undefined,
                      "stackrestore to " + std::to_string(height) +
                          ", which the stack never was at",
                      lanes);
  return Outcome::Next;
}
Handler selectRestore(Selection &s) {
  return bitsOf(s.type("type")) == 64 ? restore<uint64_t> : restore<uint32_t>;
}

const char *const types = "type = u32 u64";

const Row rows[] = {
    {"9.7.17.1", "stacksave.type d:type", types, selectSave, "sm_52"},
    {"9.7.17.2", "stackrestore.type a:type", types, selectRestore, "sm_52"},
    {"9.7.17.3", "alloca.type d:type, size:type{, align:imm}", types,
     selectAllocate, "sm_52"},
};

} // namespace

Section stackSection() {
  return {"Stack Manipulation Instructions", rows, std::size(rows)};
}

} // namespace emulator
