//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixRegion.h"

#include "codegen/x86/MatrixOperands.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;

int64_t MatrixOperation::panels() const {
  return llvm::divideCeil(columns(), panelWidth);
}

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

bool MatrixRegion::matches(Block &region) {
  bool any = false;
  for (Operation &op : region.without_terminator()) {
    bool product = static_cast<bool>(MatrixOperation::of(op).op);
    if (!product &&
        !isa<moe::PermuteOp, decoder::SwigluOp, moe::CombineOp, decoder::AddOp>(
            op))
      return false;
    any |= product;
  }
  return any;
}

namespace {

/// Reads a region in order. Each step returns what is wrong, or nothing.
class RegionReader {
public:
  const char *read(Block &block);
  MatrixRegion region;

private:
  const char *step(Operation &op);
  const char *permute(moe::PermuteOp op);
  const char *product(const MatrixOperation &product);
  const char *gate(decoder::SwigluOp op);
  const char *combine(moe::CombineOp op);
  const char *add(decoder::AddOp op);
  const char *results(Operation *yield);

  Value current; ///< what the last operation made
};

} // namespace

const char *RegionReader::permute(moe::PermuteOp op) {
  if (current)
    return "moe.permute must come first";
  region.permute = op;
  region.x = op.getX();
  current = op.getRows();
  return nullptr;
}

const char *RegionReader::product(const MatrixOperation &product) {
  if (region.swiglu || region.combine || region.add)
    return "products must come before what is made of their sums";
  Value x = region.permute ? region.permute.getRows() : product.x;
  if (product.x != x ||
      (!region.products.empty() && product.x != region.first().x))
    return "all products must have the same activations";
  if (region.permute && product.plan != region.permute.getPlan())
    return "rows must be permuted by the plan of the product";
  if (!isa<BlockArgument>(product.weight) ||
      (product.plan && !isa<BlockArgument>(product.plan)) ||
      (product.bias && !isa<BlockArgument>(product.bias)))
    return "products must read the kernel's arguments";
  if (!region.products.empty() && product.plan != region.first().plan)
    return "all products must have the same plan";
  if (!region.permute)
    region.x = product.x;
  region.products.push_back(product);
  current = product.op->getResult(0);
  return nullptr;
}

const char *RegionReader::gate(decoder::SwigluOp op) {
  if (region.products.size() != 2 || region.swiglu ||
      op.getGate() != region.products[0].op->getResult(0) ||
      op.getUp() != region.products[1].op->getResult(0))
    return "decoder.swiglu must gate the second of two products with the first";
  if (region.products[0].bias || region.products[1].bias)
    return "decoder.swiglu takes products without bias";
  region.swiglu = op;
  current = op.getY();
  return nullptr;
}

const char *RegionReader::combine(moe::CombineOp op) {
  if (region.products.size() != 1 || region.swiglu || op.getRows() != current)
    return "moe.combine must take the rows of one product";
  if (op.getPlan() != region.first().plan)
    return "moe.combine must have the plan of the product";
  if (!isa<BlockArgument>(op.getWeights()))
    return "moe.combine must read weights from the kernel's arguments";
  region.combine = op;
  current = op.getY();
  return nullptr;
}

const char *RegionReader::add(decoder::AddOp op) {
  bool first = op.getX() == current;
  Value other = first ? op.getDelta() : op.getX();
  if (region.products.size() != 1 || region.add || region.swiglu ||
      (!first && op.getDelta() != current) || !isa<BlockArgument>(other))
    return "decoder.add must add an argument of the kernel to one product";
  if (region.first().bias && !region.combine)
    return "decoder.add takes a product without bias";
  region.add = op;
  region.residual = other;
  current = op.getY();
  return nullptr;
}

const char *RegionReader::step(Operation &op) {
  if (MatrixOperation product = MatrixOperation::of(op); product.op)
    return this->product(product);
  return llvm::TypeSwitch<Operation *, const char *>(&op)
      .Case([&](moe::PermuteOp op) { return permute(op); })
      .Case([&](decoder::SwigluOp op) { return gate(op); })
      .Case([&](moe::CombineOp op) { return combine(op); })
      .Case([&](decoder::AddOp op) { return add(op); })
      .Default("an operation is no part of a product");
}

const char *RegionReader::results(Operation *yield) {
  if (!isa_and_nonnull<BlockArgument>(region.x))
    return "products must read the kernel's arguments";
  if (!region.isParallel())
    return yield->getNumOperands() == 1 && yield->getOperand(0) == current
               ? nullptr
               : "only the last operation's result can be yielded";
  if (yield->getNumOperands() != region.products.size())
    return "each product must be yielded";
  for (auto [i, product] : llvm::enumerate(region.products))
    if (product.op->getResult(0) != yield->getOperand(i))
      return "products must be yielded in their order";
  return nullptr;
}

const char *RegionReader::read(Block &block) {
  for (Operation &op : block.without_terminator())
    if (const char *wrong = step(op))
      return wrong;
  return results(block.getTerminator());
}

FailureOr<MatrixRegion> MatrixRegion::analyze(exec::KernelOp kernel) {
  Block &block = kernel.getBody().front();
  RegionReader reader;
  const char *wrong = reader.read(block);
  if (!wrong)
    return std::move(reader.region);
  SmallVector<StringRef> names;
  for (Operation &op : block.without_terminator())
    names.push_back(op.getName().getStringRef());
  return kernel.emitOpError("cannot compute ")
         << llvm::join(names, ", ") << ": " << wrong;
}
