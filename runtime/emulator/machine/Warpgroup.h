//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Four warps and the asynchronous products that they issue together.
//
// A product is one operation of the whole group: it begins when its last warp
// has issued it, and a wait of any warp lasts until the products it waits for
// are complete for all four, since shared memory may be written over then.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_WARPGROUP_H
#define RUNTIME_EMULATOR_MACHINE_WARPGROUP_H

#include "runtime/emulator/machine/Warp.h"
#include "runtime/emulator/machine/WarpgroupProduct.h"

#include <array>
#include <deque>
#include <map>
#include <vector>

namespace emulator {

class Warpgroup {
public:
  explicit Warpgroup(Completion completion) : completion_(completion) {}

  /// The current warp issues its part of a product.
  Outcome issue(Warp &warp, const ProductForm &form, const ProductPart &part);
  /// wgmma.commit_group and wgmma.wait_group of one warp.
  void commit(Warp &warp);
  Outcome wait(Warp &warp, unsigned keep);
  /// Performs what its warps issued and did not wait for.
  Outcome finish();

private:
  /// A product of which some warp issued its part.
  struct Product {
    const ProductForm *form;
    unsigned parts = 0; ///< warps that issued it
    std::array<ProductPart, warpgroupWarps> part;
  };
  /// Where a warp stands; products are counted from 0.
  struct Member {
    uint64_t issued = 0;         ///< products
    std::deque<uint64_t> groups; ///< products that were issued before each end
    /// Lazily: what the accumulators of products that are not complete hold,
    /// and in how many of these they are.
    struct Held {
      std::array<std::byte, 4 * warpLanes> value;
      unsigned products = 0;
    };
    std::map<std::byte *, Held> held;
  };

  Outcome complete(uint64_t end);
  Outcome perform(Product &product);
  void hold(Member &member, const ProductForm &form, const ProductPart &part);
  void restore(Member &member, const ProductForm &form,
               const ProductPart &part);
  void release(Member &member, const ProductForm &form,
               const ProductPart &part);

  const Completion completion_;
  std::array<Member, warpgroupWarps> members_;
  std::deque<Product> products_; ///< that are not complete
  uint64_t completed_ = 0;       ///< number of the first of them
  std::vector<float> a_, b_;     ///< decoded operands, kept for their storage
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_WARPGROUP_H
