//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The qualifiers that memory instructions share: spaces, orders, scopes.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_QUALIFIERS_H
#define RUNTIME_EMULATOR_ISA_QUALIFIERS_H

#include "runtime/emulator/isa/Table.h"
#include "runtime/emulator/machine/Access.h"

#include <string>
#include <string_view>

namespace emulator {

/// The space that the class `ss` names. `.param` of anything but a kernel's own
/// parameters lies in the frame.
inline MemorySpace spaceOfAccess(Selection &s, std::string_view address) {
  std::string_view word = s.word("ss");
  if (word.empty())
    return MemorySpace::Generic;
  if (word == "global")
    return MemorySpace::Global;
  if (word == "const")
    return MemorySpace::Const;
  if (word == "local")
    return MemorySpace::Local;
  if (word == "shared" || word == "shared::cta")
    return MemorySpace::Shared;
  if (word == "shared::cluster")
    return MemorySpace::SharedCluster;
  bool framed = s.space(address) == ptx::Space::Local || !s.function().kernel;
  return framed ? MemorySpace::Local : MemorySpace::Param;
}

inline MemoryOrder orderOf(std::string_view word) {
  if (word == "volatile")
    return MemoryOrder::Volatile;
  if (word == "relaxed")
    return MemoryOrder::Relaxed;
  if (word == "acquire")
    return MemoryOrder::Acquire;
  if (word == "release")
    return MemoryOrder::Release;
  if (word == "acq_rel")
    return MemoryOrder::AcquireRelease;
  if (word == "mmio")
    return MemoryOrder::Mmio;
  return MemoryOrder::Weak;
}

inline Scope scopeOf(std::string_view word) {
  if (word == "cta")
    return Scope::Block;
  if (word == "cluster")
    return Scope::Cluster;
  if (word == "gpu")
    return Scope::Gpu;
  if (word == "sys")
    return Scope::System;
  return Scope::None;
}

/// Refuses a load or store whose order and scope do not go together.
inline void checkOrder(Selection &s) {
  MemoryOrder order = orderOf(s.word("order"));
  bool scoped = order == MemoryOrder::Relaxed ||
                order == MemoryOrder::Acquire ||
                order == MemoryOrder::Release || order == MemoryOrder::Mmio;
  if (scoped == s.word("scope").empty())
    s.refuse(scoped ? "the scope is missing" : "a scope without an order");
  if ((order == MemoryOrder::Mmio) != s.has("relaxed"))
    s.refuse("`.mmio` goes with `.relaxed.sys`");
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_QUALIFIERS_H
