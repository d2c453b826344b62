//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/TensorTransfer.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

constexpr uint32_t chunkBytes = 16;

/// Moves a row between its place in shared memory and `values`, by the chunks
/// that the swizzle permutes. False if a fault was raised.
template <AccessKind kind, class Move>
bool moveRow(const Engine &engine, const TensorTransfer &transfer,
             uint64_t start, uint32_t bytes, Move move) {
  const unsigned span = transfer.map.swizzleBytes();
  // Whole spans hold the same bytes swizzled or not: one access for the row.
  const bool whole = !span || (start % span == 0 && bytes % span == 0);
  if (whole) {
    std::byte *row = engine.reach(kind, transfer.space, start, bytes);
    if (!row)
      return false;
    for (uint32_t at = 0; at < bytes; at += chunkBytes) {
      const auto address = static_cast<uint32_t>(start) + at;
      const uint32_t place =
          swizzled(address, span) - static_cast<uint32_t>(start);
      move(row + place, at, std::min(chunkBytes, bytes - at));
    }
    return true;
  }
  for (uint32_t at = 0; at < bytes; at += chunkBytes) {
    const auto address = static_cast<uint32_t>(start) + at;
    const uint32_t count = std::min(chunkBytes, bytes - at);
    std::byte *chunk =
        engine.reach(kind, transfer.space, swizzled(address, span), count);
    if (!chunk)
      return false;
    move(chunk, at, count);
  }
  return true;
}

/// Calls visit(row, its offset from the first box) for each row of each box.
template <class Visit>
Outcome eachRow(const TensorTransfer &transfer, Visit visit) {
  uint32_t offset = 0;
  for (const BoxPosition &position : transfer.boxes) {
    BoxRows rows(transfer.map, position);
    for (BoxRow row; rows.next(row);)
      if (!visit(row, offset + row.offset))
        return Outcome::Fault;
    offset += static_cast<uint32_t>(transfer.map.boxBytes());
  }
  return Outcome::Next;
}

} // namespace

BulkReduction reductionOf(const TensorMap &map, std::string_view operation) {
  static constexpr Type types[] = {Type::U8,  Type::U16,  Type::U32, Type::S32,
                                   Type::U64, Type::S64,  Type::F16, Type::F32,
                                   Type::F64, Type::BF16, Type::F32, Type::TF32,
                                   Type::TF32};
  return bulkReduction(operation, types[static_cast<unsigned>(map.element)]);
}

Outcome loadTensor(const Engine &engine, const TensorTransfer &transfer) {
  std::vector<std::byte> values;
  engine.warp().wrote();
  return eachRow(transfer, [&](const BoxRow &row, uint32_t offset) {
    values.resize(row.bytes);
    if (row.inside != row.bytes)
      fillOutside(transfer.map, values.data(), row.bytes);
    if (row.inside) {
      const std::byte *from = engine.reach(
          AccessKind::Load, MemorySpace::Global, row.address, row.inside);
      if (!from)
        return false;
      std::memcpy(values.data() + row.before, from, row.inside);
    }
    return moveRow<AccessKind::Store>(
        engine, transfer, transfer.shared + offset, row.bytes,
        [&](std::byte *chunk, uint32_t at, uint32_t count) {
          std::memcpy(chunk, values.data() + at, count);
        });
  });
}

Outcome gatherBox(const Engine &engine, const TensorTransfer &transfer,
                  std::vector<std::byte> &values) {
  return eachRow(transfer, [&](const BoxRow &row, uint32_t offset) {
    // Rows that are outside of the tensor go nowhere.
    if (!row.inside)
      return true;
    return moveRow<AccessKind::Load>(
        engine, transfer, transfer.shared + offset, row.bytes,
        [&](const std::byte *chunk, uint32_t at, uint32_t count) {
          std::memcpy(values.data() + offset + at, chunk, count);
        });
  });
}

Outcome storeTensor(const Engine &engine, const TensorTransfer &transfer,
                    const std::vector<std::byte> &values) {
  engine.warp().wrote();
  return eachRow(transfer, [&](const BoxRow &row, uint32_t offset) {
    if (!row.inside)
      return true;
    const AccessKind kind =
        transfer.reduce ? AccessKind::Atomic : AccessKind::Store;
    std::byte *to =
        engine.reach(kind, MemorySpace::Global, row.address, row.inside);
    if (!to)
      return false;
    const std::byte *from = values.data() + offset + row.before;
    if (transfer.reduce)
      transfer.reduce(to, from, row.inside);
    else
      std::memcpy(to, from, row.inside);
    return true;
  });
}

} // namespace emulator
