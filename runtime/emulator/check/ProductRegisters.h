//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The registers that products of a warpgroup read and write while they are
// under way: PTX ISA 9.7.15.7.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_PRODUCTREGISTERS_H
#define RUNTIME_EMULATOR_CHECK_PRODUCTREGISTERS_H

#include "runtime/emulator/machine/WarpgroupProduct.h"

#include <deque>
#include <string>

namespace emulator {

/// Those of one warp. Each function answers with what is wrong, or an empty
/// string.
class ProductRegisters {
public:
  /// The warp issues a product.
  std::string issue(const ProductForm &form, const Site &site);
  /// An instruction that is no product is about to run.
  std::string touch(const Instruction &instruction, const Site &site);
  void fence();
  void commit();
  /// All but the last `left` products are waited for.
  void wait(uint64_t left);

private:
  struct Register {
    unsigned underWay = 0; ///< products that have it
    bool used = false;     ///< by some product
    bool touched = false;  ///< since the last wgmma.fence
  };
  struct Product {
    const ProductForm *form;
    const Site *site;
    bool committed;
  };

  Register &of(Slot slot);
  template <class Visit>
  void eachRegister(const ProductForm &form, Visit visit);
  std::string touch(Slot slot);

  std::vector<Register> registers_; ///< by their place in the frame
  std::deque<Product> underWay_;
  bool fenced_ = false; ///< since the last wait
  bool begun_ = false;  ///< some product was issued
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_PRODUCTREGISTERS_H
