//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Places that strong accesses synchronize at.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_FLAGS_H
#define RUNTIME_EMULATOR_CHECK_FLAGS_H

#include "runtime/emulator/check/Agents.h"
#include "runtime/emulator/check/Knowledge.h"

#include <unordered_map>

namespace emulator {

/// What reading a place lets know.
struct Flag {
  KnowledgePtr near; ///< in the block that wrote it last
  KnowledgePtr far;
  const Agent *writer = nullptr;
};
using Flags = std::unordered_map<uint64_t, Flag>; ///< by generic address

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_FLAGS_H
