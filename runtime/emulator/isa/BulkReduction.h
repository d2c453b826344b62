//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The operations of cp.reduce.async.bulk: arrays combined element by element.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_BULKREDUCTION_H
#define RUNTIME_EMULATOR_ISA_BULKREDUCTION_H

#include "runtime/emulator/ptx/Type.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace emulator {

/// memory[i] = operation(memory[i], values[i]) for elements of one type that
/// fill `bytes`. Each element of memory changes atomically.
using BulkReduction = void (*)(std::byte *memory, const std::byte *values,
                               uint32_t bytes);

/// The reduction of an operation (`add`, `min`, ...) on a type, or null if
/// there is none.
BulkReduction bulkReduction(std::string_view operation, Type type);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_BULKREDUCTION_H
