//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixKernelPlan.h"

#include "codegen/x86/AmxTile.h"
#include "codegen/x86/MatrixHeads.h"
#include "codegen/x86/MatrixPrologue.h"
#include "codegen/x86/MatrixTop.h"
#include "codegen/x86/RowSplit.h"
#include "runtime/abi/Kernel.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

static std::unique_ptr<Epilogue> makeEpilogue(const MatrixRegion &region) {
  Type f32 = Float32Type::get(region.x.getContext());
  if (decoder::SwigluOp swiglu = region.swiglu)
    return std::make_unique<GateSums>(
        getElementTypeOrSelf(swiglu.getY().getType()));
  if (region.add && !region.combine)
    return std::make_unique<AddResidual>(f32);
  return std::make_unique<StoreSums>(region.first().biasElement());
}

static bool computesOnAmx(const MatrixRegion &region, const Target &target) {
  const MatrixOperation &product = region.first();
  return target.hasAmx &&
         isAmxProduct(product.op, product.weightType().getElementType());
}

RegionMethod::RegionMethod(const MatrixRegion &region, const Target &target)
    : decoder(makeOperandDecoder(region.first().weightType().getElementType(),
                                 target)),
      epilogue(makeEpilogue(region)), shapes(TileShapes::of(target)),
      depth(
          llvm::alignTo(region.first().depth(), decoder->unit() * depthSteps)),
      usesAmx(computesOnAmx(region, target)) {}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

/// The layouts that the tiles read for weights of an element type.
static std::pair<exec::RowBlocksAttr, exec::PanelsAttr>
requiredLayouts(Type element) {
  MLIRContext *context = element.getContext();
  int64_t unit = element.isBF16() ? 2 : 1;
  int64_t depth = unit * depthSteps;
  return {exec::RowBlocksAttr::get(context, blockRows, slabDepth, depth),
          exec::PanelsAttr::get(context, panelWidth, depth, unit)};
}

static LogicalResult checkWeights(const MatrixRegion &region,
                                  const MatrixOperation &product) {
  Type weight = product.weightType().getElementType();
  Type x = region.xType().getElementType();
  if (weight.isBF16() != x.isBF16())
    return product.op->emitOpError("has ")
           << weight << " weights with " << x
           << " activations; the x86-64 kernels take bf16 with bf16, or f16 "
              "or f32 weights with f32 activations";
  exec::PanelsAttr panels = requiredLayouts(weight).second;
  if (product.weightType().getEncoding() != panels)
    return product.op->emitOpError("has weights ")
           << product.weightType() << "; the x86-64 kernels read the layout "
           << panels << ", see --x86-pack-matrix-operands";
  MatrixOperation first = region.first();
  if (weight != first.weightType().getElementType() ||
      (region.swiglu && product.columns() != first.columns()))
    return product.op->emitOpError("has weights ")
           << product.weightType() << " beside " << first.weightType();
  return success();
}

static LogicalResult checkRows(const MatrixRegion &region,
                               const Target &target) {
  const MatrixOperation &first = region.first();
  auto rowBlocks = requiredLayouts(first.weightType().getElementType()).first;
  Attribute encoding = region.xType().getEncoding();
  if (computesOnAmx(region, target)) {
    if (encoding)
      return first.op->emitOpError("has activations ")
             << region.xType() << "; the kernels for AMX read row-major ones";
    return success();
  }
  // A product alone comes with its activations packed, once for all threads.
  bool alone = first.op->getBlock()->getOperations().size() == 2;
  if (encoding != rowBlocks && (encoding || alone))
    return first.op->emitOpError("has activations ")
           << region.xType() << "; the x86-64 kernels read the layout "
           << rowBlocks << ", see --x86-pack-matrix-operands";
  return success();
}

static LogicalResult checkRegion(const MatrixRegion &region,
                                 const Target &target) {
  for (const MatrixOperation &product : region.products)
    if (failed(checkWeights(region, product)))
      return failure();
  if (failed(checkRows(region, target)))
    return failure();
  if (region.top && failed(checkTopParts(region.top)))
    return failure();
  if (region.permute && region.xType().getEncoding())
    return region.first().op->emitOpError("gathers rows of ")
           << region.xType() << "; they must be row-major";
  return success();
}

/// The tasks of the prologue come first, one a row. Rows of the launch are
/// tokens then, those of experts k times as many.
static LogicalResult addPrologue(const MatrixRegion &region,
                                 const Target &target, KernelPlan &plan) {
  auto prologue = MatrixPrologue::of(region, target);
  if (!prologue)
    return success();
  if (failed(prologue->check()))
    return failure();
  if (region.permute)
    plan.flopsPerRow *=
        moe::PermuteOp(region.permute).getPlan().getType().getChoices();
  plan.flopsPerRow += prologue->flopsPerRow();
  plan.tasksPerRow = 1;
  plan.isOrdered = true;
  plan.scratchBytes = std::max(plan.scratchBytes, prologue->scratchBytes());
  return success();
}

int64_t moec::panelsOf(const MatrixOperation &product) {
  return llvm::divideCeil(product.columns(), panelWidth);
}

int64_t moec::productTasks(const MatrixRegion &region, int64_t product) {
  if (region.top)
    return topTasks(region.top);
  const MatrixOperation &op = region.products[product];
  int64_t unit = region.ends[product] ? unitPanels(region.ends[product]) : 1;
  int64_t tasks = llvm::divideCeil(panelsOf(op), unit);
  return region.combine ? tasks : tasks * op.experts();
}

int64_t moec::unfinishedBytes(const MatrixRegion &region,
                              const KernelContext &context) {
  int64_t panels = 0, rows = context.maxRows;
  if (region.combine) {
    panels = RegionMethod(region, context.target).method().panelsOfGroup();
    rows *= moe::CombineOp(region.combine).getPlan().getType().getChoices();
  }
  if (region.top)
    panels = topPanels(region.top);
  for (const HeadsEnd &end : region.ends)
    if (end)
      panels = std::max(panels, unitPanels(end));
  return rows * panels * panelWidth * 4;
}

int64_t moec::loopBytes(const MatrixRegion &region,
                        const KernelContext &context) {
  RegionMethod method(region, context.target);
  int64_t bytes = matrixScratchBytes(
      method.method(), {context.maxRows, method.depth, region.packs()});
  return llvm::alignTo(bytes, MOERT_ALIGNMENT);
}

/// Panels that a thread takes at once: one group of the loops. A unit of heads,
/// and a part of which the best are kept, is one.
static int64_t grainOf(const MatrixRegion &region, const Target &target) {
  if (region.hasHeads() || region.top)
    return 1;
  return RegionMethod(region, target).method().panelsOfGroup();
}

FailureOr<KernelPlan> moec::planMatrixKernel(exec::KernelOp kernel,
                                             const KernelContext &context) {
  FailureOr<MatrixRegion> region = MatrixRegion::analyze(kernel);
  if (failed(region) || failed(checkRegion(*region, context.target)))
    return failure();
  KernelPlan plan;
  for (auto [i, product] : llvm::enumerate(region->products)) {
    plan.flopsPerRow += 2 * product.columns() * product.depth();
    if (i == 0 || !region->swiglu)
      plan.fixedTasks += productTasks(*region, i);
  }
  if (region->combine)
    plan.flopsPerRow *= region->combine.getPlan().getType().getChoices();
  plan.grain = grainOf(*region, context.target);
  if (computesOnAmx(*region, context.target))
    plan.method = "products on AMX tiles";
  plan.weights =
      region->isGrouped() ? exec::WeightUse::Experts : exec::WeightUse::Whole;
  plan.scratchBytes = unfinishedBytes(*region, context) +
                      loopBytes(*region, context) +
                      HeadsEmitter(kernel, region->ends).scratchBytes();
  if (failed(addPrologue(*region, context.target, plan)))
    return failure();
  return plan;
}
