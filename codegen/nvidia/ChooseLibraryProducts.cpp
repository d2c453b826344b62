//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/Passes.h"
#include "codegen/nvidia/LibraryProduct.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace moec {
#define GEN_PASS_DEF_NVIDIACHOOSELIBRARYPRODUCTSPASS
#include "codegen/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// Whether a kernel of its own, with what reads the sums, need not write them.
static bool staysWithReader(decoder::LinearOp product) {
  return llvm::any_of(product->getUsers(), [](Operation *user) {
    return isa<decoder::SwigluOp, decoder::PartTopOp>(user);
  });
}

namespace {
struct NvidiaChooseLibraryProducts
    : moec::impl::NvidiaChooseLibraryProductsPassBase<
          NvidiaChooseLibraryProducts> {
  using NvidiaChooseLibraryProductsPassBase::
      NvidiaChooseLibraryProductsPassBase;

  void runOnOperation() override {
    auto tokens =
        getOperation()->getAttrOfType<IntegerAttr>(moe::maxTokensAttributeName);
    if (!tokens || tokens.getInt() <= fewTokens)
      return;
    getOperation().walk([&](decoder::LinearOp product) {
      if (!product.getWeight().getDefiningOp<moe::ReadParameterOp>() ||
          !libraryTakes(product) || staysWithReader(product))
        return;
      product->setAttr(exec::libraryAttributeName,
                       UnitAttr::get(&getContext()));
      ++numProducts;
    });
  }
};
} // namespace
