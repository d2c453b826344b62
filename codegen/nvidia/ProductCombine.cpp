//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of experts' products that are combined: sums go through scratch
/// memory, a row for each row of the plan and each part of K, and a last stage
/// adds each token's rows, in the order of its choices.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Plan.h"
#include "codegen/nvidia/ProductEnd.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

namespace {

/// Rows of sums in the scratch memory of the launch, whose blocks have at least
/// as many rows and columns in their tiles.
struct ScratchRows {
  MatrixOperation product;
  const ProductLoop &loop;
  int64_t parts; ///< of K

  int64_t columns() const { return product.columns(); }
  int64_t choices() const { return planType().getChoices(); }
  moe::PlanType planType() const {
    return cast<moe::PlanType>(product.plan.getType());
  }
  int64_t bytesOfThread() const {
    return llvm::divideCeil(loop.tileRows * loop.tileColumns * 4, loop.threads);
  }
  Row row(Emit &emit, const GpuArguments &arguments, Value part,
          Value index) const {
    Value slots = emit.mul(arguments.rows(emit), choices());
    Value row = emit.add(emit.mul(part, slots), index);
    Row all = {arguments.scratch(emit), emit.getF32Type()};
    return all.from(emit, emit.mul(row, columns()));
  }
};

class CombineStage : public GpuStage {
public:
  CombineStage(const MatrixRegion &region, const ScratchRows &sums)
      : combine(region.combine), add(region.add), residual(region.residual),
        sums(sums), lanes(accessLanes({Float32Type::get(combine.getContext())},
                                      sums.columns())) {}

  TaskCount tasks() const override {
    return {chunks() * sums.loop.tileRows, 0};
  }
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 Value block) override;

private:
  /// A row of a token's choice, of each part of K, and its weight.
  struct Choice {
    SmallVector<Row, 2> parts;
    Value weight;
  };

  /// Columns of a token that a block combines: with large tiles, one block at a
  /// time has a multiprocessor.
  int64_t blockColumns() const {
    return sums.loop.threads * lanes * (sums.loop.tileRows > 64 ? 4 : 1);
  }
  int64_t chunks() const {
    return llvm::divideCeil(sums.columns(), blockColumns());
  }
  SmallVector<Choice> choicesOf(Emit &emit, const GpuArguments &arguments,
                                Value token);
  Value sum(Emit &emit, ArrayRef<Choice> choices, Value column) const;

  moe::CombineOp combine;
  decoder::AddOp add;
  Value residual;
  ScratchRows sums;
  int64_t lanes; ///< columns of a thread
};

class CombineEnd : public ProductEnd {
public:
  explicit CombineEnd(const EndShape &shape)
      : region(shape.region), sums{shape.region.first(), shape.loop,
                                   shape.parts} {}

  void emitSum(Emit &emit, const GpuArguments &arguments,
               const ProductTile &tile, Value row, Value column,
               ValueRange own) const override;
  std::unique_ptr<GpuStage> makeLastStage() const override {
    return std::make_unique<CombineStage>(region, sums);
  }
  int64_t scratchBytes() const override { return sums.bytesOfThread(); }

private:
  const MatrixRegion &region;
  ScratchRows sums;
};

} // namespace

void CombineEnd::emitSum(Emit &emit, const GpuArguments &arguments,
                         const ProductTile &tile, Value row, Value column,
                         ValueRange own) const {
  Value sum = own[0];
  if (sums.product.bias) {
    Value index = emit.add(emit.mul(tile.expert, sums.columns()), column);
    Value bias = loadWhole(emit, rowOf(arguments, sums.product.bias), index,
                           lanesOf(sum));
    Value with = emit.addF(sum, bias);
    sum = sums.parts == 1
              ? with
              : emit.select(emit.equal(tile.part, emit.i64(0)), with, sum);
  }
  storeWhole(emit, sum, sums.row(emit, arguments, tile.part, row), column);
}

SmallVector<CombineStage::Choice>
CombineStage::choicesOf(Emit &emit, const GpuArguments &arguments,
                        Value token) {
  Value slots = emit.mul(arguments.rows(emit), sums.choices());
  PlanArrays plan(emit, arguments.pointerTo(combine.getPlan()), sums.planType(),
                  slots);
  SmallVector<Choice> choices(sums.choices());
  for (auto [j, choice] : llvm::enumerate(choices)) {
    Value slot = emit.add(emit.mul(token, sums.choices()), int64_t(j));
    Value row = loadIndex(emit, plan.rowOfSlot, slot);
    for (int64_t part = 0; part < sums.parts; ++part)
      choice.parts.push_back(sums.row(emit, arguments, emit.i64(part), row));
    Value weight =
        loadStrip(emit, rowOf(arguments, combine.getWeights()), slot, 1);
    choice.weight = spread(emit, weight, lanes);
  }
  return choices;
}

/// Of the token's rows, each the sum of its parts in their order.
Value CombineStage::sum(Emit &emit, ArrayRef<Choice> choices,
                        Value column) const {
  Value total;
  for (const Choice &choice : choices) {
    Value row;
    for (const Row &part : choice.parts) {
      Value own = loadWhole(emit, part, column, lanes);
      row = row ? emit.addF(row, own) : own;
    }
    total = total ? emit.fma(choice.weight, row, total)
                  : emit.mulF(choice.weight, row);
  }
  return total;
}

void CombineStage::emitBlock(Emit &emit, const GpuArguments &arguments,
                             Value block) {
  Value token = emit.div(block, chunks());
  SmallVector<Choice> choices = choicesOf(emit, arguments, token);
  Matrix y = matrixOf(arguments, add ? add.getY() : combine.getY());
  Value first = emit.mul(emit.rem(block, chunks()), blockColumns());
  Value count = emit.min(emit.i64(blockColumns()),
                         emit.sub(emit.i64(sums.columns()), first));
  forEachOfBlock(emit, sums.loop.threads, emit.div(count, lanes), [&](Value i) {
    Value column = emit.add(first, emit.mul(i, lanes));
    Value total = sum(emit, choices, column);
    if (add) {
      Row row = matrixOf(arguments, residual).row(emit, token);
      total = emit.addF(loadWhole(emit, row, column, lanes), total);
    }
    storeWhole(emit, total, y.row(emit, token), column);
  });
}

std::unique_ptr<ProductEnd> moec::makeCombineEnd(const EndShape &shape) {
  return std::make_unique<CombineEnd>(shape);
}
