//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the CPU at hand can run.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_CPUFEATURES_H
#define RUNTIME_CPUFEATURES_H

#include <string_view>

namespace moert {

/// Whether the CPU has the feature, in LLVM's name for it ("avx512bf16"), and
/// the operating system saves the registers it needs and lets this process use
/// them; for AMX, this asks it to. False for a name that is not known here.
bool cpuHasFeature(std::string_view name);

} // namespace moert

#endif // RUNTIME_CPUFEATURES_H
