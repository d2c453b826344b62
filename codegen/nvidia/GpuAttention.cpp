//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention over the paged cache: a warp for each token and query head, a lane
/// for each position of a page, then for every 32nd column of the values.
///
/// The order of summation is that of the portable kernel, so the bits are, too.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Region.h"
#include "codegen/nvidia/GpuEmit.h"
#include "codegen/nvidia/GpuKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
static_assert(pageTokens == warpThreads, "a lane for each position of a page");
/// Neighbouring heads read the same keys: they find them in the L1 cache.
constexpr int64_t blockWarps = 4;

struct HeadShape {
  int64_t heads, group, headDim, window;
  double scale;

  explicit HeadShape(decoder::AttentionOp op)
      : headDim(op.getCache().getType().getHeadDim()),
        window(op.getWindow().value_or(0)),
        scale(op.getScale().convertToDouble()) {
    heads = rowLength(op.getQueries()) / headDim;
    group = heads / op.getCache().getType().getHeads();
  }
  /// Columns that a lane has.
  int64_t columns() const { return llvm::divideCeil(headDim, warpThreads); }
};

/// One token and one query head.
class HeadTask {
public:
  HeadTask(Emit &emit, const HeadShape &shape, const CachePages &cache)
      : emit(emit), shape(shape), cache(cache), f32(emit.getF32Type()),
        lane(laneIndex(emit)) {}

  void attend(Row query, Value pages, Value kvHead, Value position, Row y);

private:
  /// Maximum, sum, then the columns of the output.
  using State = SmallVector<Value>;
  /// The visible positions of a page, [from, to).
  struct Page {
    Row keys, values;
    Value from, to;
  };

  State addPage(Row query, const Page &page, ValueRange state);
  Value score(Row query, const Page &page);
  Value sumOfLanes(Value v);
  Value maximumOfLanes(Value v);
  Value column(int64_t j);

  Emit &emit;
  const HeadShape &shape;
  const CachePages &cache;
  Type f32;
  Value lane;
};

} // namespace

/// The j-th column of the lane; the last one of all for lanes beyond it.
Value HeadTask::column(int64_t j) {
  Value d = emit.add(lane, j * warpThreads);
  return emit.min(d, emit.i64(shape.headDim - 1));
}

Value HeadTask::sumOfLanes(Value v) {
  for (int64_t distance = warpThreads / 2; distance; distance /= 2)
    v = emit.addF(v, shuffleXor(emit, v, distance));
  return v;
}

Value HeadTask::maximumOfLanes(Value v) {
  for (int64_t distance = warpThreads / 2; distance; distance /= 2)
    v = emit.maxF(v, shuffleXor(emit, v, distance));
  return v;
}

/// The scaled score of the lane's position; minus infinity if it is not
/// visible. What is not visible is not read: it may hold anything.
Value HeadTask::score(Row query, const Page &page) {
  Value last = emit.add(page.to, -1);
  Value position = emit.min(emit.max(lane, page.from), last);
  Value zero = emit.number(f32, 0.0);
  Value sum = emit.loop(emit.i64(0), emit.i64(shape.headDim), 1, {zero},
                        [&](Value d, ValueRange sums) {
                          Value at =
                              emit.add(emit.mul(d, pageTokens), position);
                          Value q = loadStrip(emit, query, d, 1);
                          Value k = loadStrip(emit, page.keys, at, 1);
                          return SmallVector<Value>{emit.fma(q, k, sums[0])};
                        })[0];
  Value scaled = emit.mulF(sum, emit.number(f32, shape.scale));
  Value lowest = emit.number(f32, -std::numeric_limits<double>::infinity());
  return emit.select(emit.equal(position, lane), scaled, lowest);
}

HeadTask::State HeadTask::addPage(Row query, const Page &page,
                                  ValueRange state) {
  Value score = this->score(query, page);
  Value maximum = emit.maxF(maximumOfLanes(score), state[0]);
  Value correction = emit.exp(emit.subF(state[0], maximum));
  Value weight = emit.exp(emit.subF(score, maximum));
  Value sum = emit.fma(state[1], correction, sumOfLanes(weight));

  State outputs;
  for (Value output : state.drop_front(2))
    outputs.push_back(emit.mulF(output, correction));
  outputs = emit.loop(
      page.from, page.to, 1, outputs, [&](Value slot, ValueRange sums) {
        Value w = shuffleFrom(emit, weight, slot);
        Row row = page.values.from(emit, emit.mul(slot, shape.headDim));
        State next;
        for (int64_t j = 0; j < shape.columns(); ++j)
          next.push_back(
              emit.fma(w, loadStrip(emit, row, column(j), 1), sums[j]));
        return next;
      });
  State next = {maximum, sum};
  next.append(outputs);
  return next;
}

void HeadTask::attend(Row query, Value pages, Value kvHead, Value position,
                      Row y) {
  Value end = emit.add(position, 1), first = emit.i64(0);
  if (shape.window)
    first = emit.max(first, emit.sub(end, emit.i64(shape.window)));
  State state(2 + shape.columns(), emit.number(f32, 0.0));
  state[0] = emit.number(f32, -std::numeric_limits<double>::infinity());
  state = emit.loop(
      emit.div(first, pageTokens), emit.add(emit.div(position, pageTokens), 1),
      1, state, [&](Value n, ValueRange carried) {
        Value start = emit.mul(n, pageTokens);
        Row keys = cache.keys(emit, pageIndex(emit, pages, n), kvHead);
        Page page = {keys, cache.values(emit, keys),
                     emit.max(emit.sub(first, start), emit.i64(0)),
                     emit.min(emit.sub(end, start), emit.i64(pageTokens))};
        return addPage(query, page, carried);
      });
  for (int64_t j = 0; j < shape.columns(); ++j) {
    Value d = emit.add(lane, j * warpThreads);
    emit.branch(emit.less(d, emit.i64(shape.headDim)), [&] {
      storeStrip(emit, emit.divF(state[2 + j], state[1]), y, d);
    });
  }
}

//===----------------------------------------------------------------------===//
// The builder
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planGpuAttention(exec::KernelOp kernel,
                                              const KernelContext &) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = HeadShape(op).heads;
  plan.blockThreads = blockWarps * warpThreads;
  plan.blockTasks = blockWarps;
  return plan;
}

static void emitGpuAttention(exec::KernelOp kernel, const KernelContext &,
                             Emit &emit) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  HeadShape shape(op);
  int64_t threads = blockWarps * warpThreads;
  emitEntry(emit, kernel, threads, [&](const GpuArguments &arguments) {
    CachePages cache(arguments.pointerTo(op.getCache()),
                     op.getCache().getType());
    auto batch = BatchFields::load(emit, arguments.pointerTo(op.getBatch()));
    Value warp = emit.div(threadIndex(emit), warpThreads);
    Value task = emit.add(emit.mul(blockIndex(emit), blockWarps), warp);
    emit.branch(emit.less(task, arguments.tasks(emit)), [&] {
      Value t = emit.div(task, shape.heads), head = emit.rem(task, shape.heads);
      auto rowOf = [&](Value tensor) {
        Type element =
            cast<RankedTensorType>(tensor.getType()).getElementType();
        return Row{arguments.pointerTo(tensor), element}.from(
            emit, emit.mul(task, shape.headDim));
      };
      HeadTask(emit, shape, cache)
          .attend(rowOf(op.getQueries()), batch.pages(emit, t),
                  emit.div(head, shape.group), batch.position(emit, t),
                  rowOf(op.getY()));
    });
  });
}

static constexpr StringRef operations[] = {
    decoder::AttentionOp::getOperationName()};
const KernelBuilder moec::gpuAttentionKernel = {operations, planGpuAttention,
                                                emitGpuAttention};
