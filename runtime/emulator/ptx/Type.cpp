//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Type.h"

#include <algorithm>
#include <iterator>

namespace emulator {
namespace {

struct Entry {
  Type type;
  std::string_view name;
  unsigned bits;
  bool isFloat, isSigned;
};

// In the order of the enumeration.
const Entry entries[] = {
    {Type::None, "", 0, false, false},
    {Type::Pred, "pred", 1, false, false},
    {Type::B8, "b8", 8, false, false},
    {Type::B16, "b16", 16, false, false},
    {Type::B32, "b32", 32, false, false},
    {Type::B64, "b64", 64, false, false},
    {Type::B128, "b128", 128, false, false},
    {Type::U8, "u8", 8, false, false},
    {Type::U16, "u16", 16, false, false},
    {Type::U32, "u32", 32, false, false},
    {Type::U64, "u64", 64, false, false},
    {Type::S8, "s8", 8, false, true},
    {Type::S16, "s16", 16, false, true},
    {Type::S32, "s32", 32, false, true},
    {Type::S64, "s64", 64, false, true},
    {Type::F16, "f16", 16, true, true},
    {Type::BF16, "bf16", 16, true, true},
    {Type::F32, "f32", 32, true, true},
    {Type::F64, "f64", 64, true, true},
    {Type::TF32, "tf32", 32, true, true},
    {Type::E4M3, "e4m3", 8, true, true},
    {Type::E5M2, "e5m2", 8, true, true},
    {Type::E2M3, "e2m3", 8, true, true},
    {Type::E3M2, "e3m2", 8, true, true},
    {Type::E2M1, "e2m1", 4, true, true},
    {Type::UE8M0, "ue8m0", 8, true, false},
    {Type::U16x2, "u16x2", 32, false, false},
    {Type::S16x2, "s16x2", 32, false, true},
    {Type::F16x2, "f16x2", 32, true, true},
    {Type::BF16x2, "bf16x2", 32, true, true},
    {Type::E4M3x2, "e4m3x2", 16, true, true},
    {Type::E5M2x2, "e5m2x2", 16, true, true},
    {Type::E2M3x2, "e2m3x2", 16, true, true},
    {Type::E3M2x2, "e3m2x2", 16, true, true},
    {Type::E2M1x2, "e2m1x2", 8, true, true},
    {Type::UE8M0x2, "ue8m0x2", 16, true, false},
    {Type::E4M3x4, "e4m3x4", 32, true, true},
    {Type::E5M2x4, "e5m2x4", 32, true, true},
    {Type::E2M3x4, "e2m3x4", 32, true, true},
    {Type::E3M2x4, "e3m2x4", 32, true, true},
    {Type::E2M1x4, "e2m1x4", 16, true, true},
    {Type::F32x2, "f32x2", 64, true, true},
    {Type::U4, "u4", 4, false, false},
    {Type::S4, "s4", 4, false, true},
    {Type::U2, "u2", 2, false, false},
    {Type::S2, "s2", 2, false, true},
    {Type::B1, "b1", 1, false, false},
    {Type::B4, "b4", 4, false, false},
    {Type::B6, "b6", 6, false, false},
};
static_assert(std::size(entries) == static_cast<size_t>(Type::B6) + 1,
              "one entry for each type");

const Entry &entryOf(Type type) { return entries[static_cast<size_t>(type)]; }

} // namespace

std::optional<Type> parseType(std::string_view word) {
  auto found =
      std::find_if(std::begin(entries) + 1, std::end(entries),
                   [&](const Entry &entry) { return entry.name == word; });
  if (found == std::end(entries))
    return std::nullopt;
  return found->type;
}

std::string_view nameOf(Type type) { return entryOf(type).name; }
unsigned bitsOf(Type type) { return entryOf(type).bits; }
unsigned bytesOf(Type type) {
  return type == Type::None ? 0 : std::max(1u, entryOf(type).bits / 8);
}
bool isFloat(Type type) { return entryOf(type).isFloat; }
bool isSigned(Type type) { return entryOf(type).isSigned; }

} // namespace emulator
