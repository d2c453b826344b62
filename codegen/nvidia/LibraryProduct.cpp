//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/LibraryProduct.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moec;

/// Rows that are multiples of so many bytes suit every algorithm of cuBLASLt.
static constexpr int64_t rowAlignment = 16;

static bool isAligned(Type matrix) {
  auto type = cast<RankedTensorType>(matrix);
  return !type.getEncoding() && type.getShape().back() *
                                        type.getElementTypeBitWidth() / 8 %
                                        rowAlignment ==
                                    0;
}

bool moec::libraryTakes(decoder::LinearOp product) {
  auto element = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getElementType();
  };
  return element(product.getX()) == element(product.getWeight()) &&
         llvm::all_of(product->getOperandTypes(), isAligned) &&
         isAligned(product.getY().getType());
}

static decoder::LinearOp findMarked(Block &region) {
  for (auto product : region.getOps<decoder::LinearOp>())
    if (product->hasAttr(exec::libraryAttributeName))
      return product;
  return {};
}

bool moec::isLibraryProduct(Block &region) {
  return static_cast<bool>(findMarked(region));
}

/// What a product is added to; null if the kernel yields the product itself.
/// Fails with an error at a kernel that holds anything else.
static FailureOr<Value> findResidual(exec::KernelOp kernel,
                                     decoder::LinearOp product) {
  Block &body = kernel.getBody().front();
  SmallVector<Operation *> others;
  for (Operation &op : body.without_terminator())
    if (&op != product)
      others.push_back(&op);
  if (others.empty())
    return Value();
  Value sums = product.getY();
  auto add = dyn_cast<decoder::AddOp>(others.front());
  if (!add || others.size() > 1 ||
      (add.getX() == sums) == (add.getDelta() == sums))
    return others.back()->emitOpError(
        "is with a product of a library, which adds a residual only");
  return add.getX() == sums ? add.getDelta() : add.getX();
}

FailureOr<KernelPlan> moec::planLibraryProduct(exec::KernelOp kernel,
                                               const KernelContext &context) {
  decoder::LinearOp product = findMarked(kernel.getBody().front());
  FailureOr<Value> residual = findResidual(kernel, product);
  if (failed(residual))
    return failure();
  if (!libraryTakes(product))
    return product.emitOpError("is of a library, which does not take ")
           << product.getWeight().getType();
  // What else the kernel computes reads the sums, so operands are arguments.
  auto indexOf = [](Value operand) -> int64_t {
    if (!operand)
      return -1;
    return cast<BlockArgument>(operand).getArgNumber();
  };
  auto weight = cast<RankedTensorType>(product.getWeight().getType());
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.flopsPerRow = 2 * weight.getNumElements();
  plan.library =
      LibraryPlan{indexOf(product.getX()), indexOf(product.getWeight()),
                  indexOf(*residual), context.target.gpu.libraryWorkspace};
  plan.method = "cuBLASLt (products of many tokens)";
  return plan;
}
