//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/ProductKernel.h"

#include "codegen/nvidia/BlockNorm.h"
#include "codegen/nvidia/BlockRouting.h"
#include "codegen/nvidia/LibraryProduct.h"
#include "codegen/nvidia/ProductStage.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace moec;

namespace {

/// decoder.rms_norm of the rows that the products read: a block a row.
class NormStage : public GpuStage {
public:
  NormStage(decoder::RMSNormOp op, const RoutingShape &shape)
      : norm(op, shape.threads, 0), unit(shape.unit) {}

  TaskCount tasks() const override { return {unit, 0}; }
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 Value row) override {
    norm.emitRow(emit, arguments, row);
  }

private:
  BlockNorm norm;
  int64_t unit;
};

} // namespace

/// A main loop, and why it is this one.
struct LoopChoice {
  std::unique_ptr<ProductLoop> loop;
  std::string reason;
};

static LoopShape shapeOf(const MatrixOperation &product) {
  return {getElementTypeOrSelf(product.x.getType()),
          product.weightType().getElementType(), product.depth(),
          /*products=*/1};
}

static LoopShape shapeOf(const MatrixRegion &region) {
  LoopShape shape = shapeOf(region.first());
  shape.products = region.swiglu ? 2 : 1;
  return shape;
}

/// The most tokens for which weights go straight to registers, and for which
/// tiles are made for experts with few rows.
static constexpr int64_t mostDirect = 16, mostFew = 64;
/// Rows of the tiles of few; columns of a RingLoop's, at most.
static constexpr int64_t fewRows = 32, loopColumns = 128;

/// Columns of a head, or of a part, that an end wants together.
static int64_t widestEnd(const MatrixRegion &region) {
  int64_t widest = 0;
  if (decoder::PartTopOp top = region.top)
    widest = top.getPart();
  for (const HeadsEnd &end : region.ends)
    if (end)
      widest = std::max(widest, end.headDim());
  return widest;
}

/// By warpgroups, with memory for the end's columns if they are no tile of the
/// loop's; null: there is too little.
static std::unique_ptr<ProductLoop>
makeWarpgroups(const LoopShape &shape, int64_t room, int64_t widest) {
  auto loop = makeWarpgroupLoop(shape, room);
  if (!loop || widest <= loop->tileColumns)
    return loop;
  return makeWarpgroupLoop(
      shape, room - loop->tileRows * ProductStage::tilePitchOf(widest) * 4);
}

/// For many tokens. An end with more columns than a tile of the loop has them
/// beside the loop's memory, for each of its rows.
static LoopChoice chooseWide(const LoopShape &shape, const Target &target,
                             int64_t widest) {
  std::string reason = "more than " + std::to_string(mostFew) + " tokens";
  const GpuFeatures &gpu = target.gpu;
  int64_t room = gpu.sharedBytes - ticketBytes;
  bool isWide = widest > loopColumns;
  int64_t rowBytes = isWide ? ProductStage::tilePitchOf(widest) * 4 : 0;
  if (!gpu.hasWarpgroupProducts || !gpu.hasTensorCopies)
    reason += ", and no wgmma";
  else if (target.isBatchInvariant)
    reason += ", and bits that depend on no other rows";
  else if (auto loop = makeWarpgroups(shape, room, widest))
    return {std::move(loop), reason + ", and there is wgmma"};
  if (!isWide)
    return {makeRingLoop(shape, RingRows::UpTo128, room), reason};
  return {makeRingLoop(shape, RingRows::UpTo32, room - fewRows * rowBytes),
          reason + ", of " + std::to_string(widest) + " columns together"};
}

static LoopChoice chooseLoop(exec::KernelOp kernel, const MatrixRegion &region,
                             const KernelContext &context) {
  LoopShape shape = shapeOf(region);
  if (!takesTensorCores(shape))
    return {makeExactLoop(shape), "other elements than tensor cores take here"};
  int64_t tokens = context.mostTokens(kernel);
  int64_t widest = widestEnd(region);
  if (tokens > mostFew)
    return chooseWide(shape, context.target, widest);
  std::string reason = "up to " + std::to_string(tokens) + " tokens";
  if (tokens <= mostDirect)
    return {makeDirectLoop(shape, tokens), reason};
  int64_t room = context.target.gpu.sharedBytes - ticketBytes;
  if (widest > loopColumns)
    room -= fewRows * ProductStage::tilePitchOf(widest) * 4;
  // An expert never has more rows than tokens: its weights are read once.
  RingRows rows = region.isGrouped() ? RingRows::UpTo64 : RingRows::UpTo32;
  return {makeRingLoop(shape, rows, room), reason};
}

/// Into how many parts K is cut, so that a few large tiles, each a block that
/// has a multiprocessor to itself, keep all multiprocessors busy until the end.
/// Another stage has to add the parts.
static int64_t chooseParts(const MatrixRegion &region, const ProductLoop &loop,
                           const Target &target, int64_t tokens) {
  constexpr int64_t mostParts = 4, leastDepth = 1024;
  constexpr double costOfPart =
      0.03; // of the time: sums that go through memory
  if (!region.combine || !loop.takesParts)
    return 1;
  const MatrixOperation &product = region.first();
  int64_t units = llvm::divideCeil(product.columns(), loop.tileColumns);
  auto plan = cast<moe::PlanType>(product.plan.getType());
  // Of each expert, full tiles and on average half of one.
  double tiles = double(tokens * plan.getChoices()) / double(loop.tileRows) +
                 double(product.experts()) / 2;
  double turns = double(units) * tiles / double(target.gpu.multiprocessors);
  int64_t best = 1;
  auto cost = [&](int64_t parts) {
    double whole = std::ceil(turns * double(parts)) / double(parts);
    return whole * (1 + costOfPart * double(parts - 1));
  };
  for (int64_t parts = 2; parts <= mostParts; parts *= 2)
    if (product.depth() / parts >= leastDepth && cost(parts) < cost(best))
      best = parts;
  return best;
}

ProductKernel::ProductKernel(exec::KernelOp kernel, const MatrixRegion &parts,
                             const KernelContext &context)
    : region(parts) {
  LoopChoice choice = chooseLoop(kernel, parts, context);
  loop = std::move(choice.loop);
  method = loop->name + " (" + choice.reason + ")";
  int64_t tokens = context.mostTokens(kernel);
  int64_t ofDepth = chooseParts(region, *loop, context.target, tokens);
  if (ofDepth > 1)
    method += ", K in " + std::to_string(ofDepth) + " parts";
  int64_t results = region.swiglu ? 1 : region.products.size();
  for (int64_t i = 0; i < results; ++i)
    ends.push_back(
        makeProductEnd({region, *loop, i, kernel.getSymName(), ofDepth}));

  staged.kernel = kernel;
  staged.threads = loop->threads;
  staged.unit = loop->tileRows;
  staged.maps = loop->mapRows > 0 ? region.products.size() : 0;
  RoutingShape shape = {loop->threads, loop->tileRows};
  if (region.routes()) {
    prologueShared = routingSharedBytes(region.prologue);
    staged.stages.push_back(makeChoiceStage(region.prologue, shape));
    staged.stages.push_back(makePlanStage(region.prologue, shape));
  } else if (region.hasPrologue()) {
    prologueShared = BlockNorm::sharedBytes(region.prologue.norm);
    staged.stages.push_back(
        std::make_unique<NormStage>(region.prologue.norm, shape));
  }
  auto stage = std::make_unique<ProductStage>(region, *loop, ends, ofDepth);
  productShared = stage->sharedBytes();
  layouts = stage->layouts();
  staged.stages.push_back(std::move(stage));
  if (auto last = ends.front()->makeLastStage())
    staged.stages.push_back(std::move(last));
  staged.ticketOffset =
      llvm::alignTo(std::max(prologueShared, productShared), ticketBytes);
}

KernelPlan ProductKernel::plan() const {
  KernelPlan plan;
  TaskCount tasks = staged.tasks();
  plan.tasksPerRow = tasks.perRow;
  plan.fixedTasks = tasks.fixed;
  plan.blockThreads = staged.threads;
  plan.blockTasks = staged.unit;
  plan.sharedBytes = staged.ticketOffset + ticketBytes;
  for (const LayoutUse &use : layouts)
    plan.layouts.push_back(
        use.attribute(exec::KernelOp(staged.kernel).getContext()));
  plan.isOrdered = staged.stages.size() > 1;
  plan.method = method;
  for (int64_t i = 0; i < staged.maps; ++i) {
    auto weight = cast<BlockArgument>(region.products[i].weight);
    plan.tensorMaps.push_back({weight.getArgNumber(), loop->mapRows});
  }
  for (const auto &end : ends)
    plan.scratchBytes = std::max(plan.scratchBytes, end->scratchBytes());
  for (const MatrixOperation &product : region.products)
    plan.flopsPerRow += 2 * product.columns() * product.depth();
  if (region.isGrouped() && (region.combine || region.routes()))
    plan.flopsPerRow *=
        cast<moe::PlanType>(region.first().plan.getType()).getChoices();
  if (region.routes())
    plan.flopsPerRow += Routing(region.prologue).flops();
  plan.weights =
      region.isGrouped() ? exec::WeightUse::Experts : exec::WeightUse::Whole;
  return plan;
}

//===----------------------------------------------------------------------===//
// The builders
//===----------------------------------------------------------------------===//

/// All products of a kernel have one main loop.
static LogicalResult checkProducts(const MatrixRegion &region) {
  const MatrixOperation &first = region.first();
  for (const MatrixOperation &product : region.products) {
    if (failed(checkRowMajorTypes(product.op)))
      return failure();
    bool same = getElementTypeOrSelf(product.weight.getType()) ==
                    getElementTypeOrSelf(first.weight.getType()) &&
                product.depth() == first.depth();
    if (!same || (region.swiglu && product.columns() != first.columns()))
      return product.op->emitOpError("has weights ")
             << product.weightType() << " beside " << first.weightType();
  }
  if (region.routes() && !region.prologue.router)
    return moe::TopKOp(region.prologue.topK)
        .emitOpError(
            "chooses experts before products, but does not score them");
  return success();
}

static FailureOr<KernelPlan> planProducts(exec::KernelOp kernel,
                                          const KernelContext &context) {
  if (isLibraryProduct(kernel.getBody().front()))
    return planLibraryProduct(kernel, context);
  FailureOr<MatrixRegion> region = MatrixRegion::analyze(kernel);
  if (failed(region) || failed(checkProducts(*region)) ||
      (region->hasPrologue() && region->routes() &&
       failed(Routing(region->prologue).check())))
    return failure();
  KernelPlan plan = ProductKernel(kernel, *region, context).plan();
  if (failed(checkSharedMemory(kernel, plan, context.target)))
    return failure();
  return plan;
}

static void emitProducts(exec::KernelOp kernel, const KernelContext &context,
                         Emit &emit) {
  ProductKernel(kernel, *MatrixRegion::analyze(kernel), context).emitInto(emit);
}

/// Tensor cores have a loop for each number of tokens; others have one for all.
static bool dependsOnTokens(Block &region) {
  return isLibraryProduct(region) || llvm::any_of(region, [](Operation &op) {
           MatrixOperation product = MatrixOperation::of(op);
           return product.op && takesTensorCores(shapeOf(product));
         });
}

llvm::ArrayRef<KernelBuilder> moec::productKernels() {
  static const StringRef linear[] = {decoder::LinearOp::getOperationName()};
  static const StringRef grouped[] = {moe::GroupedLinearOp::getOperationName()};
  static const KernelBuilder builders[] = {
      {linear, planProducts, emitProducts, nullptr, false, dependsOnTokens},
      {grouped, planProducts, emitProducts, nullptr, false, dependsOnTokens},
      {{},
       planProducts,
       emitProducts,
       MatrixRegion::matches,
       false,
       dependsOnTokens}};
  return builders;
}
