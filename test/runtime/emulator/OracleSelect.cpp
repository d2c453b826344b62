//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Comparisons, selections, moves and what the lanes of a warp tell each other:
// PTX ISA, sections 9.7.6, 9.7.7, 9.7.9 and 9.7.13.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"
#include "test/runtime/emulator/Oracle.h"

namespace oracle {
namespace {

uint64_t low(uint64_t bits, unsigned count) {
  return bits & (~uint64_t(0) >> (64 - count));
}

/// How a stands to b: -1, 0, 1, or 2 where either is NaN.
int ordering(const Words &w, const std::string &type, uint64_t a, uint64_t b) {
  if (const Format *format = formatNamed(type)) {
    auto bits = static_cast<unsigned>(format->bits());
    a = low(a, bits);
    b = low(b, bits);
    if (isNan(*format, a) || isNan(*format, b))
      return 2;
    if (w.has("ftz")) {
      a = flush(*format, a);
      b = flush(*format, b);
    }
    // Magnitudes are in the order of their bits.
    auto x = static_cast<int64_t>(a & (format->sign() - 1));
    auto y = static_cast<int64_t>(b & (format->sign() - 1));
    x = a & format->sign() ? -x : x;
    y = b & format->sign() ? -y : y;
    return (x > y) - (x < y);
  }
  Integer integer(type);
  __int128 x = integer.value(a), y = integer.value(b);
  return (x > y) - (x < y);
}

bool compared(const std::string &cmp, int order) {
  bool nan = order == 2;
  if (cmp == "num" || cmp == "nan")
    return nan == (cmp == "nan");
  std::string base = cmp;
  if (base.size() == 3) {
    // equ, ltu, ...: true for NaN as well.
    if (nan)
      return true;
    base.pop_back();
  }
  if (nan)
    return false;
  if (base == "eq")
    return order == 0;
  if (base == "ne")
    return order != 0;
  if (base == "lt" || base == "lo")
    return order < 0;
  if (base == "le" || base == "ls")
    return order <= 0;
  if (base == "gt" || base == "hi")
    return order > 0;
  return order >= 0;
}

bool combined(const Words &w, bool found, uint64_t c) {
  if (w.has("and"))
    return found && c;
  if (w.has("or"))
    return found || c;
  return w.has("xor") ? found != (c != 0) : found;
}

/// What set writes for true.
uint64_t truth(const std::string &type) {
  if (type == "f32")
    return 0x3F800000;
  if (type == "f16" || type == "f16x2")
    return 0x3C00;
  if (type == "bf16" || type == "bf16x2")
    return 0x3F80;
  return type == "u16" || type == "s16" ? 0xFFFF : 0xFFFFFFFF;
}

} // namespace

Results comparisonOracle(const Words &w, const uint64_t *in) {
  std::string type = w.typed(0), cmp = w[1];
  size_t pair = type.find("x2");
  type = type.substr(0, pair);
  bool first = compared(cmp, ordering(w, type, in[0], in[1]));
  bool second =
      pair == std::string::npos
          ? !first
          : compared(cmp, ordering(w, type, in[0] >> 16, in[1] >> 16));
  first = combined(w, first, in[2]);
  second = combined(w, second, in[2]);
  if (w.mnemonic() == "setp")
    return {uint64_t(first), uint64_t(second)};
  std::string to = w.typed(1);
  if (pair == std::string::npos)
    return {first ? truth(to) : 0};
  uint64_t yes = truth(to) & 0xFFFF;
  return {(first ? yes : 0) | (second ? yes << 16 : 0)};
}

Results selectionOracle(const Words &w, const uint64_t *in) {
  if (w.mnemonic() == "selp")
    return {in[2] ? in[0] : in[1]};
  if (w.typed(0) == "s32")
    return {static_cast<int32_t>(in[2]) >= 0 ? in[0] : in[1]};
  const Format &f32 = *formatNamed("f32");
  uint64_t c = w.has("ftz") ? flush(f32, low(in[2], 32)) : low(in[2], 32);
  bool least = !isNan(f32, c) && (!(c & f32.sign()) || c == f32.sign());
  return {least ? in[0] : in[1]};
}

namespace {

uint64_t permuted(const Words &w, const uint64_t *in) {
  auto byte = [&](uint64_t n) {
    return (n < 4 ? in[0] >> (8 * n) : in[1] >> (8 * (n - 4))) & 0xFF;
  };
  // The manual's table of modes: bytes 3 to 0 of the result.
  static const struct {
    const char *mode;
    unsigned of[4][4];
  } modes[] = {
      {"f4e", {{3, 2, 1, 0}, {4, 3, 2, 1}, {5, 4, 3, 2}, {6, 5, 4, 3}}},
      {"b4e", {{5, 6, 7, 0}, {6, 7, 0, 1}, {7, 0, 1, 2}, {0, 1, 2, 3}}},
      {"rc8", {{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}}},
      {"ecl", {{3, 2, 1, 0}, {3, 2, 1, 1}, {3, 2, 2, 2}, {3, 3, 3, 3}}},
      {"ecr", {{0, 0, 0, 0}, {1, 1, 1, 0}, {2, 2, 1, 0}, {3, 2, 1, 0}}},
      {"rc16", {{1, 0, 1, 0}, {3, 2, 3, 2}, {1, 0, 1, 0}, {3, 2, 3, 2}}},
  };
  uint64_t result = 0;
  for (const auto &mode : modes)
    if (w.has(mode.mode)) {
      for (unsigned i = 0; i < 4; ++i)
        result |= byte(mode.of[in[2] & 3][3 - i]) << (8 * i);
      return result;
    }
  for (unsigned i = 0; i < 4; ++i) {
    uint64_t selector = in[2] >> (4 * i) & 15, value = byte(selector & 7);
    if (selector & 8)
      value = value & 0x80 ? 0xFF : 0;
    result |= value << (8 * i);
  }
  return result;
}

} // namespace

/// mov: the driver says how many elements each side has, and of which width, in
/// words behind the type: `b64 from 2 32`, `b64 to 2 32`.
Results moveOracle(const Words &w, const uint64_t *in) {
  if (w.mnemonic() == "prmt")
    return {permuted(w, in)};
  size_t at = 1;
  while (at < w.size() && w[at] != "from" && w[at] != "to")
    ++at;
  if (at == w.size())
    return w.has("b128") ? Results{in[0], in[1]} : Results{in[0]};
  unsigned count = std::stoul(w[at + 1]), bits = std::stoul(w[at + 2]);
  unsigned __int128 whole = 0;
  if (w[at] == "to") {
    whole = in[0];
    if (w.has("b128"))
      whole |= static_cast<unsigned __int128>(in[1]) << 64;
    Results parts;
    for (unsigned i = 0; i < count; ++i)
      parts.push_back(low(static_cast<uint64_t>(whole >> (bits * i)), bits));
    return parts;
  }
  for (unsigned i = 0; i < count; ++i)
    whole |= static_cast<unsigned __int128>(low(in[i], bits)) << (bits * i);
  if (w.has("b128"))
    return {static_cast<uint64_t>(whole), static_cast<uint64_t>(whole >> 64)};
  return {static_cast<uint64_t>(whole)};
}

// --- exchange within a warp ---

namespace {

/// The lane that `lane` reads from by shfl, and whether it is in range.
std::pair<unsigned, bool> source(const Words &w, unsigned lane, uint64_t b,
                                 uint64_t c) {
  unsigned mask = c >> 8 & 31, clamp = c & 31;
  unsigned lowest = lane & mask, bound = lowest | (clamp & ~mask);
  int at = static_cast<int>(lane), by = static_cast<int>(b & 31);
  int from = w.has("up")     ? at - by
             : w.has("down") ? at + by
             : w.has("bfly") ? at ^ by
                             : static_cast<int>(lowest | (b & 31 & ~mask));
  auto limit = static_cast<int>(bound);
  bool inside = w.has("up") ? from >= limit : from <= limit;
  return {static_cast<unsigned>(inside ? from : at) & 31, inside};
}

uint64_t reduced(const Words &w, const Row &a, uint32_t active) {
  std::string type = w.typed(0);
  bool first = true;
  uint64_t result = 0;
  Integer integer(type);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (!(active >> lane & 1))
      continue;
    uint64_t x = result, y = a[lane];
    __int128 p = integer.value(x), q = integer.value(y);
    if (first)
      result = y;
    else if (w.has("add"))
      result = integer.wrap(p + q);
    else if (w.has("min") || w.has("max"))
      result = (p < q) == w.has("min") ? x : y;
    else
      result = w.has("and") ? x & y : w.has("or") ? x | y : x ^ y;
    first = false;
  }
  return result;
}

uint64_t reducedFloat(const Words &w, const Row &a, uint32_t active) {
  uint64_t result = 0x7FFFFFFF;
  Words step(w);
  step[0] = w.has("min") ? "min" : "max";
  bool first = true;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (!(active >> lane & 1))
      continue;
    uint64_t value = a[lane] & 0xFFFFFFFF;
    uint64_t pair[] = {first ? value : result, value, 0};
    result = extremeOracle(step, pair)[0].bits;
    first = false;
  }
  return result;
}

/// What every lane gets.
uint64_t agreed(const Words &w, const std::vector<Row> &in, uint32_t active) {
  if (w.mnemonic() == "redux")
    return w.has("f32") ? reducedFloat(w, in[0], active)
                        : reduced(w, in[0], active);
  uint32_t votes = 0;
  for (unsigned lane = 0; lane < lanes; ++lane)
    votes |= uint32_t(in[0][lane] != 0) << lane;
  votes &= active;
  if (w.has("ballot"))
    return votes;
  if (w.has("all"))
    return votes == active;
  return w.has("any") ? votes != 0 : votes == 0 || votes == active;
}

} // namespace

void exchangeOracle(const Words &w, const std::vector<Row> &in, uint32_t active,
                    std::vector<ExpectedRow> &out) {
  auto leader = static_cast<unsigned>(__builtin_ctz(active));
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (w.mnemonic() == "shfl") {
      auto [from, inside] = source(w, lane, in[1][lane], in[2][lane]);
      // From a lane that takes no part anything may come.
      bool unknown = !(active >> from & 1);
      out[0][lane] = {in[0][from], unknown ? ~uint64_t(0) : 0};
      out[1][lane] = {uint64_t(inside)};
    } else if (w.mnemonic() == "match") {
      uint32_t same = 0;
      for (unsigned other = 0; other < lanes; ++other)
        same |= uint32_t(in[0][other] == in[0][w.has("all") ? leader : lane])
                << other;
      same &= active;
      if (w.has("all")) {
        out[0][lane] = {same == active ? active : 0};
        out[1][lane] = {uint64_t(same == active)};
      } else {
        out[0][lane] = {same};
      }
    } else if (w.mnemonic() == "elect") {
      out[0][lane] = {leader};
      out[1][lane] = {uint64_t(lane == leader)};
    } else if (w.mnemonic() == "activemask") {
      out[0][lane] = {active};
    } else {
      out[0][lane] = {agreed(w, in, active)};
    }
  }
}

} // namespace oracle
