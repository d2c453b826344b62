//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/MatrixOperation.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;

Type MatrixOperation::biasElement() const {
  return bias ? getElementTypeOrSelf(bias.getType()) : Type();
}

MatrixOperation MatrixOperation::of(Operation &op) {
  return llvm::TypeSwitch<Operation *, MatrixOperation>(&op)
      .Case([&](decoder::LinearOp linear) {
        return MatrixOperation{&op, linear.getX(), linear.getWeight(), {}, {}};
      })
      .Case([&](moe::RouterOp router) {
        return MatrixOperation{
            &op, router.getX(), router.getWeight(), {}, router.getBias()};
      })
      .Case([&](moe::GroupedLinearOp grouped) {
        return MatrixOperation{&op, grouped.getX(), grouped.getWeight(),
                               grouped.getPlan(), grouped.getBias()};
      })
      .Default(MatrixOperation());
}
