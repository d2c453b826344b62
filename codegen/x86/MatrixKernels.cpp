//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixKernels.h"

#include "codegen/x86/MatrixLoops.h"
#include "codegen/x86/RowSplit.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

/// Panels that a thread takes at once: one group of the loops.
static constexpr int64_t grainPanels = 8;

namespace {

/// A matrix operation of any kind, and which argument of the kernel each of its
/// operands is.
struct MatrixOperation {
  Operation *op = nullptr;
  Value x, weight, plan, bias, result;

  RankedTensorType weightType() const {
    return cast<RankedTensorType>(weight.getType());
  }
  RankedTensorType xType() const { return cast<RankedTensorType>(x.getType()); }
  bool isGrouped() const { return static_cast<bool>(plan); }
  int64_t experts() const {
    return isGrouped() ? weightType().getDimSize(0) : 1;
  }
  int64_t columns() const {
    return weightType().getDimSize(weightType().getRank() - 2);
  }
  int64_t depth() const { return weightType().getShape().back(); }
  int64_t panels() const { return llvm::divideCeil(columns(), panelWidth); }
  Type biasElement() const {
    return bias ? getElementTypeOrSelf(bias.getType()) : Type();
  }
};

} // namespace

static MatrixOperation matchOperation(exec::KernelOp kernel) {
  MatrixOperation match;
  match.op = &kernel.getBody().front().front();
  match.result = match.op->getResult(0);
  if (auto linear = dyn_cast<decoder::LinearOp>(match.op)) {
    match.x = linear.getX();
    match.weight = linear.getWeight();
  } else if (auto router = dyn_cast<moe::RouterOp>(match.op)) {
    match.x = router.getX();
    match.weight = router.getWeight();
    match.bias = router.getBias();
  } else if (auto grouped = dyn_cast<moe::GroupedLinearOp>(match.op)) {
    match.x = grouped.getX();
    match.weight = grouped.getWeight();
    match.plan = grouped.getPlan();
    match.bias = grouped.getBias();
  }
  return match;
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

static LogicalResult checkOperands(const MatrixOperation &match) {
  Type weight = match.weightType().getElementType();
  Type x = match.xType().getElementType();
  if (weight.isBF16() != x.isBF16())
    return match.op->emitOpError("has ")
           << weight << " weights with " << x
           << " activations; the x86-64 kernels take bf16 with bf16, or f16 "
              "or f32 weights with f32 activations";
  auto [rowBlocks, panels] = requiredLayouts(weight);
  if (match.xType().getEncoding() != rowBlocks)
    return match.op->emitOpError("has activations ")
           << match.xType() << "; the x86-64 kernels read the layout "
           << rowBlocks << ", see --x86-pack-matrix-operands";
  if (match.weightType().getEncoding() != panels)
    return match.op->emitOpError("has weights ")
           << match.weightType() << "; the x86-64 kernels read the layout "
           << panels << ", see --x86-pack-matrix-operands";
  for (Value operand : match.op->getOperands())
    if (!isa<BlockArgument>(operand))
      return match.op->emitOpError("must read the kernel's arguments");
  return success();
}

static FailureOr<KernelPlan> plan(exec::KernelOp kernel,
                                  const KernelContext &context) {
  MatrixOperation match = matchOperation(kernel);
  if (failed(checkOperands(match)))
    return failure();
  KernelPlan plan;
  plan.fixedTasks = match.experts() * match.panels();
  plan.grain = grainPanels;
  plan.flopsPerRow = 2 * match.columns() * match.depth();
  plan.weights =
      match.isGrouped() ? exec::WeightUse::Experts : exec::WeightUse::Whole;
  auto decoder =
      makeOperandDecoder(match.weightType().getElementType(), context.target);
  plan.scratchBytes = matrixScratchBytes(context.maxRows, *decoder);
  return plan;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

namespace {

class MatrixKernel {
public:
  MatrixKernel(exec::KernelOp kernel, const KernelContext &context)
      : kernel(kernel), match(matchOperation(kernel)),
        decoder(makeOperandDecoder(match.weightType().getElementType(),
                                   context.target)),
        epilogue(match.biasElement()), shapes(TileShapes::of(context.target)),
        depth(llvm::alignTo(match.depth(), decoder->unit() * depthSteps)) {}

  void emitInto(Emit &emit);

private:
  using Arguments = const KernelArguments &;

  MatrixProduct firstProduct(Emit &emit, Arguments arguments);
  void emitExperts(Emit &emit, Arguments arguments);
  MatrixProduct expertProduct(Emit &emit, MatrixProduct product, Value expert,
                              Value firstRow);
  void emitProduct(Emit &emit, const MatrixProduct &product);
  Value argument(Emit &emit, Arguments arguments, Value operand) {
    return arguments.pointer(emit, cast<BlockArgument>(operand).getArgNumber());
  }

  exec::KernelOp kernel;
  MatrixOperation match;
  std::unique_ptr<OperandDecoder> decoder;
  StoreSums epilogue;
  TileShapes shapes;
  int64_t depth; ///< K, padded
};

} // namespace

void MatrixKernel::emitInto(Emit &emit) {
  emitKernel(emit, kernel.getSymName(), [&](const KernelArguments &arguments) {
    if (match.isGrouped()) {
      emitExperts(emit, arguments);
      return;
    }
    MatrixProduct product = firstProduct(emit, arguments);
    Value any = emit.less(emit.i64(0), product.rows);
    emit.branch(any, [&] { emitProduct(emit, product); });
  });
}

/// The product of expert 0, or the only one.
MatrixProduct MatrixKernel::firstProduct(Emit &emit, Arguments arguments) {
  MatrixProduct product;
  product.x = argument(emit, arguments, match.x);
  product.w = argument(emit, arguments, match.weight);
  product.rows = arguments.rows(emit);
  product.depth = depth;
  product.target.result =
      arguments.pointer(emit, kernel.getBody().getNumArguments());
  product.target.columns = match.columns();
  if (match.bias)
    product.target.bias = argument(emit, arguments, match.bias);
  product.from = arguments.begin;
  product.to = arguments.end;
  product.scratch = arguments.scratch;
  return product;
}

/// Task i is panel i % panels of expert i / panels.
void MatrixKernel::emitExperts(Emit &emit, Arguments arguments) {
  Value offsets = argument(emit, arguments, match.plan);
  MatrixProduct first = firstProduct(emit, arguments);
  int64_t panels = match.panels();
  Value from = emit.div(arguments.begin, panels);
  Value to = emit.ceilDiv(arguments.end, panels);
  emit.loop(from, to, 1, [&](Value expert) {
    auto offset = [&](Value e) {
      Type i32 = emit.getI32Type();
      return emit.extend(emit.load(i32, emit.at(offsets, i32, e)));
    };
    Value firstRow = offset(expert);
    Value rows = emit.sub(offset(emit.add(expert, 1)), firstRow);
    emit.branch(emit.less(emit.i64(0), rows), [&] {
      MatrixProduct product = expertProduct(emit, first, expert, firstRow);
      product.rows = rows;
      emitProduct(emit, product);
    });
  });
}

/// `product` is the one of expert 0, with the whole range of tasks.
MatrixProduct MatrixKernel::expertProduct(Emit &emit, MatrixProduct product,
                                          Value expert, Value firstRow) {
  auto advance = [&](Value base, Value elements, int64_t bytes) {
    return emit.at(base, emit.getI8Type(), emit.mul(elements, bytes));
  };
  int64_t panels = match.panels(), steps = depth / decoder->unit();
  product.x = advance(product.x, firstRow, steps * packedStepBytes);
  product.w = advance(product.w, expert,
                      panels * steps * panelWidth * decoder->weightBytes());
  StoreSums::Target &target = product.target;
  target.result = advance(target.result, firstRow, target.columns * 4);
  if (match.bias)
    target.bias = advance(target.bias, expert,
                          target.columns *
                              match.biasElement().getIntOrFloatBitWidth() / 8);
  Value task = emit.mul(expert, panels);
  product.from = emit.max(emit.sub(product.from, task), emit.i64(0));
  product.to = emit.min(emit.sub(product.to, task), emit.i64(panels));
  return product;
}

void MatrixKernel::emitProduct(Emit &emit, const MatrixProduct &product) {
  emitMatrixLoops(emit, {*decoder, epilogue, shapes}, product);
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
                                           {grouped, plan, emitMatrixKernel}};
  return builders;
}
