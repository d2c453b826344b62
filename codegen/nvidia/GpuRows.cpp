//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels whose results are elements computed one by one: a thread computes a
/// strip of a row, a block neighbouring strips.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Activation.h"
#include "codegen/kernels/Experts.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStrips.h"
#include "dialects/Decoder/Decoder.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

/// Of a block: few, so that one row keeps several multiprocessors busy.
static constexpr int64_t rowThreads = 128;

namespace {

/// How the rows of a result are cut.
struct RowCut {
  int64_t width, lanes;

  explicit RowCut(Operation *op) : width(rowLength(op->getResult(0))) {
    SmallVector<Type> elements;
    for (Type type :
         llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                  SmallVector<Type>(op->getResultTypes()))) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (tensor && tensor.getShape().back() == width)
        elements.push_back(tensor.getElementType());
    }
    lanes = accessLanes(elements, width);
  }
  /// Blocks of a row.
  int64_t blocks() const { return llvm::divideCeil(width, rowThreads * lanes); }
};

/// A strip of a row of the result.
struct Strip {
  Value row, index;
  int64_t lanes;
};

} // namespace

static KernelPlan planStrips(Operation *op) {
  KernelPlan plan;
  plan.tasksPerRow = RowCut(op).blocks();
  plan.blockThreads = rowThreads;
  return plan;
}

template <class Op>
static FailureOr<KernelPlan> planRows(exec::KernelOp kernel,
                                      const KernelContext &) {
  auto op = firstOperation<Op>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  return planStrips(op);
}

/// Defines a kernel: body(arguments, strip) for each strip of the result.
static void
emitStrips(Emit &emit, exec::KernelOp kernel,
           llvm::function_ref<void(const GpuArguments &, const Strip &)> body) {
  RowCut cut(&kernel.getBody().front().front());
  emitEntry(emit, kernel, rowThreads, [&](const GpuArguments &arguments) {
    Value block = blockIndex(emit);
    Value first = emit.mul(emit.rem(block, cut.blocks()), rowThreads);
    Value index = emit.mul(emit.add(first, threadIndex(emit)), cut.lanes);
    emit.branch(emit.less(index, emit.i64(cut.width)), [&] {
      body(arguments, {emit.div(block, cut.blocks()), index, cut.lanes});
    });
  });
}

/// Copies a strip, converted if the elements differ.
static void copyStrip(Emit &emit, Row from, Row to, const Strip &strip) {
  if (from.element == to.element) {
    Type type = stripType(emit, from.element, strip.lanes);
    Value v = loadAligned(emit, type, from.address(emit, strip.index));
    return storeAligned(emit, v, to.address(emit, strip.index));
  }
  storeWhole(emit, loadWhole(emit, from, strip.index, strip.lanes), to,
             strip.index);
}

//===----------------------------------------------------------------------===//
// decoder.embed, decoder.select_rows, moe.permute
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planEmbed(exec::KernelOp kernel,
                                       const KernelContext &context) {
  auto plan = planRows<decoder::EmbedOp>(kernel, context);
  if (succeeded(plan))
    plan->weights = exec::WeightUse::Rows;
  return plan;
}

static void emitEmbed(exec::KernelOp kernel, const KernelContext &,
                      Emit &emit) {
  auto op = firstOperation<decoder::EmbedOp>(kernel);
  emitStrips(emit, kernel, [&](const GpuArguments &a, const Strip &strip) {
    Value token = loadIndex(emit, a.pointerTo(op.getTokens()), strip.row);
    copyStrip(emit, matrixOf(a, op.getTable()).row(emit, token),
              matrixOf(a, op.getY()).row(emit, strip.row), strip);
  });
}

static void emitSelectRows(exec::KernelOp kernel, const KernelContext &,
                           Emit &emit) {
  auto op = firstOperation<decoder::SelectRowsOp>(kernel);
  emitStrips(emit, kernel, [&](const GpuArguments &a, const Strip &strip) {
    Value row = loadIndex(emit, a.pointerTo(op.getRows()), strip.row);
    copyStrip(emit, matrixOf(a, op.getX()).row(emit, row),
              matrixOf(a, op.getY()).row(emit, strip.row), strip);
  });
}

static void emitPermute(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<moe::PermuteOp>(kernel);
  moe::PlanType type = op.getPlan().getType();
  emitStrips(emit, kernel, [&](const GpuArguments &a, const Strip &strip) {
    // The result has a row for each slot.
    PlanArrays plan(emit, a.pointerTo(op.getPlan()), type, a.rows(emit));
    Value slot = loadIndex(emit, plan.slotOfRow, strip.row);
    Value token = emit.div(slot, type.getChoices());
    copyStrip(emit, matrixOf(a, op.getX()).row(emit, token),
              matrixOf(a, op.getRows()).row(emit, strip.row), strip);
  });
}

//===----------------------------------------------------------------------===//
// decoder.add, decoder.swiglu, moe.combine
//===----------------------------------------------------------------------===//

static void emitAdd(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  auto op = firstOperation<decoder::AddOp>(kernel);
  emitStrips(emit, kernel, [&](const GpuArguments &a, const Strip &strip) {
    auto load = [&](Value tensor) {
      return loadWhole(emit, matrixOf(a, tensor).row(emit, strip.row),
                       strip.index, strip.lanes);
    };
    storeWhole(emit, emit.addF(load(op.getX()), load(op.getDelta())),
               matrixOf(a, op.getY()).row(emit, strip.row), strip.index);
  });
}

static void emitSwiglu(exec::KernelOp kernel, const KernelContext &,
                       Emit &emit) {
  auto op = firstOperation<decoder::SwigluOp>(kernel);
  emitStrips(emit, kernel, [&](const GpuArguments &a, const Strip &strip) {
    auto load = [&](Value tensor) {
      return loadWhole(emit, matrixOf(a, tensor).row(emit, strip.row),
                       strip.index, strip.lanes);
    };
    Value gate = load(op.getGate()), up = load(op.getUp());
    storeWhole(emit, emit.mulF(silu(emit, gate), up),
               matrixOf(a, op.getY()).row(emit, strip.row), strip.index);
  });
}

static void emitCombine(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<moe::CombineOp>(kernel);
  moe::PlanType type = op.getPlan().getType();
  emitStrips(emit, kernel, [&](const GpuArguments &a, const Strip &strip) {
    Value slots = emit.mul(a.rows(emit), type.getChoices());
    ExpertResults results = {
        matrixOf(a, op.getRows()), rowOf(a, op.getWeights()),
        PlanArrays(emit, a.pointerTo(op.getPlan()), type, slots),
        type.getChoices()};
    Value sum = sumChoices(emit, results, strip.row, [&](Row row) {
      return loadWhole(emit, row, strip.index, strip.lanes);
    });
    storeWhole(emit, sum, matrixOf(a, op.getY()).row(emit, strip.row),
               strip.index);
  });
}

//===----------------------------------------------------------------------===//
// The builders
//===----------------------------------------------------------------------===//

template <class Op>
static KernelBuilder rowBuilder(decltype(KernelBuilder::emit) emit) {
  static constexpr StringRef operations[] = {Op::getOperationName()};
  return {operations, planRows<Op>, emit};
}

ArrayRef<KernelBuilder> moec::gpuRowKernels() {
  static const KernelBuilder builders[] = {
      [] {
        KernelBuilder embed = rowBuilder<decoder::EmbedOp>(emitEmbed);
        embed.plan = planEmbed;
        return embed;
      }(),
      rowBuilder<decoder::SelectRowsOp>(emitSelectRows),
      rowBuilder<moe::PermuteOp>(emitPermute),
      rowBuilder<decoder::AddOp>(emitAdd),
      rowBuilder<decoder::SwigluOp>(emitSwiglu),
      rowBuilder<moe::CombineOp>(emitCombine)};
  return builders;
}
