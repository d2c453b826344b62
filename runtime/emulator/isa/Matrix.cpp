//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.14: products of a warp.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/MatrixUnit.h"
#include "runtime/emulator/machine/Warp.h"

#include <iterator>

namespace emulator {

namespace {

// --- 9.7.14.5.14: mma ---

/// A use of mma: its form, and how many registers each operand has.
struct MmaUse {
  MmaForm form;
  unsigned d, a, b, c;
};

Outcome runMma(Warp &warp, const Instruction &i, Mask) {
  const MmaUse &use = i.detailAs<MmaUse>();
  const Slot *slot = i.listCount ? i.list : i.operand;
  MmaRegisters registers;
  for (unsigned q = 0; q < use.d; ++q)
    registers.d[q] = warp.lanes<std::byte>(*slot++);
  for (unsigned q = 0; q < use.a; ++q)
    registers.a[q] = warp.lanes<std::byte>(*slot++);
  for (unsigned q = 0; q < use.b; ++q)
    registers.b[q] = warp.lanes<std::byte>(*slot++);
  for (unsigned q = 0; q < use.c; ++q)
    registers.c[q] = warp.lanes<std::byte>(*slot++);
  multiply(use.form, registers);
  return Outcome::Next;
}

/// `m16n8k16` as three numbers.
void readShape(std::string_view word, MmaForm &form) {
  unsigned numbers[3] = {}, at = 0;
  for (char c : word.substr(1)) {
    if (c == 'n' || c == 'k')
      ++at;
    else
      numbers[at] = numbers[at] * 10 + (c - '0');
  }
  form.m = numbers[0];
  form.n = numbers[1];
  form.k = numbers[2];
}

Handler selectMma(Selection &s) {
  MmaForm form;
  readShape(s.word("shape"), form);
  form.d = s.type("dtype");
  form.a = s.type("atype");
  form.b = s.type("btype");
  form.c = s.type("ctype");
  form.saturate = s.has("satfinite");
  form.exclusive = s.word("op") == "xor";
  const bool mixed = form.a != form.b;
  const bool mayMix = bitsOf(form.a) <= 8 && isFloat(form.a) == isFloat(form.b);
  if (mixed && !mayMix)
    s.refuse("A and B must have the same type");
  if (s.count("d") != form.registersOfD() ||
      s.count("a") != form.registersOfA() ||
      s.count("b") != form.registersOfB() ||
      s.count("c") != form.registersOfC())
    s.refuse("the shape has D, A, B and C of " +
             std::to_string(form.registersOfD()) + ", " +
             std::to_string(form.registersOfA()) + ", " +
             std::to_string(form.registersOfB()) + " and " +
             std::to_string(form.registersOfC()) + " registers");
  s.detail(MmaUse{form, form.registersOfD(), form.registersOfA(),
                  form.registersOfB(), form.registersOfC()});
  return runMma;
}

constexpr Convergence full = Convergence::Full;

// The types of a form stand in classes of one word each, so that the selector
// reads every row alike. `a:b32+` is checked against the shape.
const Row rows[] = {
    // f16
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m16n8k8 m16n8k16; dtype = f16 f32; atype = f16; btype = f16; "
     "ctype = f16 f32",
     selectMma, "sm_80", full},
    // bf16
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m16n8k8 m16n8k16; dtype = f32; atype = bf16; btype = bf16; "
     "ctype = f32",
     selectMma, "sm_80", full},
    // tf32
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m16n8k4 m16n8k8; dtype = f32; atype = tf32; btype = tf32; "
     "ctype = f32",
     selectMma, "sm_80", full},
    // fp8
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m16n8k16 m16n8k32; dtype = f16 f32; atype = e4m3 e5m2; "
     "btype = e4m3 e5m2; ctype = f16 f32",
     selectMma, "sm_89", full},
    // f64
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype "
     "d:f64+, a:f64+, b:f64+, c:f64+",
     "shape = m8n8k4; dtype = f64; atype = f64; btype = f64; ctype = f64",
     selectMma, "sm_80", full},
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype "
     "d:f64+, a:f64+, b:f64+, c:f64+",
     "shape = m16n8k4 m16n8k8 m16n8k16; dtype = f64; atype = f64; "
     "btype = f64; ctype = f64",
     selectMma, "sm_90", full},
    // 8-bit integers
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col{.satfinite}.dtype.atype.btype.ctype "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m8n8k16 m16n8k16 m16n8k32; dtype = s32; atype = u8 s8; "
     "btype = u8 s8; ctype = s32",
     selectMma, "sm_80", full},
    // 4-bit integers
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col{.satfinite}.dtype.atype.btype.ctype "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m8n8k32 m16n8k32 m16n8k64; dtype = s32; atype = u4 s4; "
     "btype = u4 s4; ctype = s32",
     selectMma, "sm_80", full},
    // bits
    {"9.7.14.5.14",
     "mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype.op.popc "
     "d:b32+, a:b32+, b:b32+, c:b32+",
     "shape = m8n8k128 m16n8k128 m16n8k256; dtype = s32; atype = b1; "
     "btype = b1; ctype = s32; op = and xor",
     selectMma, "sm_80", full},
};

} // namespace

Section matrixSection() {
  return {"Warp-Level Matrix Products", rows, std::size(rows)};
}

} // namespace emulator
