//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// AMX where the CPU has none, or where the process may not use it: its
/// instructions raise SIGILL, and a handler does what they would have done. So
/// every machine with AVX-512 runs the machine code that is shipped.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_AMXEMULATOR_H
#define TEST_CODEGEN_AMXEMULATOR_H

namespace moec::test {

/// Lets AMX code run from now on, in all threads: on the CPU if that can, else
/// by emulation, or by that in any case if MOEC_TEST_EMULATE_AMX is set. To be
/// called after code is compiled.
///
/// Emulated are LDTILECFG, TILEZERO, TILELOADD, TDPBF16PS, TILESTORED and
/// TILERELEASE. Any other instruction that is illegal, or one that faults
/// according to the manual, ends the process.
void makeAmxRunnable();

} // namespace moec::test

#endif // TEST_CODEGEN_AMXEMULATOR_H
