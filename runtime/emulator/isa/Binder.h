//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// From syntax to bound code.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_BINDER_H
#define RUNTIME_EMULATOR_ISA_BINDER_H

#include "runtime/emulator/isa/Names.h"

namespace emulator {

/// Binds the body of `syntax` into `made`, whose name, parameters and limits
/// are already there. Throws ptx::Diagnostic.
void bindFunction(const ModuleNames &module, const ptx::Function &syntax,
                  Function &made);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_BINDER_H
