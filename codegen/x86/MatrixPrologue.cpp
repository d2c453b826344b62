//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixPrologue.h"

#include "codegen/kernels/Norm.h"
#include "codegen/kernels/Router.h"

using namespace mlir;
using namespace moec;

namespace {

/// decoder.rms_norm of the rows that the products read.
class NormPrologue : public MatrixPrologue {
public:
  explicit NormPrologue(decoder::RMSNormOp norm) : norm(norm) {}

  LogicalResult check() override { return checkRowMajor(norm); }
  int64_t scratchBytes() const override { return 0; }
  void emitRows(Emit &emit, const KernelArguments &arguments) override {
    emitNormedRows(emit, arguments, norm);
    arguments.addFinished(emit, emit.sub(arguments.end, arguments.begin));
  }
  Value finishedCount(Emit &, Value rows) override { return rows; }

private:
  decoder::RMSNormOp norm;
};

/// The choice of experts, up to the plan.
class RoutingPrologue : public MatrixPrologue {
public:
  RoutingPrologue(const Routing &routing, const Target &target)
      : routing(routing), stage(routing, target) {}

  LogicalResult check() override { return routing.check(); }
  int64_t scratchBytes() const override { return stage.scratchBytes(); }
  int64_t flopsPerRow() override { return routing.flops(); }
  void emitRows(Emit &emit, const KernelArguments &arguments) override {
    stage.emitTokens(emit, arguments);
  }
  Value finishedCount(Emit &emit, Value rows) override {
    return emit.add(rows, 1); // and the plan
  }

private:
  Routing routing;
  RoutingStage stage;
};

} // namespace

std::unique_ptr<MatrixPrologue> MatrixPrologue::of(const MatrixRegion &region,
                                                   const Target &target) {
  if (region.routes())
    return std::make_unique<RoutingPrologue>(region.prologue, target);
  if (region.hasPrologue())
    return std::make_unique<NormPrologue>(region.prologue.norm);
  return nullptr;
}

void moec::emitAfterPrologue(
    Emit &emit, const KernelArguments &arguments, MatrixPrologue &prologue,
    llvm::function_ref<void(const KernelArguments &)> tasks) {
  Value rows = arguments.rows(emit), zero = emit.i64(0);
  KernelArguments first = arguments;
  first.end = emit.min(arguments.end, rows);
  emit.branch(emit.less(first.begin, first.end),
              [&] { prologue.emitRows(emit, first); });
  KernelArguments second = arguments;
  second.begin = emit.max(emit.sub(arguments.begin, rows), zero);
  second.end = emit.sub(arguments.end, rows);
  emit.branch(emit.less(second.begin, second.end), [&] {
    arguments.awaitFinished(emit, prologue.finishedCount(emit, rows));
    tasks(second);
  });
}
