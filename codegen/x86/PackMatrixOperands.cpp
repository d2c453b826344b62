//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/KernelBuilder.h"
#include "codegen/Passes.h"
#include "codegen/x86/AmxTile.h"

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
  using X86PackMatrixOperandsPassBase::X86PackMatrixOperandsPassBase;
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
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (auto group = dyn_cast<exec::GroupOp>(op))
        if (failed(packGroup(group, packs)))
          return failure();
      if (auto operands = matrixOperands(&op))
        if (failed(packOperands(&op, *operands, packs)))
          return failure();
    }
    return success();
  }

  /// Packs what products in a group read from outside: weights, and activations
  /// unless the kernel packs these itself. Scores of experts are too few for
  /// panels: kernels that choose experts read the router's rows as they are.
  LogicalResult packGroup(exec::GroupOp group, Packs &packs) {
    const KernelBuilder *builder =
        lookupKernelBuilder(group.getBody().front(), Machine::X86);
    for (Operation &op : group.getBody().front()) {
      auto operands = matrixOperands(&op);
      if (!operands || isa<moe::RouterOp>(op))
        continue;
      if (failed(checkWeight(&op, outside(group, operands->weight->get()))))
        return failure();
      auto [depth, unit] = layoutOf(elementOf(operands->weight));
      auto panels =
          exec::PanelsAttr::get(&getContext(), panelWidth, depth, unit);
      numWeights +=
          packInput(group, operands->weight->get(), panels, Value(), packs);
      if ((builder && builder->packsActivations) || readsRows(&op, *operands))
        continue;
      auto blocks =
          exec::RowBlocksAttr::get(&getContext(), blockRows, slabDepth, depth);
      numActivations += packInput(group, operands->activation->get(), blocks,
                                  outside(group, operands->plan), packs);
    }
    return success();
  }

  /// Whether the kernel of a product reads row-major activations.
  bool readsRows(Operation *op, const MatrixOperands &operands) {
    return amx && isAmxProduct(op, elementOf(operands.weight));
  }

  /// What a value of a group is outside of it; null if it is made inside.
  static Value outside(exec::GroupOp group, Value value) {
    auto argument = dyn_cast_if_present<BlockArgument>(value);
    return argument ? group.getInputs()[argument.getArgNumber()] : Value();
  }

  /// Packs an input of a group; returns whether that took a new pack. What the
  /// group itself makes stays as it is.
  bool packInput(exec::GroupOp group, Value value, Attribute layout, Value plan,
                 Packs &packs) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || cast<RankedTensorType>(value.getType()).getEncoding())
      return false;
    OpOperand &input = group->getOpOperand(argument.getArgNumber());
    bool isNew = pack(input, layout, plan, packs);
    argument.setType(input.get().getType());
    return isNew;
  }

  LogicalResult checkWeight(Operation *op, Value weight) {
    bool stored = weight && (weight.getDefiningOp<moe::ReadParameterOp>() ||
                             weight.getDefiningOp<exec::PackOp>());
    if (!stored)
      return op->emitOpError("needs a weight that is a moe.read_parameter, "
                             "so that it can be packed at compile time");
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
    if (!isPacked(operands.activation) && !readsRows(op, operands)) {
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
