//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of ranges of tasks on a GPU, where each thread takes one task after
/// another. They know no machine, so every operation has a kernel, if not the
/// best one.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_PORTABLEENTRY_H
#define CODEGEN_NVIDIA_PORTABLEENTRY_H

#include "codegen/Emit.h"
#include "codegen/KernelBuilder.h"

namespace moec {

/// Makes the moert_kernel that a portable builder has emitted under the
/// kernel's name a function of the module, and defines an entry point of that
/// name which calls it.
void emitPortableEntry(Emit &emit, exec::KernelOp kernel);

} // namespace moec

#endif // CODEGEN_NVIDIA_PORTABLEENTRY_H
