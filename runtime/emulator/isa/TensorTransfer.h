//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What cp.async.bulk.tensor does for one lane, once it is performed.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_TENSORTRANSFER_H
#define RUNTIME_EMULATOR_ISA_TENSORTRANSFER_H

#include "runtime/emulator/isa/BulkReduction.h"
#include "runtime/emulator/machine/Engine.h"
#include "runtime/emulator/machine/TensorBox.h"

#include <memory>
#include <vector>

namespace emulator {

/// Boxes of a tensor, one after the other in shared memory.
struct TensorTransfer {
  TensorMap map;
  std::vector<BoxPosition> boxes;
  MemorySpace space = MemorySpace::Shared;
  uint64_t shared = 0; ///< address of the first box
  BulkReduction reduce = nullptr;

  /// Of all boxes, elements outside of the tensor included.
  uint32_t bytes() const {
    return static_cast<uint32_t>(map.boxBytes() * boxes.size());
  }
};

/// The reduction on the tensor's elements, or null if there is none.
BulkReduction reductionOf(const TensorMap &map, std::string_view operation);

/// From global to shared memory.
Outcome loadTensor(const Engine &engine, const TensorTransfer &transfer);
/// From shared memory into `values`, in the order of the boxes' elements.
Outcome gatherBox(const Engine &engine, const TensorTransfer &transfer,
                  std::vector<std::byte> &values);
/// From `values` to global memory.
Outcome storeTensor(const Engine &engine, const TensorTransfer &transfer,
                    const std::vector<std::byte> &values);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_TENSORTRANSFER_H
