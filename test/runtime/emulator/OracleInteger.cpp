//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Integers: PTX ISA, sections 9.7.1, 9.7.2 and 9.7.8.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"
#include "test/runtime/emulator/Oracle.h"

#include <cstdlib>

namespace oracle {

std::string Words::typed(unsigned n) const {
  static const char *const others[] = {
      "pred",   "b8",     "b16",    "b32",    "b64",    "b128",
      "f16x2",  "bf16x2", "u16x2",  "s16x2",  "f32x2",  "e4m3x2",
      "e5m2x2", "e2m3x2", "e3m2x2", "e2m1x2", "ue8m0x2"};
  for (size_t i = size(); i-- > 1;) {
    const std::string &word = (*this)[i];
    bool integer = word.size() < 4 && (word[0] == 'u' || word[0] == 's') &&
                   word.size() > 1 && word[1] >= '0' && word[1] <= '9';
    bool other = std::find(std::begin(others), std::end(others), word) !=
                 std::end(others);
    if ((integer || other || formatNamed(word)) && n-- == 0)
      return word;
  }
  return "";
}

std::string Words::among(std::initializer_list<const char *> words) const {
  for (const char *word : words)
    if (has(word))
      return word;
  return "";
}

Integer::Integer(const std::string &type)
    : bits(static_cast<unsigned>(std::atoi(type.c_str() + 1))),
      isSigned(type[0] == 's') {}

__int128 Integer::value(uint64_t raw) const {
  __int128 low = raw & (~uint64_t(0) >> (64 - bits));
  bool negative = isSigned && raw >> (bits - 1) & 1;
  return negative ? low - (__int128(1) << bits) : low;
}

uint64_t Integer::wrap(__int128 value) const {
  return static_cast<uint64_t>(value) & (~uint64_t(0) >> (64 - bits));
}

namespace {

__int128 clamp(const Integer &type, __int128 value) {
  return std::max(type.least(), std::min(type.most(), value));
}

/// Floor of value / 2^bits.
__int128 above(__int128 value, unsigned bits) { return value >> bits; }

/// The product of mul and mad: its low half, its high one, or all of it.
__int128 product(const Words &w, const Integer &type, uint64_t x, uint64_t y) {
  if (w.mnemonic().find("24") != std::string::npos) {
    Integer part(type.isSigned ? "s24" : "u24");
    __int128 whole = part.value(x) * part.value(y);
    return w.has("hi") ? above(whole, 16) : whole;
  }
  if (type.bits == 64 && !type.isSigned && w.has("hi")) {
    auto whole = static_cast<unsigned __int128>(x) * y;
    return static_cast<__int128>(whole >> 64);
  }
  __int128 whole =
      static_cast<__int128>(static_cast<unsigned __int128>(type.value(x)) *
                            static_cast<unsigned __int128>(type.value(y)));
  return w.has("hi") ? above(whole, type.bits) : whole;
}

__int128 arithmetic(const Words &w, const Integer &type, const uint64_t *in) {
  const std::string &op = w.mnemonic();
  __int128 a = type.value(in[0]), b = type.value(in[1]);
  if (op == "add")
    return a + b;
  if (op == "sub")
    return a - b;
  if (op == "min" || op == "max") {
    __int128 chosen = op == "min" ? std::min(a, b) : std::max(a, b);
    return w.has("relu") ? std::max<__int128>(chosen, 0) : chosen;
  }
  if (op == "div") // by zero: all ones, which the manual leaves open
    return b == 0 ? -1 : a / b;
  if (op == "rem")
    return b == 0 ? a : a % b;
  if (op == "abs")
    return a < 0 ? -a : a;
  if (op == "neg")
    return -a;
  return type.value(in[2]) + (a < b ? b - a : a - b); // sad
}

Results dotProduct(const Words &w, const uint64_t *in) {
  bool four = w.mnemonic() == "dp4a";
  Integer wide(w[w.size() - 2]), bytes(w[w.size() - 1]);
  Integer a(std::string(1, wide.isSigned ? 's' : 'u') + (four ? "8" : "16"));
  Integer b(bytes.isSigned ? "s8" : "u8");
  __int128 sum = in[2];
  unsigned first = w.has("hi") ? 2 : 0;
  for (unsigned i = 0; i < (four ? 4 : 2); ++i)
    sum += a.value(in[0] >> (a.bits * i)) * b.value(in[1] >> (8 * (first + i)));
  return {Integer("u32").wrap(sum)};
}

} // namespace

Results integerOracle(const Words &w, const uint64_t *in) {
  if (w.mnemonic().rfind("dp", 0) == 0)
    return dotProduct(w, in);
  std::string name = w.typed(0);
  if (name.find("x2") != std::string::npos) {
    uint64_t packed = 0;
    Integer half(name.substr(0, 3));
    for (unsigned shift = 0; shift < 32; shift += 16) {
      uint64_t parts[] = {in[0] >> shift, in[1] >> shift, 0};
      packed |= half.wrap(arithmetic(w, half, parts)) << shift;
    }
    return {packed};
  }
  Integer type(name);
  bool multiplies = w.mnemonic()[0] == 'm' && w.mnemonic()[1] != 'i' &&
                    w.mnemonic()[2] != 'x';
  if (!multiplies) {
    __int128 result = arithmetic(w, type, in);
    return {type.wrap(w.has("sat") ? clamp(type, result) : result)};
  }
  Integer result = type;
  if (w.has("wide"))
    result = Integer(name[0] + std::to_string(2 * type.bits));
  __int128 value = product(w, type, in[0], in[1]);
  if (w.mnemonic().rfind("mad", 0) == 0) {
    // Only the half of the product that is asked for is added to.
    Integer half = result;
    value = half.value(half.wrap(value)) + half.value(in[2]);
  }
  return {result.wrap(w.has("sat") ? clamp(result, value) : value)};
}

Results carryOracle(const Words &w, const uint64_t *in) {
  Integer type(w.typed(0));
  Integer plain("u" + std::to_string(type.bits));
  bool multiplies = w.mnemonic()[0] == 'm';
  __int128 a = plain.value(in[0]), b = plain.value(in[1]);
  unsigned next = 2;
  if (multiplies) {
    a = plain.value(plain.wrap(product(w, type, in[0], in[1])));
    b = plain.value(in[next++]);
  }
  bool reads = w.mnemonic().back() == 'c'; // addc, subc, madc
  bool carry = in[next] != 0;
  bool subtracts = w.mnemonic()[0] == 's';
  __int128 sum =
      subtracts ? a - b - (reads && carry) : a + b + (reads && carry);
  bool out = sum < 0 || sum > plain.most();
  return {plain.wrap(sum), uint64_t(w.has("cc") ? out : carry)};
}

namespace {

uint64_t fieldOf(const Words &w, const uint64_t *in) {
  Integer type(w.typed(0));
  unsigned at = in[1] & 255, length = in[2] & 255;
  uint64_t result = 0;
  unsigned top = std::min(at + length - 1, type.bits - 1);
  bool sign = type.isSigned && length && in[0] >> top & 1;
  for (unsigned i = 0; i < type.bits; ++i) {
    bool inside = i < length && at + i < type.bits;
    bool bit = inside ? in[0] >> (at + i) & 1 : sign;
    result |= uint64_t(bit) << i;
  }
  return result;
}

uint64_t inserted(const Words &w, const uint64_t *in) {
  Integer type(w.typed(0));
  unsigned at = in[2] & 255, length = in[3] & 255;
  uint64_t result = in[1];
  for (unsigned i = 0; i < length && at + i < type.bits; ++i) {
    uint64_t bit = uint64_t(1) << (at + i);
    result = in[0] >> i & 1 ? result | bit : result & ~bit;
  }
  return type.wrap(result);
}

uint64_t highest(const Words &w, const uint64_t *in) {
  Integer type(w.typed(0));
  bool sign = type.isSigned && in[0] >> (type.bits - 1) & 1;
  for (unsigned i = type.bits; i-- > 0;)
    if ((in[0] >> i & 1) != sign)
      return w.has("shiftamt") ? type.bits - 1 - i : i;
  return 0xFFFFFFFF;
}

uint64_t nthSet(const uint64_t *in) {
  auto n = static_cast<int32_t>(in[2]);
  if (in[1] > 31)
    return 0xFFFFFFFF;
  auto at = static_cast<int64_t>(in[1]);
  if (n == 0)
    return in[0] >> at & 1 ? in[1] : 0xFFFFFFFF;
  int64_t left = std::abs(int64_t(n));
  for (; at >= 0 && at<32; at += n> 0 ? 1 : -1)
    if (in[0] >> at & 1 && --left == 0)
      return static_cast<uint64_t>(at);
  return 0xFFFFFFFF;
}

uint64_t ones(const Words &w, const uint64_t *in) {
  bool wrap = w.has("wrap");
  uint64_t at = wrap ? in[0] & 31 : in[0], length = wrap ? in[1] & 31 : in[1];
  uint64_t result = 0;
  for (uint64_t i = 0; i < 32; ++i)
    result |= uint64_t(i >= at && i - at < length) << i;
  return result;
}

uint64_t extended(const Words &w, const uint64_t *in) {
  Integer type(w.typed(0));
  uint64_t n = w.has("wrap") ? in[1] & 31 : std::min<uint64_t>(in[1], 32);
  if (n == 0)
    return 0;
  Integer part((type.isSigned ? "s" : "u") + std::to_string(n));
  return type.wrap(part.value(in[0]));
}

} // namespace

Results bitsOracle(const Words &w, const uint64_t *in) {
  const std::string &op = w.mnemonic();
  if (op == "bfe")
    return {fieldOf(w, in)};
  if (op == "bfi")
    return {inserted(w, in)};
  if (op == "bfind")
    return {highest(w, in)};
  if (op == "fns")
    return {nthSet(in)};
  if (op == "bmsk")
    return {ones(w, in)};
  if (op == "szext")
    return {extended(w, in)};
  unsigned bits = Integer(w.typed(0)).bits;
  uint64_t count = 0, reversed = 0, leading = bits;
  for (unsigned i = 0; i < bits; ++i) {
    bool set = in[0] >> i & 1;
    count += set;
    reversed |= uint64_t(set) << (bits - 1 - i);
    leading = set ? bits - 1 - i : leading;
  }
  return {op == "popc" ? count : op == "clz" ? leading : reversed};
}

namespace {

uint64_t shifted(const Words &w, const uint64_t *in) {
  Integer type(w.typed(0));
  uint64_t by = std::min<uint64_t>(in[1], type.bits);
  if (w.mnemonic() == "shl")
    return type.wrap(
        static_cast<__int128>(static_cast<unsigned __int128>(in[0]) << by));
  return type.wrap(type.value(in[0]) >> by);
}

uint64_t funnel(const Words &w, const uint64_t *in) {
  uint64_t by = w.has("wrap") ? in[2] & 31 : std::min<uint64_t>(in[2], 32);
  uint64_t pair = in[1] << 32 | in[0], result = 0;
  for (uint64_t i = 0; i < 32; ++i) {
    uint64_t from = w.has("l") ? i + 32 - by : i + by;
    result |= (pair >> from & 1) << i;
  }
  return result;
}

} // namespace

Results logicOracle(const Words &w, const uint64_t *in) {
  const std::string &op = w.mnemonic();
  if (op == "lop3") {
    uint64_t result = 0;
    for (unsigned i = 0; i < 32; ++i) {
      unsigned row =
          (in[0] >> i & 1) << 2 | (in[1] >> i & 1) << 1 | (in[2] >> i & 1);
      result |= (in[3] >> row & 1) << i;
    }
    if (!w.has("and") && !w.has("or"))
      return {result};
    bool found = result != 0, q = in[4] != 0;
    return {result, uint64_t(w.has("and") ? found && q : found || q)};
  }
  if (op == "shf")
    return {funnel(w, in)};
  if (op == "shl" || op == "shr")
    return {shifted(w, in)};
  bool predicate = w.has("pred");
  Integer type(predicate ? "b1" : w.typed(0));
  if (op == "cnot")
    return {uint64_t(type.wrap(in[0]) == 0)};
  if (op == "not")
    return {type.wrap(~in[0])};
  uint64_t result = op == "and"  ? in[0] & in[1]
                    : op == "or" ? in[0] | in[1]
                                 : in[0] ^ in[1];
  return {type.wrap(result)};
}

} // namespace oracle
