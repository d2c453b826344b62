//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/MatrixHeads.h"

#include "codegen/kernels/Cache.h"
#include "codegen/x86/MatrixLoops.h"
#include "codegen/x86/MatrixOperands.h"

#include <numeric>

using namespace mlir;
using namespace moec;

int64_t moec::unitPanels(const HeadsEnd &end) {
  int64_t least = std::lcm(end.headDim(), panelWidth) / panelWidth;
  return least * std::max<int64_t>(groupPanels / least, 1);
}

int64_t HeadsEmitter::scratchBytes() const {
  int64_t bytes = 0;
  for (const HeadsEnd &end : ends)
    if (end.rope)
      bytes += llvm::alignTo(Rotation::scratchBytes(end.rope), 64);
  return bytes;
}

void HeadsEmitter::bind(Emit &emit, Value scratch) {
  Type f32 = emit.getF32Type();
  int64_t offset = 0;
  for (auto [i, end] : llvm::enumerate(ends)) {
    rotations.emplace_back();
    if (!end.rope)
      continue;
    std::string table = (kernel.getSymName() + "_frequencies").str();
    if (i > 0)
      table += "_" + std::to_string(i);
    Row angles = {emit.at(scratch, emit.getI8Type(), emit.i64(offset)), f32};
    rotations.back().emplace(emit, end.rope, table, angles);
    offset += llvm::alignTo(Rotation::scratchBytes(end.rope), 64);
  }
}

void HeadsEmitter::emitUnit(Emit &emit, const KernelArguments &arguments,
                            int64_t i, const HeadsUnit &unit) {
  HeadsEnd end = ends[i];
  int64_t headDim = end.headDim();
  Value batchOperand = end.append ? end.append.getBatch() : end.rope.getBatch();
  auto batch =
      BatchFields::load(emit, pointerTo(emit, arguments, batchOperand));
  std::optional<CachePages> cache;
  std::optional<Matrix> result;
  if (end.append)
    cache.emplace(pointerTo(emit, arguments, end.append.getUpdated()),
                  end.append.getCache().getType());
  else
    result = matrixOf(emit, arguments, end.rope.getY());
  emit.loop(emit.i64(0), unit.tokens, 1, [&](Value t) {
    if (end.rope)
      rotations[i]->setPosition(emit, batch.position(emit, t));
    CachePages::Place place;
    if (cache)
      place = cache->place(emit, batch, t);
    Row row = unit.sums.from(emit, emit.mul(t, unit.pitch));
    emit.loop(emit.i64(0), unit.count, 1, [&](Value h) {
      Row head = row.from(emit, emit.mul(h, headDim));
      Value number = emit.add(unit.first, h);
      Row to = head;
      if (result)
        to = result->row(emit, t).from(emit, emit.mul(number, headDim));
      if (end.rope)
        rotations[i]->rotateHead(emit, head, to);
      if (cache && end.isKeys)
        cache->writeKeys(emit, place, number, head);
      else if (cache)
        cache->writeValues(emit, place, number, head);
    });
  });
}
