//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixKernels.h"

#include "codegen/x86/MatrixCombine.h"
#include "codegen/x86/MatrixHeads.h"
#include "codegen/x86/MatrixKernelPlan.h"
#include "codegen/x86/MatrixPrologue.h"
#include "codegen/x86/MatrixTop.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

namespace {

class MatrixKernel {
public:
  MatrixKernel(exec::KernelOp kernel, const KernelContext &context)
      : kernel(kernel), region(*MatrixRegion::analyze(kernel)),
        prologue(MatrixPrologue::of(region, context.target)),
        how(region, context.target),
        unfinished(unfinishedBytes(region, context)),
        loops(loopBytes(region, context)), heads(kernel, region.ends) {}

  void emitInto(Emit &emit);

private:
  using Arguments = const KernelArguments &;

  Value resultOf(int64_t i);
  MatrixProduct product(Emit &emit, Arguments arguments, int64_t i);
  void emitTasks(Emit &emit, Arguments arguments);
  void emitOne(Emit &emit, Arguments arguments);
  void emitParallel(Emit &emit, Arguments arguments);
  void emitExperts(Emit &emit, const MatrixProduct &first);
  void emitCombined(Emit &emit, Arguments arguments);
  void emitTop(Emit &emit, Arguments arguments);
  void combineGroup(Emit &emit, Arguments arguments, MatrixProduct group);
  void emitHeads(Emit &emit, Arguments arguments, int64_t i,
                 const MatrixProduct &units);
  /// The product of an expert, from that of expert 0, for the same panels.
  MatrixProduct ofExpert(Emit &emit, MatrixProduct product, Value expert);
  void emitProduct(Emit &emit, const MatrixProduct &product);
  int64_t panels() const { return panelsOf(region.first()); }

  exec::KernelOp kernel;
  MatrixRegion region;
  std::unique_ptr<MatrixPrologue> prologue; ///< null if there is none
  RegionMethod how;
  int64_t unfinished, loops; ///< bytes of a thread's scratch memory
  HeadsEmitter heads;
  Value offsets; ///< of the plan
};

} // namespace

void MatrixKernel::emitInto(Emit &emit) {
  emitKernel(emit, kernel.getSymName(), [&](const KernelArguments &arguments) {
    if (!prologue)
      return emitTasks(emit, arguments);
    emitAfterPrologue(emit, arguments, *prologue,
                      [&](Arguments own) { emitTasks(emit, own); });
  });
}

void MatrixKernel::emitTasks(Emit &emit, Arguments arguments) {
  if (region.isGrouped())
    offsets = pointerTo(emit, arguments, region.first().plan);
  if (region.hasHeads())
    heads.bind(emit, emit.at(arguments.scratch, emit.getI8Type(),
                             emit.i64(unfinished + loops)));
  if (region.combine)
    emitCombined(emit, arguments);
  else if (region.top)
    emitTop(emit, arguments);
  else if (region.isParallel() || region.hasHeads())
    emitParallel(emit, arguments);
  else if (region.isGrouped())
    emitExperts(emit, product(emit, arguments, 0));
  else
    emitOne(emit, arguments);
}

/// The value that the i-th product's sums, or what is made of them, become.
Value MatrixKernel::resultOf(int64_t i) {
  if (region.add)
    return region.add.getY();
  if (region.combine)
    return region.combine.getY();
  if (region.swiglu)
    return region.swiglu.getY();
  if (region.top)
    return region.top.getTop();
  return region.products[i].op->getResult(0);
}

/// The i-th product, of expert 0 or the only one; with the second if they are
/// gate and up.
MatrixProduct MatrixKernel::product(Emit &emit, Arguments arguments,
                                    int64_t i) {
  const MatrixOperation &op = region.products[i];
  MatrixProduct product;
  product.x = pointerTo(emit, arguments, region.x);
  if (region.packs())
    product.source = RowSource{product.x, region.xType().getElementType(),
                               op.depth(), Value(), 1};
  if (moe::PermuteOp permute = region.permute) {
    moe::PlanType plan = permute.getPlan().getType();
    product.source->choices = plan.getChoices();
    product.source->slots =
        emit.at(offsets, emit.getI32Type(), emit.i64(plan.getExperts() + 1));
  }
  product.w = {pointerTo(emit, arguments, op.weight)};
  if (region.swiglu)
    product.w.push_back(pointerTo(emit, arguments, region.products[1].weight));
  product.rows = arguments.rows(emit);
  product.depth = how.depth;
  product.target.pitch = product.target.columns = op.columns();
  if (!region.ends[i])
    product.target.result = pointerTo(emit, arguments, resultOf(i));
  if (op.bias)
    product.target.operand = pointerTo(emit, arguments, op.bias);
  if (region.add && !region.combine)
    product.target.operand = pointerTo(emit, arguments, region.residual);
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

/// Task i is part i of the columns.
void MatrixKernel::emitTop(Emit &emit, Arguments arguments) {
  MatrixProduct only = product(emit, arguments, 0);
  ProductTop top = {region.top, only.target.result,
                    pointerTo(emit, arguments, region.top.getTokens()),
                    unfinished};
  Value any = emit.less(emit.i64(0), only.rows);
  emit.branch(
      any, [&] { emitProductTop(emit, arguments, how.method(), only, top); });
}

/// The tasks of one product follow those of another.
void MatrixKernel::emitParallel(Emit &emit, Arguments arguments) {
  int64_t before = 0;
  for (size_t i = 0; i < region.products.size(); ++i) {
    int64_t tasks = productTasks(region, i);
    MatrixProduct own = product(emit, arguments, i);
    own.from = emit.max(emit.sub(own.from, emit.i64(before)), emit.i64(0));
    own.to = emit.min(emit.sub(own.to, emit.i64(before)), emit.i64(tasks));
    Value any = emit.less(emit.i64(0), own.rows);
    emit.branch(emit.less(own.from, own.to), [&] {
      emit.branch(any, [&] {
        if (region.ends[i])
          emitHeads(emit, arguments, i, own);
        else
          emitProduct(emit, own);
      });
    });
    before += tasks;
  }
}

/// `units` names tasks where others name panels: units of heads, whose sums go
/// to scratch memory.
void MatrixKernel::emitHeads(Emit &emit, Arguments arguments, int64_t i,
                             const MatrixProduct &units) {
  Type f32 = emit.getF32Type();
  int64_t panels = unitPanels(region.ends[i]), pitch = panels * panelWidth;
  int64_t headDim = region.ends[i].headDim();
  emit.loop(units.from, units.to, 1, [&](Value unit) {
    MatrixProduct own = units;
    own.from = emit.mul(unit, panels);
    own.to = emit.min(emit.add(own.from, panels),
                      emit.i64(panelsOf(region.products[i])));
    // Column 0 of the target is where that of the first panel would be.
    Value firstColumn = emit.mul(unit, pitch);
    own.target.result =
        emit.at(arguments.scratch, f32, emit.sub(emit.i64(0), firstColumn));
    own.target.pitch = pitch;
    own.scratch =
        emit.at(arguments.scratch, emit.getI8Type(), emit.i64(unfinished));
    emitProduct(emit, own);
    Value columns = emit.min(
        emit.i64(pitch), emit.sub(emit.i64(units.target.columns), firstColumn));
    heads.emitUnit(emit, arguments, i,
                   {Row{arguments.scratch, f32}, pitch,
                    emit.div(firstColumn, headDim), emit.div(columns, headDim),
                    units.rows});
  });
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
  int64_t panels = how.method().panelsOfGroup();
  emit.loop(arguments.begin, arguments.end, panels, [&](Value from) {
    MatrixProduct group = first;
    group.from = from;
    group.to = emit.min(emit.add(from, panels), arguments.end);
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
  sums.pitch = how.method().panelsOfGroup() * panelWidth;
  sums.from = group.from;
  sums.to = group.to;
  sums.tokens = group.rows;
  sums.choices = plan.getChoices();
  sums.columns = columns;
  sums.result = group.target.result;
  sums.weights = pointerTo(emit, arguments, combine.getWeights());
  if (region.add)
    sums.residual = pointerTo(emit, arguments, region.residual);
  Value slots = emit.mul(group.rows, plan.getChoices());
  sums.rowOfSlot = emit.at(offsets, emit.getI32Type(),
                           emit.add(slots, plan.getExperts() + 1));

  // Column 0 of the target is where that of the first panel would be.
  Value before = emit.mul(group.from, -panelWidth);
  group.target.result = emit.at(sums.sums, emit.getF32Type(), before);
  group.target.pitch = sums.pitch;
  group.scratch =
      emit.at(arguments.scratch, emit.getI8Type(), emit.i64(unfinished));
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
  static const KernelBuilder builders[] = {
      {linear, planMatrixKernel, emitMatrixKernel},
      {router, planMatrixKernel, emitMatrixKernel},
      {grouped, planMatrixKernel, emitMatrixKernel},
      {{},
       planMatrixKernel,
       emitMatrixKernel,
       MatrixRegion::matches,
       /*packsActivations=*/true}};
  return builders;
}
