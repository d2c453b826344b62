//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Operands are gathered chunk by chunk, decoded all at once, and put into the
// order that the tiles want.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/WarpgroupProduct.h"

#include "runtime/emulator/machine/Engine.h"
#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/MatrixDescriptor.h"
#include "runtime/emulator/machine/MatrixElement.h"
#include "runtime/emulator/machine/MatrixTile.h"
#include "runtime/emulator/machine/MatrixUnit.h"

#include <cstring>

namespace emulator {
namespace {

constexpr unsigned maxExtent = 256;
constexpr unsigned maxElements = maxExtent * depthBytes * 8; ///< of 1 bit

/// One operand as its descriptor gives it.
struct Operand {
  MatrixDescriptor descriptor;
  Type type;
  unsigned extent; ///< along M or N
  unsigned k;
  bool transposed;
  bool negated;
};

Operand operandA(const ProductForm &form, uint64_t descriptor) {
  return {MatrixDescriptor(descriptor),
          form.a,
          warpgroupRows,
          form.k,
          form.transposeA,
          form.negateA};
}

Operand operandB(const ProductForm &form, uint64_t descriptor) {
  return {MatrixDescriptor(descriptor),
          form.b,
          form.n,
          form.k,
          form.transposeB,
          form.negateB};
}

/// Calls visit(shared offset) for each chunk of rows (or columns) first to
/// end - 1, in the order of x and k, or of k and x if it is transposed.
template <class Visit>
bool eachChunk(const Operand &operand, unsigned first, unsigned end,
               Visit visit) {
  if (!operand.transposed) {
    for (unsigned x = first; x < end; ++x)
      for (unsigned c = 0; c < depthBytes / chunkBytes; ++c)
        if (!visit(operand.descriptor.rowChunk(x, c)))
          return false;
    return true;
  }
  for (unsigned k = 0; k < operand.k; ++k)
    for (unsigned c = first / 8; c < end / 8; ++c)
      if (!visit(operand.descriptor.columnChunk(c, k)))
        return false;
  return true;
}

/// The elements, in the order of eachChunk.
bool gather(Block &block, const Operand &operand, float *values) {
  std::byte packed[maxExtent * depthBytes];
  std::byte *next = packed;
  const bool inside = eachChunk(operand, 0, operand.extent, [&](uint32_t at) {
    const std::byte *chunk = block.shared(at, chunkBytes);
    if (!chunk)
      return false;
    std::memcpy(next, chunk, chunkBytes);
    next += chunkBytes;
    return true;
  });
  if (!inside)
    return false;
  const unsigned count = operand.extent * operand.k;
  decode(operand.type, packed, count, values);
  if (operand.negated)
    for (unsigned i = 0; i < count; ++i)
      values[i] = -values[i];
  return true;
}

bool tellOperand(const ProductPart &part, const Operand &operand,
                 unsigned first, unsigned end) {
  Warp &warp = *part.warp;
  const uint64_t base =
      sharedWindow + (uint64_t(warp.block().rank()) << sharedRankShift);
  return eachChunk(operand, first, end, [&](uint32_t at) {
    return warp.monitor()->engineAccess(warp, AccessKind::Load, base + at,
                                        chunkBytes);
  });
}

} // namespace

bool decodeA(Block &block, const ProductForm &form, uint64_t descriptor,
             float *a) {
  const Operand operand = operandA(form, descriptor);
  if (!operand.transposed)
    return gather(block, operand, a);
  float values[warpgroupRows * 16];
  if (!gather(block, operand, values))
    return false;
  for (unsigned row = 0; row < warpgroupRows; ++row)
    for (unsigned k = 0; k < form.k; ++k)
      a[row * form.k + k] = values[k * warpgroupRows + row];
  return true;
}

bool decodeB(Block &block, const ProductForm &form, uint64_t descriptor,
             float *b) {
  const Operand operand = operandB(form, descriptor);
  static thread_local std::vector<float> storage(maxElements);
  float *values = storage.data();
  if (!gather(block, operand, values))
    return false;
  const unsigned alongK = operand.transposed ? form.n : 1;
  const unsigned alongN = operand.transposed ? 1 : form.k;
  for (unsigned first = 0; first < form.n; first += tileColumns) {
    float *rows = b + first * form.k;
    for (unsigned k = 0; k < form.k; ++k)
      for (unsigned column = 0; column < tileColumns; ++column)
        rows[k * tileColumns + tilePlace(column)] =
            values[(first + column) * alongN + k * alongK];
  }
  return true;
}

void decodeRows(const ProductForm &form, const ProductPart &part, float *a) {
  const void *registers[8];
  for (size_t q = 0; q < form.fragments.size(); ++q)
    registers[q] = part.lanes(form.fragments[q]);
  decodeFragmentA(form.a, warpRows, form.k, registers, false, a);
  if (form.negateA)
    for (unsigned i = 0; i < warpRows * form.k; ++i)
      a[i] = -a[i];
}

void accumulate(const ProductForm &form, const ProductPart &part,
                const float *a, const float *b) {
  const unsigned perHalf = form.d == Type::F16 ? 1 : 2;
  for (unsigned half = 0; half < warpRows / tileRows; ++half) {
    const float *rows = a + half * tileRows * form.k;
    for (unsigned block = 0; block < form.n / tileColumns; ++block) {
      void *registers[2];
      for (unsigned q = 0; q < perHalf; ++q)
        registers[q] =
            part.lanes(form.accumulators[(2 * block + half) * perHalf + q]);
      Tile tile;
      const bool integers = form.d == Type::S32;
      if (part.accumulate && !integers)
        loadTile(form.d, registers, tile);
      multiplyAdd(rows, b + block * tileColumns * form.k, form.k, tile);
      if (integers)
        addIntegers(tile, part.accumulate ? registers : nullptr, registers,
                    {form.saturate, 0});
      else
        storeTile(form.d, registers, tile);
    }
  }
}

bool tellReadsOfA(const ProductForm &form, const ProductPart &part,
                  unsigned member) {
  const unsigned first = member * warpRows;
  return !part.warp->monitor() || !form.fragments.empty() ||
         tellOperand(part, operandA(form, part.a), first, first + warpRows);
}

bool tellReadsOfB(const ProductForm &form, const ProductPart &part) {
  return !part.warp->monitor() ||
         tellOperand(part, operandB(form, part.b), 0, form.n);
}

} // namespace emulator
