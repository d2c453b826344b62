//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Directed rounding: handlers that run under another rounding mode of the
// host.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_ROUNDING_H
#define RUNTIME_EMULATOR_ISA_ROUNDING_H

#include "runtime/emulator/isa/Lanes.h"

#include <string_view>
#include <xmmintrin.h>

namespace emulator {

/// The control register for a rounding modifier: all exceptions masked.
inline uint32_t controlOf(std::string_view rounding) {
  constexpr uint32_t nearest = 0x1F80;
  if (rounding == "rm")
    return nearest | 0x2000;
  if (rounding == "rp")
    return nearest | 0x4000;
  if (rounding == "rz")
    return nearest | 0x6000;
  return nearest;
}

/// Runs `Inner`, which is not inlined, under the control register that stands
/// in Instruction::target.
template <Handler Inner>
Outcome underRounding(Warp &warp, const Instruction &i, Mask lanes) {
  uint32_t saved = _mm_getcsr();
  _mm_setcsr(i.target);
  Outcome outcome = Inner(warp, i, lanes);
  _mm_setcsr(saved);
  return outcome;
}

/// The handler of `Function` under the rounding that `rnd` names.
template <auto Function> Handler rounded(Selection &s) {
  std::string_view rounding = s.word("rnd");
  if (rounding.empty() || rounding == "rn")
    return Lanewise<Function>::run;
  s.instruction().target = controlOf(rounding);
  return underRounding<Lanewise<Function>::run>;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_ROUNDING_H
