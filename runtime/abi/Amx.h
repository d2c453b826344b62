//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What code that uses AMX needs of the process that runs it.
///
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ABI_AMX_H
#define RUNTIME_ABI_AMX_H

#include <sys/syscall.h>
#include <unistd.h>

/// Asks Linux to let all threads of this process use tile registers; without,
/// their instructions end it. Returns whether they may.
///
/// Source: Linux, Documentation/arch/x86/xstate.rst.
static inline int moert_permit_amx(void) {
  enum { requestPermission = 0x1023, tileData = 18 };
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

#endif // RUNTIME_ABI_AMX_H
