//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixKernels.h"

#include "codegen/x86/MatrixCombine.h"
#include "codegen/x86/MatrixLoops.h"
#include "codegen/x86/MatrixRegion.h"
#include "codegen/x86/RowSplit.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

/// Panels that a thread takes at once: one group of the loops.
static constexpr int64_t grainPanels = groupPanels;

namespace {

/// How the products of a region are computed.
struct RegionMethod {
  std::unique_ptr<OperandDecoder> decoder;
  std::unique_ptr<Epilogue> epilogue;
  TileShapes shapes;
  int64_t depth; ///< K, padded

  RegionMethod(const MatrixRegion &region, const Target &target);
  MatrixMethod method() const { return {*decoder, *epilogue, shapes}; }
};

} // namespace

static std::unique_ptr<Epilogue> makeEpilogue(const MatrixRegion &region) {
  Type f32 = Float32Type::get(region.x.getContext());
  if (decoder::SwigluOp swiglu = region.swiglu)
    return std::make_unique<GateSums>(
        getElementTypeOrSelf(swiglu.getY().getType()));
  if (region.add && !region.combine)
    return std::make_unique<AddResidual>(f32);
  return std::make_unique<StoreSums>(region.first().biasElement());
}

RegionMethod::RegionMethod(const MatrixRegion &region, const Target &target)
    : decoder(makeOperandDecoder(region.first().weightType().getElementType(),
                                 target)),
      epilogue(makeEpilogue(region)),
      shapes(TileShapes::of(target, epilogue->products())),
      depth(
          llvm::alignTo(region.first().depth(), decoder->unit() * depthSteps)) {
  if (region.packs())
    shapes = shapes.withOwnBlocks();
}

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

static LogicalResult checkRegion(const MatrixRegion &region) {
  for (const MatrixOperation &product : region.products)
    if (failed(checkWeights(region, product)))
      return failure();
  const MatrixOperation &first = region.first();
  auto rowBlocks = requiredLayouts(first.weightType().getElementType()).first;
  Attribute encoding = region.xType().getEncoding();
  // A product alone comes with its activations packed, once for all threads.
  bool alone = first.op->getBlock()->getOperations().size() == 2;
  if (encoding != rowBlocks && (encoding || alone))
    return first.op->emitOpError("has activations ")
           << region.xType() << "; the x86-64 kernels read the layout "
           << rowBlocks << ", see --x86-pack-matrix-operands";
  if (region.permute && encoding)
    return first.op->emitOpError("gathers rows of ")
           << region.xType() << "; they must be row-major";
  return success();
}

/// Scratch memory that the rows of all experts take for a group of panels.
static int64_t combineBytes(const MatrixRegion &region,
                            const KernelContext &context) {
  // The rows of experts are a launch's rows themselves: of what made x.
  return region.combine ? context.maxRows * groupPanels * panelWidth * 4 : 0;
}

static FailureOr<KernelPlan> plan(exec::KernelOp kernel,
                                  const KernelContext &context) {
  FailureOr<MatrixRegion> region = MatrixRegion::analyze(kernel);
  if (failed(region) || failed(checkRegion(*region)))
    return failure();
  KernelPlan plan;
  int64_t choices = 1;
  for (const MatrixOperation &product : region->products)
    plan.flopsPerRow += 2 * product.columns() * product.depth();
  const MatrixOperation &first = region->first();
  plan.fixedTasks = first.panels();
  if (region->combine)
    choices = region->combine.getPlan().getType().getChoices();
  else
    plan.fixedTasks *= first.experts();
  if (region->isParallel())
    for (const MatrixOperation &product :
         ArrayRef(region->products).drop_front())
      plan.fixedTasks += product.experts() * product.panels();
  plan.flopsPerRow *= choices;
  plan.grain = grainPanels;
  plan.weights =
      region->isGrouped() ? exec::WeightUse::Experts : exec::WeightUse::Whole;
  RegionMethod method(*region, context.target);
  plan.scratchBytes =
      combineBytes(*region, context) +
      matrixScratchBytes(method.method(),
                         {context.maxRows, method.depth, region->packs()});
  return plan;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

namespace {

class MatrixKernel {
public:
  MatrixKernel(exec::KernelOp kernel, const KernelContext &context)
      : kernel(kernel), region(*MatrixRegion::analyze(kernel)),
        how(region, context.target),
        combinedBytes(combineBytes(region, context)) {}

  void emitInto(Emit &emit);

private:
  using Arguments = const KernelArguments &;

  MatrixProduct product(Emit &emit, Arguments arguments, int64_t i);
  void emitOne(Emit &emit, Arguments arguments);
  void emitParallel(Emit &emit, Arguments arguments);
  void emitExperts(Emit &emit, const MatrixProduct &first);
  void emitCombined(Emit &emit, Arguments arguments);
  void combineGroup(Emit &emit, Arguments arguments, MatrixProduct group);
  /// The product of an expert, from that of expert 0, for the same panels.
  MatrixProduct ofExpert(Emit &emit, MatrixProduct product, Value expert);
  void emitProduct(Emit &emit, const MatrixProduct &product);
  Value argument(Emit &emit, Arguments arguments, Value operand) {
    return arguments.pointer(emit, cast<BlockArgument>(operand).getArgNumber());
  }
  int64_t panels() const { return region.first().panels(); }

  exec::KernelOp kernel;
  MatrixRegion region;
  RegionMethod how;
  int64_t combinedBytes;
  Value offsets; ///< of the plan
};

} // namespace

void MatrixKernel::emitInto(Emit &emit) {
  emitKernel(emit, kernel.getSymName(), [&](const KernelArguments &arguments) {
    if (region.isGrouped())
      offsets = argument(emit, arguments, region.first().plan);
    if (region.combine)
      emitCombined(emit, arguments);
    else if (region.isParallel())
      emitParallel(emit, arguments);
    else if (region.isGrouped())
      emitExperts(emit, product(emit, arguments, 0));
    else
      emitOne(emit, arguments);
  });
}

/// The i-th product, of expert 0 or the only one; with the second if they are
/// gate and up.
MatrixProduct MatrixKernel::product(Emit &emit, Arguments arguments,
                                    int64_t i) {
  const MatrixOperation &op = region.products[i];
  MatrixProduct product;
  product.x = argument(emit, arguments, region.x);
  if (region.packs())
    product.source = RowSource{product.x, region.xType().getElementType(),
                               op.depth(), Value(), 1};
  if (moe::PermuteOp permute = region.permute) {
    moe::PlanType plan = permute.getPlan().getType();
    product.source->choices = plan.getChoices();
    product.source->slots =
        emit.at(offsets, emit.getI32Type(), emit.i64(plan.getExperts() + 1));
  }
  product.w = {argument(emit, arguments, op.weight)};
  if (region.swiglu)
    product.w.push_back(argument(emit, arguments, region.products[1].weight));
  product.rows = arguments.rows(emit);
  product.depth = how.depth;
  product.target.result =
      arguments.pointer(emit, kernel.getBody().getNumArguments() + i);
  product.target.pitch = product.target.columns = op.columns();
  if (op.bias)
    product.target.operand = argument(emit, arguments, op.bias);
  if (region.add && !region.combine)
    product.target.operand = argument(emit, arguments, region.residual);
  product.from = arguments.begin;
  product.to = arguments.end;
  product.scratch = arguments.scratch;
  return product;
}

void MatrixKernel::emitProduct(Emit &emit, const MatrixProduct &product) {
  emitMatrixLoops(emit, how.method(), product);
}

void MatrixKernel::emitOne(Emit &emit, Arguments arguments) {
  MatrixProduct only = product(emit, arguments, 0);
  Value any = emit.less(emit.i64(0), only.rows);
  emit.branch(any, [&] { emitProduct(emit, only); });
}

/// The tasks of one product follow those of another.
void MatrixKernel::emitParallel(Emit &emit, Arguments arguments) {
  int64_t before = 0;
  for (auto [i, op] : llvm::enumerate(region.products)) {
    int64_t tasks = op.experts() * op.panels();
    MatrixProduct own = product(emit, arguments, i);
    own.from = emit.max(emit.sub(own.from, emit.i64(before)), emit.i64(0));
    own.to = emit.min(emit.sub(own.to, emit.i64(before)), emit.i64(tasks));
    Value any = emit.less(emit.i64(0), own.rows);
    emit.branch(emit.less(own.from, own.to),
                [&] { emit.branch(any, [&] { emitProduct(emit, own); }); });
    before += tasks;
  }
}

/// Task i is panel i % panels of expert i / panels.
void MatrixKernel::emitExperts(Emit &emit, const MatrixProduct &first) {
  Value from = emit.div(first.from, panels());
  Value to = emit.ceilDiv(first.to, panels());
  emit.loop(from, to, 1, [&](Value expert) {
    MatrixProduct own = ofExpert(emit, first, expert);
    Value task = emit.mul(expert, panels());
    own.from = emit.max(emit.sub(first.from, task), emit.i64(0));
    own.to = emit.min(emit.sub(first.to, task), emit.i64(panels()));
    emit.branch(emit.less(emit.i64(0), own.rows),
                [&] { emitProduct(emit, own); });
  });
}

MatrixProduct MatrixKernel::ofExpert(Emit &emit, MatrixProduct product,
                                     Value expert) {
  Type i32 = emit.getI32Type();
  auto offset = [&](Value e) {
    return emit.extend(emit.load(i32, emit.at(offsets, i32, e)));
  };
  auto advance = [&](Value base, Value elements, int64_t bytes) {
    return emit.at(base, emit.getI8Type(), emit.mul(elements, bytes));
  };
  Value firstRow = offset(expert);
  product.rows = emit.sub(offset(emit.add(expert, 1)), firstRow);
  int64_t steps = how.depth / how.decoder->unit();
  if (!product.source)
    product.x = advance(product.x, firstRow, steps * packedStepBytes);
  else if (RowSource &source = *product.source; source.slots)
    source.slots = emit.at(source.slots, i32, firstRow);
  else
    source.rows = emit.at(source.rows, source.element,
                          emit.mul(firstRow, source.columns));
  for (Value &w : product.w)
    w = advance(w, expert,
                panels() * steps * panelWidth * how.decoder->weightBytes());
  TileTarget &target = product.target;
  Type element = how.epilogue->element(emit);
  target.result =
      emit.at(target.result, element, emit.mul(firstRow, target.pitch));
  if (target.operand)
    target.operand = emit.at(target.operand, how.epilogue->operandElement(),
                             how.epilogue->operandHasRows()
                                 ? emit.mul(firstRow, target.pitch)
                                 : emit.mul(expert, target.columns));
  return product;
}

/// Task i is panel i, of all experts: their sums go to scratch memory, a group
/// of panels at a time.
void MatrixKernel::emitCombined(Emit &emit, Arguments arguments) {
  MatrixProduct first = product(emit, arguments, 0);
  emit.loop(arguments.begin, arguments.end, groupPanels, [&](Value from) {
    MatrixProduct group = first;
    group.from = from;
    group.to = emit.min(emit.add(from, groupPanels), arguments.end);
    combineGroup(emit, arguments, group);
  });
}

void MatrixKernel::combineGroup(Emit &emit, Arguments arguments,
                                MatrixProduct group) {
  moe::CombineOp combine = region.combine;
  moe::PlanType plan = combine.getPlan().getType();
  int64_t columns = group.target.columns;
  ExpertSums sums;
  sums.sums = arguments.scratch;
  sums.pitch = groupPanels * panelWidth;
  sums.from = group.from;
  sums.to = group.to;
  sums.tokens = group.rows;
  sums.choices = plan.getChoices();
  sums.columns = columns;
  sums.result = group.target.result;
  sums.weights = argument(emit, arguments, combine.getWeights());
  if (region.add)
    sums.residual = argument(emit, arguments, region.residual);
  Value slots = emit.mul(group.rows, plan.getChoices());
  sums.rowOfSlot = emit.at(offsets, emit.getI32Type(),
                           emit.add(slots, plan.getExperts() + 1));

  // Column 0 of the target is where that of the first panel would be.
  Value before = emit.mul(group.from, -panelWidth);
  group.target.result = emit.at(sums.sums, emit.getF32Type(), before);
  group.target.pitch = sums.pitch;
  group.scratch =
      emit.at(arguments.scratch, emit.getI8Type(), emit.i64(combinedBytes));
  emit.loop(emit.i64(0), emit.i64(plan.getExperts()), 1, [&](Value expert) {
    MatrixProduct own = ofExpert(emit, group, expert);
    emit.branch(emit.less(emit.i64(0), own.rows),
                [&] { emitProduct(emit, own); });
  });
  emitCombine(emit, sums);
}

static void emitMatrixKernel(exec::KernelOp kernel,
                             const KernelContext &context, Emit &emit) {
  MatrixKernel(kernel, context).emitInto(emit);
}

llvm::ArrayRef<KernelBuilder> moec::matrixKernelBuilders() {
  static const StringRef linear[] = {"decoder.linear"};
  static const StringRef router[] = {"moe.router"};
  static const StringRef grouped[] = {"moe.grouped_linear"};
  static const KernelBuilder builders[] = {{linear, plan, emitMatrixKernel},
                                           {router, plan, emitMatrixKernel},
                                           {grouped, plan, emitMatrixKernel},
                                           {{},
                                            plan,
                                            emitMatrixKernel,
                                            MatrixRegion::matches,
                                            /*packsActivations=*/true}};
  return builders;
}
