//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernel of exec.pack: rows of activations to `#exec.row_blocks`.
///
//===----------------------------------------------------------------------===//

#include "codegen/Emit.h"
#include "codegen/x86/MatrixKernels.h"
#include "codegen/x86/RowSplit.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

/// Words of 32 bits that a task moves from each row: a cache line.
static constexpr int64_t lineWords = 16;
static constexpr int64_t wordBytes = 4;
/// Tasks that a thread takes at once: half a KiB of each row.
static constexpr int64_t grainLines = 8;

namespace {

/// The geometry of one packing. A word is what fills 32 bits of a row.
class PackKernel {
public:
  explicit PackKernel(exec::KernelOp kernel)
      : kernel(kernel),
        pack(cast<exec::PackOp>(kernel.getBody().front().front())) {}

  LogicalResult check();
  /// Cache lines of a packed row: the tasks.
  int64_t lines() const { return llvm::divideCeil(words(), lineWords); }
  void emitInto(Emit &emit);

private:
  /// The rows of one group, and where they are.
  struct Rows {
    Value source, packed, count;
  };

  RankedTensorType sourceType() {
    return cast<RankedTensorType>(pack.getSource().getType());
  }
  exec::RowBlocksAttr layout() const {
    exec::PackOp op = pack;
    auto type = cast<RankedTensorType>(op.getPacked().getType());
    return dyn_cast_or_null<exec::RowBlocksAttr>(type.getEncoding());
  }
  Type element() const {
    exec::PackOp op = pack;
    return getElementTypeOrSelf(op.getSource().getType());
  }
  int64_t columns() const {
    exec::PackOp op = pack;
    return cast<RankedTensorType>(op.getSource().getType()).getDimSize(1);
  }
  int64_t unit() const { return 32 / element().getIntOrFloatBitWidth(); }
  int64_t words() const {
    return llvm::alignTo(columns(), layout().getDepth()) / unit();
  }

  void emitLine(Emit &emit, Value line, const Rows &rows);
  void emitRow(Emit &emit, Value from, Value to, Value stride,
               int64_t columnsLeft);
  Value loadWord(Emit &emit, Value from, int64_t word, int64_t columnsLeft);

  exec::KernelOp kernel;
  exec::PackOp pack;
};

} // namespace

LogicalResult PackKernel::check() {
  if (!layout())
    return pack.emitOpError("makes ")
           << pack.getPacked().getType()
           << "; only activations are packed by a kernel, to "
              "#exec.row_blocks";
  if (!element().isBF16() && !element().isF32())
    return pack.emitOpError("packs elements of ")
           << element() << "; activations are bf16 or f32";
  if (layout().getRows() != blockRows || layout().getSlab() != slabDepth)
    return pack.emitOpError("makes ")
           << layout() << "; the x86-64 kernels read blocks of " << blockRows
           << " rows and slabs of " << slabDepth;
  if (pack.getPlan() && !isa<moe::PlanType>(pack.getPlan().getType()))
    return pack.emitOpError("has groups of type ")
           << pack.getPlan().getType() << "; they must be a !moe.plan";
  return success();
}

/// A word of a row, zeros where the row has ended.
Value PackKernel::loadWord(Emit &emit, Value from, int64_t word,
                           int64_t columnsLeft) {
  int64_t valid = columnsLeft - word * unit();
  Value address = emit.at(from, emit.getI8Type(), emit.i64(word * wordBytes));
  if (valid >= unit())
    return emit.load(emit.getI32Type(), address);
  if (valid <= 0)
    return arith::ConstantOp::create(emit, emit.getI32IntegerAttr(0));
  Value half = emit.load(emit.getI16Type(), address);
  return arith::ExtUIOp::create(emit, emit.getI32Type(), half);
}

void PackKernel::emitRow(Emit &emit, Value from, Value to, Value stride,
                         int64_t columnsLeft) {
  int64_t padded = llvm::alignTo(columnsLeft, layout().getDepth());
  int64_t count = std::min(lineWords, padded / unit());
  for (int64_t word = 0; word < count; ++word) {
    emit.store(loadWord(emit, from, word, columnsLeft), to);
    to = emit.at(to, emit.getI32Type(), stride);
  }
}

void PackKernel::emitLine(Emit &emit, Value line, const Rows &rows) {
  int64_t slabWords = slabDepth / unit();
  Value word = emit.mul(line, lineWords);
  Value slab = emit.mul(emit.div(word, slabWords), slabWords);
  Value inSlab = emit.sub(word, slab);
  Value slabSize =
      emit.min(emit.sub(emit.i64(words()), slab), emit.i64(slabWords));
  RowSplit blocks(emit, rows.count, blockRows);
  emit.loop(emit.i64(0), blocks.count(), 1, [&](Value block) {
    Value first = blocks.first(emit, block), size = blocks.size(emit, block);
    Value offset = emit.add(
        emit.add(emit.mul(slab, rows.count), emit.mul(first, slabSize)),
        emit.mul(inSlab, size));
    emit.loop(emit.i64(0), size, 1, [&](Value i) {
      Value row = emit.mul(emit.add(first, i), columns());
      Value from = emit.at(rows.source, element(),
                           emit.add(row, emit.mul(word, unit())));
      Value to = emit.at(rows.packed, emit.getI32Type(), emit.add(offset, i));
      int64_t last = (lines() - 1) * lineWords * unit();
      // Only the last line can be short: the others are full.
      emit.branch(
          emit.less(line, emit.i64(lines() - 1)),
          [&] { emitRow(emit, from, to, size, lineWords * unit()); },
          [&] { emitRow(emit, from, to, size, columns() - last); });
    });
  });
}

void PackKernel::emitInto(Emit &emit) {
  emitKernel(emit, kernel.getSymName(), [&](const KernelArguments &arguments) {
    auto pointer = [&](Value operand) {
      return arguments.pointer(emit,
                               cast<BlockArgument>(operand).getArgNumber());
    };
    Value source = pointer(pack.getSource());
    Value packed = arguments.pointer(emit, kernel.getBody().getNumArguments());
    auto emitLines = [&](const Rows &rows) {
      emit.branch(emit.less(emit.i64(0), rows.count), [&] {
        emit.loop(arguments.begin, arguments.end, 1,
                  [&](Value line) { emitLine(emit, line, rows); });
      });
    };
    if (!pack.getPlan()) {
      emitLines({source, packed, arguments.rows(emit)});
      return;
    }
    Value offsets = pointer(pack.getPlan());
    int64_t experts =
        cast<moe::PlanType>(pack.getPlan().getType()).getExperts();
    Type i32 = emit.getI32Type();
    emit.loop(emit.i64(0), emit.i64(experts), 1, [&](Value expert) {
      auto offset = [&](Value e) {
        return emit.extend(emit.load(i32, emit.at(offsets, i32, e)));
      };
      Value first = offset(expert);
      Value count = emit.sub(offset(emit.add(expert, 1)), first);
      emitLines({emit.at(source, element(), emit.mul(first, columns())),
                 emit.at(packed, i32, emit.mul(first, words())), count});
    });
  });
}

static FailureOr<KernelPlan> planPack(exec::KernelOp kernel,
                                      const KernelContext &) {
  PackKernel pack(kernel);
  if (failed(pack.check()))
    return failure();
  KernelPlan plan;
  plan.fixedTasks = pack.lines();
  plan.grain = grainLines;
  return plan;
}

static void emitPack(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  PackKernel(kernel).emitInto(emit);
}

const KernelBuilder &moec::packKernelBuilder() {
  static const StringRef operations[] = {"exec.pack"};
  static const KernelBuilder builder = {operations, planPack, emitPack};
  return builder;
}
