//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Reads of memory that nothing wrote: shared memory since its block began, and
// device memory since it was allocated, byte by byte.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_UNINITIALISED_H
#define RUNTIME_EMULATOR_CHECK_UNINITIALISED_H

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/machine/WrittenBytes.h"

#include <unordered_map>
#include <vector>

namespace emulator {

/// The first finding is kept until the launch ends, since a race that another
/// order of warps would show says more; it is then a note of that fault.
/// Variables of modules, constants and host memory count as written. Copies,
/// fills and kernels write device memory; a kernel that ran without this check
/// leaves no trace, so all launches of a process must have it, or none.
class UninitialisedCheck final : public Monitor {
public:
  void launchBegins(Grid &grid) override;
  void launchEnds(Grid &grid, Fault &fault) override;
  void blockBegins(Block &block) override;
  void blockEnds(Block &block) override;
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override;

private:
  /// Memory in one piece, and what was written of it.
  struct Stretch {
    WrittenBytes written;
    uint64_t base = 0; ///< generic
    uint64_t bytes = 0;
    bool holds(uint64_t address) const { return address - base < bytes; }
  };

  Stretch stretchOf(Warp &warp, uint64_t address);
  /// The first byte that is read and was not written; `address + bytes` if
  /// there is none. Takes down what is written.
  uint64_t visit(Warp &warp, AccessKind kind, uint64_t address, uint64_t bytes);
  static uint64_t visit(const Stretch &stretch, AccessKind kind,
                        uint64_t address, uint64_t bytes);
  void report(Warp &warp, const Access &access);
  void keep(Warp &warp, AccessKind kind, uint64_t bytes, Mask lanes,
            uint64_t missing);

  std::unordered_map<Block *, std::vector<uint64_t>> shared_;
  Block *lastBlock_ = nullptr;
  uint64_t *lastBits_ = nullptr;
  Mask performing_ = 0; ///< lanes whose operation is performed
  Fault first_;
  uint64_t found_ = 0; ///< accesses
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_UNINITIALISED_H
