//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/MatrixRegion.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;

int64_t HeadsEnd::headDim() const {
  if (append)
    return decoder::AppendKVOp(append).getCache().getType().getHeadDim();
  return decoder::RopeOp(rope).getHeadDim();
}

/// Whether an operation may come before the products.
static bool mayPrecede(Operation &op) {
  return isa<decoder::RMSNormOp, moe::RouterOp, moe::TopKOp, moe::DispatchOp>(
      op);
}

bool MatrixRegion::matches(Block &region) {
  bool any = false;
  for (Operation &op : region.without_terminator()) {
    bool product = static_cast<bool>(MatrixOperation::of(op).op);
    if (!product && !mayPrecede(op) &&
        !isa<moe::PermuteOp, decoder::SwigluOp, moe::CombineOp, decoder::AddOp,
             decoder::RopeOp, decoder::AppendKVOp, decoder::PartTopOp>(op))
      return false;
    any |= product && !isa<moe::RouterOp>(op);
  }
  return any;
}

namespace {

/// Reads a region in order. Each step returns what is wrong, or nothing.
class RegionReader {
public:
  explicit RegionReader(Block &block) : block(block) {
    region.prologue = Routing::of(block);
  }
  const char *read();
  MatrixRegion region;

private:
  const char *step(Operation &op);
  const char *permute(moe::PermuteOp op);
  const char *product(const MatrixOperation &product);
  const char *gate(decoder::SwigluOp op);
  const char *combine(moe::CombineOp op);
  const char *add(decoder::AddOp op);
  const char *rope(decoder::RopeOp op);
  const char *append(decoder::AppendKVOp op);
  const char *keepTop(decoder::PartTopOp op);
  const char *results(Operation *yield);
  /// Whether the prologue computes an operation.
  bool isBefore(Operation *op) const {
    return region.routes() ? region.prologue.has(op)
                           : op && op == region.prologue.norm;
  }
  bool isInMemory(Value value) const;
  HeadsEnd *endOf(Value heads);

  Block &block;
  Value current; ///< what the last operation made
};

} // namespace

/// Whether a value has an address: an argument, or what the prologue yields.
bool RegionReader::isInMemory(Value value) const {
  if (isa_and_nonnull<BlockArgument>(value))
    return true;
  return value && isBefore(value.getDefiningOp()) && isYielded(value);
}

const char *RegionReader::permute(moe::PermuteOp op) {
  if (current)
    return "moe.permute must come first";
  region.permute = op;
  region.x = op.getX();
  current = op.getRows();
  return nullptr;
}

const char *RegionReader::product(const MatrixOperation &product) {
  if (region.swiglu || region.combine || region.add || region.top)
    return "products must come before what is made of their sums";
  Value x = region.permute ? region.permute.getRows() : product.x;
  if (product.x != x ||
      (!region.products.empty() && product.x != region.first().x))
    return "all products must have the same activations";
  if (region.permute && product.plan != region.permute.getPlan())
    return "rows must be permuted by the plan of the product";
  if (!isa<BlockArgument>(product.weight) ||
      (product.plan && !isInMemory(product.plan)) ||
      (product.bias && !isa<BlockArgument>(product.bias)))
    return "products must read the kernel's arguments";
  if (region.hasHeads())
    return "products must come before what is made of their sums";
  if (!region.products.empty() && product.plan != region.first().plan)
    return "all products must have the same plan";
  if (!region.permute)
    region.x = product.x;
  region.products.push_back(product);
  region.ends.emplace_back();
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

/// The end of the product whose sums, rotated or not, a value is.
HeadsEnd *RegionReader::endOf(Value heads) {
  for (auto [product, end] : llvm::zip(region.products, region.ends))
    if (product.op->getResult(0) == heads ||
        (end.rope && end.rope.getY() == heads))
      return &end;
  return nullptr;
}

const char *RegionReader::rope(decoder::RopeOp op) {
  HeadsEnd *end = endOf(op.getX());
  if (!end || *end || region.swiglu || region.combine || region.add)
    return "decoder.rope must rotate the sums of one product";
  if (!isa<BlockArgument>(op.getBatch()) || !op.getX().hasOneUse())
    return "decoder.rope must read the kernel's batch, and alone its product";
  end->rope = op;
  return nullptr;
}

const char *RegionReader::append(decoder::AppendKVOp op) {
  HeadsEnd *keys = endOf(op.getKeys()), *values = endOf(op.getValues());
  if (!keys || !values || keys == values || keys->append || values->append)
    return "decoder.append_kv must append the sums of two products";
  if (!isa<BlockArgument>(op.getBatch()) || !isa<BlockArgument>(op.getCache()))
    return "decoder.append_kv must read the kernel's batch and cache";
  if (!op.getKeys().hasOneUse() || !op.getValues().hasOneUse())
    return "decoder.append_kv alone must read its keys and values";
  keys->append = values->append = op;
  keys->isKeys = true;
  return nullptr;
}

const char *RegionReader::keepTop(decoder::PartTopOp op) {
  bool fits = region.products.size() == 1 && !region.isGrouped() &&
              !region.hasHeads() && !region.add && !region.top;
  if (!fits || op.getLogits() != current || region.first().bias)
    return "decoder.part_top must take one product without experts and bias";
  region.top = op;
  return nullptr;
}

const char *RegionReader::step(Operation &op) {
  if (isBefore(&op))
    return nullptr;
  if (MatrixOperation product = MatrixOperation::of(op); product.op)
    return this->product(product);
  return llvm::TypeSwitch<Operation *, const char *>(&op)
      .Case([&](moe::PermuteOp op) { return permute(op); })
      .Case([&](decoder::SwigluOp op) { return gate(op); })
      .Case([&](moe::CombineOp op) { return combine(op); })
      .Case([&](decoder::AddOp op) { return add(op); })
      .Case([&](decoder::RopeOp op) { return rope(op); })
      .Case([&](decoder::AppendKVOp op) { return append(op); })
      .Case([&](decoder::PartTopOp op) { return keepTop(op); })
      .Default("an operation is no part of a product");
}

const char *RegionReader::results(Operation *yield) {
  if (!isInMemory(region.x))
    return "products must read the kernel's arguments";
  // What leaves, in order: of each product, or of all together.
  SmallVector<Value> leaving;
  if (region.isParallel() || region.hasHeads()) {
    for (auto [product, end] : llvm::zip(region.products, region.ends))
      if (end.rope && !end.append)
        leaving.push_back(end.rope.getY());
      else if (!end.append)
        leaving.push_back(product.op->getResult(0));
  } else if (region.top) {
    llvm::append_range(leaving, region.top->getResults());
  } else {
    leaving.push_back(current);
  }
  SmallVector<Value> yielded;
  for (Value value : yield->getOperands()) {
    Operation *op = value.getDefiningOp();
    bool isOther = isa<decoder::AppendKVOp>(op) || isBefore(op);
    if (!isOther)
      yielded.push_back(value);
  }
  if (yielded != leaving)
    return "the results of products must be yielded in their order";
  return nullptr;
}

const char *RegionReader::read() {
  for (Operation &op : block.without_terminator())
    if (const char *wrong = step(op))
      return wrong;
  if (region.products.empty())
    return "there is no product";
  return results(block.getTerminator());
}

FailureOr<MatrixRegion> MatrixRegion::analyze(exec::KernelOp kernel) {
  Block &block = kernel.getBody().front();
  RegionReader reader(block);
  const char *wrong = reader.read();
  if (!wrong)
    return reader.region;
  SmallVector<StringRef> names;
  for (Operation &op : block.without_terminator())
    names.push_back(op.getName().getStringRef());
  return kernel.emitOpError("cannot compute ")
         << llvm::join(names, ", ") << ": " << wrong;
}
