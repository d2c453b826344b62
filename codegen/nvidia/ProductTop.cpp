//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of a product of which the best columns alone are kept: a block has
/// the logits of one part, and each of its warps chooses among those of a row.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/ProductEnd.h"
#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

class TopOfProduct : public ProductEnd {
public:
  explicit TopOfProduct(const EndShape &shape)
      : op(shape.region.top), k(op.getK()), threads(shape.loop.threads) {}

  int64_t unitColumns(int64_t) const override { return part(); }
  bool wantsTile() const override { return true; }
  void emitTile(Emit &emit, const GpuArguments &arguments,
                const ProductTile &tile, const SharedTile &sums) const override;

private:
  /// A logit and its token, as i64 so that all of the part are apart.
  struct Scored {
    Value logit, token;
  };
  /// The logits of a row, and the token of the first.
  struct Candidates {
    Row logits;
    Value first, count;
  };

  int64_t part() const { return decoder::PartTopOp(op).getPart(); }
  static Value comesBefore(Emit &emit, const Scored &a, const Scored &b);
  static Scored nothing(Emit &emit);
  Scored bestAfter(Emit &emit, const Candidates &from,
                   const Scored &last) const;
  void chooseRow(Emit &emit, const Candidates &from, Row top, Row tokens) const;

  decoder::PartTopOp op;
  int64_t k, threads;
};

} // namespace

/// Higher, or as high with a lower token. False if a logit is NaN.
Value TopOfProduct::comesBefore(Emit &emit, const Scored &a, const Scored &b) {
  auto compare = [&](arith::CmpFPredicate how) -> Value {
    return arith::CmpFOp::create(emit, how, a.logit, b.logit);
  };
  Value lower = emit.less(a.token, b.token);
  Value ties =
      arith::AndIOp::create(emit, compare(arith::CmpFPredicate::OEQ), lower);
  return arith::OrIOp::create(emit, compare(arith::CmpFPredicate::OGT), ties);
}

TopOfProduct::Scored TopOfProduct::nothing(Emit &emit) {
  double lowest = -std::numeric_limits<double>::infinity();
  return {emit.number(emit.getF32Type(), lowest),
          emit.i64(std::numeric_limits<int32_t>::max())};
}

/// The best candidate that comes after `last`, in all lanes.
TopOfProduct::Scored TopOfProduct::bestAfter(Emit &emit, const Candidates &from,
                                             const Scored &last) const {
  Scored none = nothing(emit);
  auto loop = scf::ForOp::create(emit, laneIndex(emit), from.count,
                                 emit.i64(warpThreads),
                                 ValueRange{none.logit, none.token});
  {
    OpBuilder::InsertionGuard guard(emit);
    emit.setInsertionPointToStart(loop.getBody());
    Value i = loop.getInductionVar();
    Scored best = {loop.getRegionIterArgs()[0], loop.getRegionIterArgs()[1]};
    Scored next = {loadStrip(emit, from.logits, i, 1), emit.add(from.first, i)};
    Value better = arith::AndIOp::create(emit, comesBefore(emit, last, next),
                                         comesBefore(emit, next, best));
    scf::YieldOp::create(
        emit, ValueRange{emit.select(better, next.logit, best.logit),
                         emit.select(better, next.token, best.token)});
  }
  Scored best = {loop.getResult(0), loop.getResult(1)};
  for (int64_t distance = warpThreads / 2; distance; distance /= 2) {
    Scored other = {
        shuffleXor(emit, best.logit, distance),
        emit.extend(shuffleXor(emit, emit.truncate(best.token), distance))};
    Value better = comesBefore(emit, other, best);
    best = {emit.select(better, other.logit, best.logit),
            emit.select(better, other.token, best.token)};
  }
  return best;
}

void TopOfProduct::chooseRow(Emit &emit, const Candidates &from, Row top,
                             Row tokens) const {
  Value highest =
      emit.number(emit.getF32Type(), std::numeric_limits<double>::infinity());
  emit.loop(emit.i64(0), emit.i64(k), 1, ValueRange{highest, emit.i64(-1)},
            [&](Value j, ValueRange last) {
              Scored chosen = bestAfter(emit, from, {last[0], last[1]});
              emit.branch(emit.equal(laneIndex(emit), emit.i64(0)), [&] {
                emit.store(chosen.logit, top.address(emit, j));
                storeIndex(emit, chosen.token, tokens.base, j);
              });
              return SmallVector<Value>{chosen.logit, chosen.token};
            });
}

void TopOfProduct::emitTile(Emit &emit, const GpuArguments &arguments,
                            const ProductTile &tile,
                            const SharedTile &sums) const {
  decoder::PartTopOp part = op;
  Row top = {arguments.pointerTo(part.getTop()), emit.getF32Type()};
  Row tokens = {arguments.pointerTo(part.getTokens()), emit.getI32Type()};
  int64_t kept = rowLength(part.getTop());
  Value index = emit.div(tile.firstColumn, this->part());
  forEachOfWarps(emit, threads, tile.rows(emit), [&](Value row) {
    Candidates from = {sums.row(emit, row), tile.firstColumn,
                       tile.columns(emit)};
    Value place = emit.add(emit.mul(emit.add(tile.firstRow, row), kept),
                           emit.mul(index, k));
    chooseRow(emit, from, top.from(emit, place), tokens.from(emit, place));
    forEachOfLanes(emit, from.count, [&](Value i) {
      Value v = loadStrip(emit, from.logits, i, 1);
      Value isNaN =
          arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, v, v);
      emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_LOGIT_NAN); });
    });
  });
}

std::unique_ptr<ProductEnd> moec::makeTopEnd(const EndShape &shape) {
  return std::make_unique<TopOfProduct>(shape);
}
