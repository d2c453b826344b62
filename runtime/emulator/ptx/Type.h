//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The types of PTX: PTX ISA, sections 5.2 (fundamental types), 5.2.3 (floating
// point of other formats) and 5.2.5 (packed types).
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_TYPE_H
#define RUNTIME_EMULATOR_PTX_TYPE_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace emulator {

enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F32,
  F64,
  TF32,
  E4M3,
  E5M2,
  E2M3,
  E3M2,
  E2M1,
  UE8M0,
  U16x2,
  S16x2,
  F16x2,
  BF16x2,
  E4M3x2,
  E5M2x2,
  E2M3x2,
  E3M2x2,
  E2M1x2,
  UE8M0x2,
  E4M3x4,
  E5M2x4,
  E2M3x4,
  E3M2x4,
  E2M1x4,
  F32x2,
  U4,
  S4,
  U2,
  S2,
  B1,
  B4,
  B6,
};

/// The type that `word` names (`f32`, without its dot).
std::optional<Type> parseType(std::string_view word);

/// The word of a type, without its dot.
std::string_view nameOf(Type type);

/// Bits of a value: those of all its elements. 1 for a predicate.
unsigned bitsOf(Type type);

/// Bytes of the register or the memory cell that holds a value: 1 to 16.
unsigned bytesOf(Type type);

bool isFloat(Type type);
bool isSigned(Type type);

} // namespace emulator

#endif // RUNTIME_EMULATOR_PTX_TYPE_H
