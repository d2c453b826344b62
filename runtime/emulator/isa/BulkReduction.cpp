//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/BulkReduction.h"

#include "runtime/emulator/isa/AtomicOperations.h"

#include <cstring>

namespace emulator {
namespace {

template <class T, AtomicOperation<T> Apply>
void reduce(std::byte *memory, const std::byte *values, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += sizeof(T)) {
    T value;
    std::memcpy(&value, values + at, sizeof(T));
    bool changed = false;
    atomicUpdate<T, Apply>(reinterpret_cast<T *>(memory + at), value, value,
                           changed);
  }
}

template <class T> BulkReduction integerReduction(std::string_view operation) {
  if (operation == "add")
    return reduce<T, atomicAdd<T>>;
  if (operation == "min")
    return reduce<T, atomicMinimum<T>>;
  return operation == "max" ? reduce<T, atomicMaximum<T>> : nullptr;
}

template <class T> BulkReduction bitsReduction(std::string_view operation) {
  if (operation == "and")
    return reduce<T, atomicAnd<T>>;
  if (operation == "or")
    return reduce<T, atomicOr<T>>;
  return operation == "xor" ? reduce<T, atomicXor<T>> : nullptr;
}

template <class Format>
BulkReduction halfReduction(std::string_view operation) {
  using Half = AtomicHalf<Format>;
  if (operation == "add")
    return reduce<uint16_t, Half::add>;
  if (operation == "min")
    return reduce<uint16_t, Half::minimum>;
  return operation == "max" ? reduce<uint16_t, Half::maximum> : nullptr;
}

BulkReduction counterReduction(std::string_view operation) {
  if (operation == "inc")
    return reduce<uint32_t, atomicIncrement>;
  if (operation == "dec")
    return reduce<uint32_t, atomicDecrement>;
  return nullptr;
}

BulkReduction floatReduction(std::string_view operation, Type type) {
  if (type == Type::F16)
    return halfReduction<HalfFormat>(operation);
  if (type == Type::BF16)
    return halfReduction<BfloatFormat>(operation);
  if (operation != "add")
    return nullptr;
  return type == Type::F64 ? reduce<double, atomicAddDouble>
                           : reduce<float, atomicAddFlushed>;
}

} // namespace

BulkReduction bulkReduction(std::string_view operation, Type type) {
  BulkReduction counter =
      type == Type::U32 ? counterReduction(operation) : nullptr;
  if (counter)
    return counter;
  BulkReduction bits = bitsOf(type) == 64   ? bitsReduction<uint64_t>(operation)
                       : bitsOf(type) == 32 ? bitsReduction<uint32_t>(operation)
                                            : nullptr;
  if (bits && !isFloat(type))
    return bits;
  switch (type) {
  case Type::U32:
    return integerReduction<uint32_t>(operation);
  case Type::S32:
    return integerReduction<int32_t>(operation);
  case Type::U64:
    return integerReduction<uint64_t>(operation);
  case Type::S64:
    return integerReduction<int64_t>(operation);
  case Type::F16:
  case Type::BF16:
  case Type::F32:
  case Type::F64:
    return floatReduction(operation, type);
  default:
    return nullptr;
  }
}

} // namespace emulator
