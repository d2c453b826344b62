//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Routing as a part of kernels: from the tokens of a step, or their logits, to
/// the plan of the experts' rows.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_ROUTER_H
#define CODEGEN_KERNELS_ROUTER_H

#include "codegen/KernelBuilder.h"
#include "codegen/kernels/Region.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include <memory>

namespace moec {

/// The operations of a kernel that routes; null where it has none.
struct Routing {
  decoder::RMSNormOp norm;
  moe::RouterOp router;
  moe::TopKOp topK;
  moe::DispatchOp dispatch;

  static Routing of(mlir::Block &region);
  /// Whether the operation is one of them.
  bool has(mlir::Operation *op) const;
  mlir::LogicalResult check();
  /// Tokens whose logits are made at a time.
  int64_t block() const;
  /// Multiply-adds, counted twice, of a token.
  int64_t flops();
};

/// Emits the routing of ranges of tokens.
class RoutingStage {
public:
  RoutingStage(const Routing &routing, const Target &target);
  ~RoutingStage();

  int64_t scratchBytes() const;
  /// Routes the tokens that are the tasks of `arguments`. Who finishes the last
  /// of all rows makes the plan. Finished are counted: each token and, if there
  /// is a plan, one for it.
  void emitTokens(Emit &emit, const KernelArguments &arguments);

private:
  class Code;
  std::unique_ptr<Code> code;
};

} // namespace moec

#endif // CODEGEN_KERNELS_ROUTER_H
