//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One access to memory by the lanes of a warp, or by an asynchronous engine.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_ACCESS_H
#define RUNTIME_EMULATOR_MACHINE_ACCESS_H

#include "runtime/emulator/machine/Instruction.h"

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace emulator {

/// A state space as an instruction names it. Generic addresses are looked up.
enum class MemorySpace : uint8_t {
  Generic,
  Global,
  Const,
  Shared,        ///< .shared::cta: the block's own
  SharedCluster, ///< .shared::cluster: of any block of the cluster
  Local,
  Param, ///< of the kernel
};

enum class AccessKind : uint8_t { Load, Store, Atomic };

/// Memory orders of section 8.4 (memory consistency model).
enum class MemoryOrder : uint8_t {
  Weak,
  Volatile,
  Relaxed,
  Acquire,
  Release,
  AcquireRelease,
  Mmio,
};

enum class Scope : uint8_t { None, Block, Cluster, Gpu, System };

/// The path that an access takes to memory: section 8.6 (proxies).
enum class Proxy : uint8_t { Generic, Async, TensorMap, Constant };

/// An access of up to 32 lanes, each to `bytes` at its own address.
struct Access {
  MemorySpace space = MemorySpace::Generic;
  AccessKind kind = AccessKind::Load;
  MemoryOrder order = MemoryOrder::Weak;
  Scope scope = Scope::None;
  Proxy proxy = Proxy::Generic;
  /// Loads of memory that the program says is not written: ld.global.nc.
  bool nonCoherent = false;
  bool mbarrier = false; ///< of the object that an mbarrier instruction names
  uint32_t bytes = 0;    ///< of one lane
  uint32_t align = 0;    ///< 0 for `bytes`
  Mask lanes = 0;
  /// As the program computed them; generic ones after Warp::translate.
  uint64_t address[warpLanes];

  /// Whether threads may synchronize by it.
  bool strong() const {
    return order != MemoryOrder::Weak || kind == AccessKind::Atomic;
  }
  /// How far it reaches then; None for weak ones.
  Scope strength() const {
    if (!strong())
      return Scope::None;
    if (order == MemoryOrder::Volatile || order == MemoryOrder::Mmio)
      return Scope::System;
    return scope == Scope::None ? Scope::Gpu : scope;
  }
};

/// Host pointers of an access, of its lanes only.
struct Pointers {
  std::byte *lane[warpLanes];
  /// Under a monitor, of a strong access to global memory: until it is made, no
  /// other one is.
  std::unique_lock<std::mutex> alone;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_ACCESS_H
