//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.15: asynchronous matrix products of a warpgroup.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/MatrixDescriptor.h"
#include "runtime/emulator/machine/Warpgroup.h"

#include <iterator>

namespace emulator {
namespace {

/// What a use of wgmma.mma_async keeps.
struct ProductUse {
  ProductForm form;
  Slot a = noSlot, b = noSlot; ///< descriptors
  Slot accumulate = noSlot;    ///< scale-d
  bool invert = false;         ///< it is negated
};

/// The warpgroup of a warp, or null if a fault was raised.
Warpgroup *groupOf(Warp &warp) {
  Warpgroup *group = warp.block().warpgroup(warp.index());
  if (!group)
    warp.fault(FaultKind::Undefined,
               "the block has no four warps for this warpgroup", allLanes);
  return group;
}

/// The value of a descriptor, which all lanes must agree on.
bool readDescriptor(Warp &warp, Slot slot, uint64_t &bits) {
  const uint64_t *lanes = warp.lanes<uint64_t>(slot);
  bits = lanes[0];
  Mask different = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    different |= Mask(lanes[lane] != bits) << lane;
  if (different) {
    warp.fault(FaultKind::Undefined,
               "the lanes of a warp hold different matrix descriptors",
               different);
    return false;
  }
  if (!MatrixDescriptor(bits).baseOffset())
    return true;
  warp.fault(FaultKind::Undefined,
             "a matrix descriptor with a base offset is not supported by the "
             "emulated device: align the matrix to its swizzle pattern",
             allLanes);
  return false;
}

Outcome multiply(Warp &warp, const Instruction &i, Mask) {
  const ProductUse &use = i.detailAs<ProductUse>();
  Warpgroup *group = groupOf(warp);
  if (!group)
    return Outcome::Fault;
  if (warp.frame().caller)
    return warp.fault(FaultKind::Undefined,
                      "wgmma in a function that is called, not inlined, is not "
                      "supported by the emulated device",
                      allLanes);
  ProductPart part;
  part.warp = &warp;
  part.site = &warp.site();
  part.registers = warp.frame().registers;
  if ((use.a != noSlot && !readDescriptor(warp, use.a, part.a)) ||
      !readDescriptor(warp, use.b, part.b))
    return Outcome::Fault;
  part.accumulate = (warp.predicate(use.accumulate) & 1) != use.invert;
  return group->issue(warp, use.form, part);
}

Outcome commit(Warp &warp, const Instruction &, Mask) {
  Warpgroup *group = groupOf(warp);
  if (!group)
    return Outcome::Fault;
  group->commit(warp);
  return Outcome::Next;
}

Outcome waitGroup(Warp &warp, const Instruction &i, Mask) {
  Warpgroup *group = groupOf(warp);
  return group ? group->wait(warp, static_cast<unsigned>(i.immediate))
               : Outcome::Fault;
}

/// Orders accesses to registers; the emulated device reads them in order.
Outcome fence(Warp &warp, const Instruction &, Mask lanes) {
  if (!warp.monitor())
    return Outcome::Next;
  FenceEvent event;
  event.kind = FenceEvent::Kind::Matrix;
  warp.monitor()->fence(warp, lanes, event);
  return Outcome::Next;
}

// --- selectors ---

/// `m64n128k16`: n and k.
void readShape(Selection &s, ProductForm &form) {
  std::string_view shape = s.word("shape");
  const size_t n = shape.find('n'), k = shape.find('k');
  const auto number = [](std::string_view digits) {
    unsigned value = 0;
    for (char c : digits)
      value = value * 10 + static_cast<unsigned>(c - '0');
    return value;
  };
  form.n = number(shape.substr(n + 1, k - n - 1));
  form.k = number(shape.substr(k + 1));
}

Slot registerSlot(Selection &s, std::string_view operand, unsigned element) {
  Slot slot = s.slot(operand, element);
  if (slot == noSlot || slot.bank() != static_cast<uint32_t>(Bank::Registers))
    s.refuse("operand `" + std::string(operand) + "` must be registers");
  return slot;
}

/// An immediate, which must be one of two values; whether it is the second.
bool flag(Selection &s, std::string_view operand, int64_t no, int64_t yes) {
  if (!s.syntax(operand))
    return false;
  const int64_t value = s.constant(operand);
  if (value != no && value != yes)
    s.refuse("`" + std::string(operand) + "` must be " + std::to_string(no) +
             " or " + std::to_string(yes));
  return value == yes;
}

Handler selectProduct(Selection &s) {
  ProductUse use;
  ProductForm &form = use.form;
  readShape(s, form);
  form.d = s.type("dtype");
  form.a = s.type("atype");
  form.b = s.type("btype");
  const bool mayMix = bitsOf(form.a) == 8;
  if (form.a != form.b && !mayMix)
    s.refuse("A and B must have the same type");
  form.saturate = s.has("satfinite");
  form.negateA = flag(s, "scaleA", 1, -1);
  form.negateB = flag(s, "scaleB", 1, -1);
  form.transposeA = flag(s, "transA", 0, 1);
  form.transposeB = flag(s, "transB", 0, 1);
  const unsigned registers = form.n / (form.d == Type::F16 ? 4 : 2);
  if (s.count("d") != registers)
    s.refuse("D has " + std::to_string(s.count("d")) +
             " registers; the shape needs " + std::to_string(registers));
  for (unsigned q = 0; q < registers; ++q)
    form.accumulators.push_back(registerSlot(s, "d", q));
  if (s.syntax("descA")) {
    use.a = s.slot("descA");
  } else {
    if (s.count("a") != 4)
      s.refuse("A must have 4 registers");
    for (unsigned q = 0; q < 4; ++q)
      form.fragments.push_back(registerSlot(s, "a", q));
  }
  use.b = s.slot("descB");
  use.accumulate = s.slot("scaleD");
  use.invert = s.negated("scaleD");
  s.detail(std::move(use));
  return multiply;
}

Handler selectFence(Selection &) { return fence; }
Handler selectCommit(Selection &) { return commit; }
Handler selectWait(Selection &s) {
  const int64_t keep = s.constant("n");
  if (keep < 0 || keep > 7)
    s.refuse("the number of groups must be from 0 to 7");
  s.instruction().immediate = keep;
  return waitGroup;
}

constexpr Convergence full = Convergence::Full;

#define PRODUCT                                                                \
  "wgmma.mma_async.sync.aligned.shape{.satfinite}.dtype.atype.btype "
#define FLOATS "wgmma.mma_async.sync.aligned.shape.dtype.atype.btype "
#define SHAPES(k)                                                              \
  "shape = m64n8" k " m64n16" k " m64n24" k " m64n32" k " m64n40" k            \
  " m64n48" k " m64n56" k " m64n64" k " m64n72" k " m64n80" k " m64n88" k      \
  " m64n96" k " m64n104" k " m64n112" k " m64n120" k " m64n128" k " m64n136" k \
  " m64n144" k " m64n152" k " m64n160" k " m64n168" k " m64n176" k             \
  " m64n184" k " m64n192" k " m64n200" k " m64n208" k " m64n216" k             \
  " m64n224" k " m64n232" k " m64n240" k " m64n248" k " m64n256" k "; "
#define INTEGER_SHAPES(k)                                                      \
  "shape = m64n8" k " m64n16" k " m64n24" k " m64n32" k " m64n48" k            \
  " m64n64" k " m64n80" k " m64n96" k " m64n112" k " m64n128" k " m64n144" k   \
  " m64n160" k " m64n176" k " m64n192" k " m64n208" k " m64n224" k             \
  " m64n240" k " m64n256" k "; "
#define SIXTEEN(dtype, type)                                                   \
  SHAPES("k16") "dtype = " dtype "; atype = " type "; btype = " type
#define TF32 SHAPES("k8") "dtype = f32; atype = tf32; btype = tf32"
#define EIGHT                                                                  \
  SHAPES("k32") "dtype = f16 f32; atype = e4m3 e5m2; btype = e4m3 e5m2"
#define INTEGERS                                                               \
  INTEGER_SHAPES("k32") "dtype = s32; atype = s8 u8; btype = s8 u8"
#define BITS INTEGER_SHAPES("k256") "dtype = s32; atype = b1; btype = b1"
// D, then A by descriptor or from registers, then B.
#define SHARED_A "d:b32+, descA:b64, descB:b64, !scaleD:pred"
#define OWN_A "d:b32+, a:b32+, descB:b64, !scaleD:pred"
#define SCALES ", scaleA:imm, scaleB:imm"
const Row rows[] = {
    {"9.7.15.5.2", FLOATS SHARED_A SCALES ", transA:imm, transB:imm",
     SIXTEEN("f16 f32", "f16"), selectProduct, "sm_90a", full},
    {"9.7.15.5.2", FLOATS OWN_A SCALES ", transB:imm",
     SIXTEEN("f16 f32", "f16"), selectProduct, "sm_90a", full},
    {"9.7.15.5.2", FLOATS SHARED_A SCALES ", transA:imm, transB:imm",
     SIXTEEN("f32", "bf16"), selectProduct, "sm_90a", full},
    {"9.7.15.5.2", FLOATS OWN_A SCALES ", transB:imm", SIXTEEN("f32", "bf16"),
     selectProduct, "sm_90a", full},
    {"9.7.15.5.2", FLOATS SHARED_A SCALES, TF32, selectProduct, "sm_90a", full},
    {"9.7.15.5.2", FLOATS OWN_A SCALES, TF32, selectProduct, "sm_90a", full},
    {"9.7.15.5.2", FLOATS SHARED_A SCALES, EIGHT, selectProduct, "sm_90a",
     full},
    {"9.7.15.5.2", FLOATS OWN_A SCALES, EIGHT, selectProduct, "sm_90a", full},
    {"9.7.15.5.2", PRODUCT SHARED_A, INTEGERS, selectProduct, "sm_90a", full},
    {"9.7.15.5.2", PRODUCT OWN_A, INTEGERS, selectProduct, "sm_90a", full},
    {"9.7.15.5.2",
     "wgmma.mma_async.sync.aligned.shape.dtype.atype.btype.and.popc " SHARED_A,
     BITS, selectProduct, "sm_90a", full},
    {"9.7.15.5.2",
     "wgmma.mma_async.sync.aligned.shape.dtype.atype.btype.and.popc " OWN_A,
     BITS, selectProduct, "sm_90a", full},
    {"9.7.15.7.1", "wgmma.fence.sync.aligned", "", selectFence, "sm_90a", full},
    {"9.7.15.7.2", "wgmma.commit_group.sync.aligned", "", selectCommit,
     "sm_90a", full},
    {"9.7.15.7.3", "wgmma.wait_group.sync.aligned n:imm", "", selectWait,
     "sm_90a", full},
};

} // namespace

Section warpgroupMatrixSection() {
  return {"Asynchronous Warpgroup-Level Matrix Instructions", rows,
          std::size(rows)};
}

} // namespace emulator
