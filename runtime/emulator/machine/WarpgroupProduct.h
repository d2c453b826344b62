//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One product of a warpgroup: 64 x n sums, of which each warp has 16 rows.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_WARPGROUPPRODUCT_H
#define RUNTIME_EMULATOR_MACHINE_WARPGROUPPRODUCT_H

#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/ptx/Type.h"

#include <cstdint>
#include <vector>

namespace emulator {

class Block;
class Warp;

constexpr unsigned warpgroupWarps = 4, warpgroupRows = 64, warpRows = 16;

/// A use of wgmma.mma_async.
struct ProductForm {
  unsigned n = 8, k = 16;
  Type a = Type::F16, b = Type::F16, d = Type::F32;
  bool saturate = false;
  bool negateA = false, negateB = false; ///< imm-scale -1
  bool transposeA = false;               ///< MN-major instead of K-major
  bool transposeB = false;
  std::vector<Slot> accumulators;
  std::vector<Slot> fragments; ///< registers of A; empty for a descriptor
};

/// What one warp brings to it.
struct ProductPart {
  Warp *warp = nullptr;
  const Site *site = nullptr;
  uint64_t id = 0;                ///< of the operation
  uint64_t a = 0, b = 0;          ///< descriptors
  bool accumulate = true;         ///< scale-d
  std::byte *registers = nullptr; ///< of its frame

  std::byte *lanes(Slot slot) const { return registers + slot.offset(); }
};

/// A decoded as 64 x k, row-major, from its descriptor; false if it reaches
/// beyond the block's shared memory.
bool decodeA(Block &block, const ProductForm &form, uint64_t descriptor,
             float *a);
/// B decoded as n / 8 blocks of k x 8, columns at their tilePlace.
bool decodeB(Block &block, const ProductForm &form, uint64_t descriptor,
             float *b);
/// The 16 rows of a warp, from its registers.
void decodeRows(const ProductForm &form, const ProductPart &part, float *a);

/// Adds the product to the accumulators of one warp. `a` are its rows.
void accumulate(const ProductForm &form, const ProductPart &part,
                const float *a, const float *b);

/// Tells the monitor what the product reads of A for the warp that is `member`
/// of its group. False if it raised a fault.
bool tellReadsOfA(const ProductForm &form, const ProductPart &part,
                  unsigned member);
/// The same for B, which is read for all four.
bool tellReadsOfB(const ProductForm &form, const ProductPart &part);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_WARPGROUPPRODUCT_H
