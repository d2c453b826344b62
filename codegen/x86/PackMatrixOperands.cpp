//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>
#include <tuple>

namespace moec {
#define GEN_PASS_DEF_X86PACKMATRIXOPERANDSPASS
#include "codegen/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

namespace {

/// Rows of a weight panel: two vectors of 16 f32 sums.
constexpr int64_t panelWidth = 32;
/// Rows of an activation block: with two vectors each, 24 of 32 registers.
constexpr int64_t blockRows = 12;
/// Elements of K in a slab: 12 rows of it stay in the L1 cache.
constexpr int64_t slabDepth = 256;

/// How K is cut for a dot instruction that eats `unit` elements at a time.
struct DepthLayout {
  int64_t depth, unit;
};

DepthLayout layoutOf(Type weightElement) {
  if (weightElement.isBF16())
    return {8, 2};
  return {4, 1};
}

/// The operands of a matrix product that packing replaces.
struct MatrixOperands {
  OpOperand *activation, *weight;
  Value plan; ///< groups the activation's rows; null if they are one group
};

std::optional<MatrixOperands> matrixOperands(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<MatrixOperands>>(op)
      .Case<decoder::LinearOp, moe::RouterOp>([](auto product) {
        return MatrixOperands{&product.getXMutable(),
                              &product.getWeightMutable(), Value()};
      })
      .Case([](moe::GroupedLinearOp product) {
        return MatrixOperands{&product.getXMutable(),
                              &product.getWeightMutable(), product.getPlan()};
      })
      .Default(std::nullopt);
}

Type elementOf(OpOperand *operand) {
  return cast<RankedTensorType>(operand->get().getType()).getElementType();
}

bool isPacked(OpOperand *operand) {
  return bool(cast<RankedTensorType>(operand->get().getType()).getEncoding());
}

struct PackMatrixOperands
    : moec::impl::X86PackMatrixOperandsPassBase<PackMatrixOperands> {
  void runOnOperation() override {
    for (Block &block : getOperation().getBody())
      if (failed(packBlock(block)))
        return signalPassFailure();
  }

private:
  /// What a pack is made of: equal ones are made once a block.
  using Key = std::tuple<void *, void *, const void *>;
  using Packs = std::map<Key, Value>;

  LogicalResult packBlock(Block &block) {
    Packs packs;
    for (Operation &op : llvm::make_early_inc_range(block))
      if (auto operands = matrixOperands(&op))
        if (failed(packOperands(&op, *operands, packs)))
          return failure();
    return success();
  }

  LogicalResult packOperands(Operation *op, const MatrixOperands &operands,
                             Packs &packs) {
    auto [depth, unit] = layoutOf(elementOf(operands.weight));
    if (!isPacked(operands.weight)) {
      if (!operands.weight->get().getDefiningOp<moe::ReadParameterOp>())
        return op->emitOpError("needs a weight that is a moe.read_parameter, "
                               "so that it can be packed at compile time");
      auto layout =
          exec::PanelsAttr::get(&getContext(), panelWidth, depth, unit);
      numWeights += pack(*operands.weight, layout, Value(), packs);
    }
    if (!isPacked(operands.activation)) {
      auto layout =
          exec::RowBlocksAttr::get(&getContext(), blockRows, slabDepth, depth);
      numActivations +=
          pack(*operands.activation, layout, operands.plan, packs);
    }
    return success();
  }

  /// Makes the operand a packed one; returns whether that took a new pack.
  bool pack(OpOperand &operand, Attribute layout, Value plan, Packs &packs) {
    Value source = operand.get();
    Value &packed =
        packs[{source.getAsOpaquePointer(), plan.getAsOpaquePointer(),
               layout.getAsOpaquePointer()}];
    bool isNew = !packed;
    if (isNew) {
      OpBuilder builder(operand.getOwner());
      auto type = cast<RankedTensorType>(source.getType());
      packed =
          exec::PackOp::create(builder, operand.getOwner()->getLoc(),
                               type.cloneWithEncoding(layout), source, plan);
    }
    operand.set(packed);
    return isNew;
  }
};

} // namespace
