//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Comparisons of two numbers, and how their results are combined and written.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_COMPARISON_H
#define RUNTIME_EMULATOR_ISA_COMPARISON_H

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Numbers.h"

#include <type_traits>

namespace emulator {

// Each holds or not for two numbers; NaN is a number for none but the last.
template <class T> bool isNan(T a) { return a != a; }
template <class T> struct Equal {
  static bool apply(T a, T b) { return a == b; }
};
template <class T> struct NotEqual { // of numbers: false for NaN
  static bool apply(T a, T b) { return a < b || a > b; }
};
template <class T> struct Less {
  static bool apply(T a, T b) { return a < b; }
};
template <class T> struct LessEqual {
  static bool apply(T a, T b) { return a <= b; }
};
template <class T> struct Greater {
  static bool apply(T a, T b) { return a > b; }
};
template <class T> struct GreaterEqual {
  static bool apply(T a, T b) { return a >= b; }
};
template <class T> struct EqualUnordered {
  static bool apply(T a, T b) { return !(a < b || a > b); }
};
template <class T> struct NotEqualUnordered {
  static bool apply(T a, T b) { return !(a == b); }
};
template <class T> struct LessUnordered {
  static bool apply(T a, T b) { return !(a >= b); }
};
template <class T> struct LessEqualUnordered {
  static bool apply(T a, T b) { return !(a > b); }
};
template <class T> struct GreaterUnordered {
  static bool apply(T a, T b) { return !(a <= b); }
};
template <class T> struct GreaterEqualUnordered {
  static bool apply(T a, T b) { return !(a < b); }
};
template <class T> struct Ordered {
  static bool apply(T a, T b) { return a == a && b == b; }
};
template <class T> struct Unordered {
  static bool apply(T a, T b) { return a != a || b != b; }
};

/// The lanes for which a comparison of two slots holds.
template <class Format, template <class> class Compare>
[[gnu::always_inline]] inline Mask compareLanes(Warp &warp, Slot a, Slot b) {
  using Storage = typename Format::Storage;
  const Storage *x = warp.lanes<Storage>(a);
  const Storage *y = warp.lanes<Storage>(b);
  using T = decltype(Format::read(x[0]));
  return lanesWhere([&](unsigned lane) {
    return Compare<T>::apply(Format::read(x[lane]), Format::read(y[lane]));
  });
}

/// What is done with a third predicate: c, or its complement.
struct Combination {
  enum class Kind : uint8_t { None, And, Or, Xor };
  Kind kind = Kind::None;
  Mask invert = 0;

  Mask apply(Warp &warp, Slot c, Mask found) const {
    if (kind == Kind::None)
      return found;
    Mask other = warp.predicate(c) ^ invert;
    if (kind == Kind::And)
      return found & other;
    return kind == Kind::Or ? found | other : found ^ other;
  }
};

struct SetResult {
  Combination combination;
  uint32_t yes = 0; ///< the bits of true
  bool wide = true; ///< 32 bits, not 16
};

inline Combination combinationOf(Selection &s) {
  Combination combination;
  std::string_view word = s.word("bool");
  if (word == "and")
    combination.kind = Combination::Kind::And;
  else if (word == "or")
    combination.kind = Combination::Kind::Or;
  else if (word == "xor")
    combination.kind = Combination::Kind::Xor;
  combination.invert = s.negated("c") ? allLanes : 0;
  return combination;
}

/// `Make<Format, Compare>::handler` for the comparison that `cmp` names.
template <template <class, template <class> class> class Make, class Format>
Handler selectComparison(Selection &s) {
  std::string_view cmp = s.word("cmp");
  using Number = decltype(Format::read(typename Format::Storage()));
  if (cmp == "eq")
    return Make<Format, Equal>::handler;
  if (cmp == "ne")
    return Make<Format, NotEqual>::handler;
  if (cmp == "lt" || cmp == "lo")
    return Make<Format, Less>::handler;
  if (cmp == "le" || cmp == "ls")
    return Make<Format, LessEqual>::handler;
  if (cmp == "gt" || cmp == "hi")
    return Make<Format, Greater>::handler;
  if (cmp == "ge" || cmp == "hs")
    return Make<Format, GreaterEqual>::handler;
  if constexpr (std::is_floating_point_v<Number>) {
    if (cmp == "equ")
      return Make<Format, EqualUnordered>::handler;
    if (cmp == "neu")
      return Make<Format, NotEqualUnordered>::handler;
    if (cmp == "ltu")
      return Make<Format, LessUnordered>::handler;
    if (cmp == "leu")
      return Make<Format, LessEqualUnordered>::handler;
    if (cmp == "gtu")
      return Make<Format, GreaterUnordered>::handler;
    if (cmp == "geu")
      return Make<Format, GreaterEqualUnordered>::handler;
    return cmp == "num" ? Make<Format, Ordered>::handler
                        : Make<Format, Unordered>::handler;
  }
  return nullptr;
}

/// The same for the type of the operands.
template <template <class, template <class> class> class Make>
Handler selectByType(Selection &s, Type type) {
  std::string_view cmp = s.word("cmp");
  bool isUnsigned = cmp == "lo" || cmp == "ls" || cmp == "hi" || cmp == "hs";
  bool bits = type == Type::B16 || type == Type::B32 || type == Type::B64;
  if (isUnsigned && (isSigned(type) || bits))
    s.refuse("`." + std::string(cmp) + "` needs an unsigned type");
  if (bits && cmp != "eq" && cmp != "ne")
    s.refuse("bits are compared with `.eq` and `.ne` alone");
  if (s.has("ftz") && (type == Type::F64 || type == Type::BF16))
    s.refuse("`.ftz` is for .f32 and .f16");
  switch (type) {
  case Type::B16:
  case Type::U16:
    return selectComparison<Make, Plain<uint16_t>>(s);
  case Type::B32:
  case Type::U32:
    return selectComparison<Make, Plain<uint32_t>>(s);
  case Type::B64:
  case Type::U64:
    return selectComparison<Make, Plain<uint64_t>>(s);
  case Type::S16:
    return selectComparison<Make, Plain<int16_t>>(s);
  case Type::S32:
    return selectComparison<Make, Plain<int32_t>>(s);
  case Type::S64:
    return selectComparison<Make, Plain<int64_t>>(s);
  case Type::F32:
    return s.has("ftz") ? selectComparison<Make, FlushedFloat>(s)
                        : selectComparison<Make, Plain<float>>(s);
  case Type::F64:
    return selectComparison<Make, Plain<double>>(s);
  case Type::F16:
    return s.has("ftz") ? selectComparison<Make, FlushedHalf>(s)
                        : selectComparison<Make, HalfFormat>(s);
  case Type::BF16:
    return selectComparison<Make, BfloatFormat>(s);
  default:
    return nullptr;
  }
}

/// The same for packed pairs.
template <template <class, template <class> class> class Make>
Handler selectPairFormat(Selection &s) {
  Type type = s.type("type") == Type::None ? s.type("stype") : s.type("type");
  if (type == Type::BF16x2) {
    if (s.has("ftz"))
      s.refuse("`.ftz` is for .f16x2");
    return selectComparison<Make, BfloatFormat>(s);
  }
  return s.has("ftz") ? selectComparison<Make, FlushedHalf>(s)
                      : selectComparison<Make, HalfFormat>(s);
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_COMPARISON_H
