//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Loads, stores and atomic operations on 32 bytes of a thread's own: PTX ISA,
// sections 9.7.9.8 to 9.7.9.11 and 9.7.13.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"
#include "test/runtime/emulator/Oracle.h"

#include <cstring>

namespace oracle {
namespace {

constexpr unsigned memoryWords = 4;

unsigned bitsOf(const std::string &type) {
  size_t digit = type.find_first_of("0123456789");
  unsigned bits = static_cast<unsigned>(std::stoul(type.substr(digit)));
  return type.find("x2") == std::string::npos ? bits : 2 * bits;
}

unsigned elementsOf(const Words &w) {
  std::string vec = w.among({"v2", "v4", "v8"});
  return vec.empty() ? 1 : static_cast<unsigned>(vec[1] - '0');
}

/// The memory as bytes.
struct Memory {
  unsigned char bytes[memoryWords * 8];
  explicit Memory(const uint64_t *words) {
    std::memcpy(bytes, words, sizeof bytes);
  }
  uint64_t get(unsigned at, unsigned count) const {
    uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i)
      value |= uint64_t(bytes[at + i]) << (8 * i);
    return value;
  }
  void set(unsigned at, unsigned count, uint64_t value) {
    for (unsigned i = 0; i < count; ++i)
      bytes[at + i] = static_cast<unsigned char>(value >> (8 * i));
  }
  Results results() const {
    Results all;
    for (unsigned word = 0; word < memoryWords; ++word)
      all.push_back(get(8 * word, 8));
    return all;
  }
};

/// op of one number; of floating point with MPFR.
uint64_t combined(const Words &w, const std::string &op,
                  const std::string &type, uint64_t old, uint64_t b) {
  const Format *format = formatNamed(type);
  if (format && op != "add") {
    uint64_t pair[] = {old, b, 0};
    return extremeOracle({op, type}, pair)[0].bits;
  }
  if (format) {
    // Single precision in global memory flushes denormals.
    bool flushes =
        type == "f32" &&
        w.among({"shared", "shared::cta", "shared::cluster"}).empty();
    Words sum{"add", "rn", type};
    if (flushes)
      sum.insert(sum.end() - 1, "ftz");
    uint64_t pair[] = {old, b, 0};
    return floatOracle(sum, pair)[0].bits;
  }
  Integer integer(type);
  __int128 x = integer.value(old), y = integer.value(b);
  if (op == "add")
    return integer.wrap(x + y);
  if (op == "min" || op == "max")
    return (x < y) == (op == "min") ? old : b;
  if (op == "inc")
    return old >= b ? 0 : old + 1;
  if (op == "dec")
    return old == 0 || old > b ? b : old - 1;
  if (op == "and")
    return old & b;
  if (op == "or")
    return old | b;
  return op == "xor" ? old ^ b : b;
}

/// The same for each part of a packed type.
uint64_t eachPart(const Words &w, const std::string &op,
                  const std::string &type, uint64_t old, uint64_t b) {
  size_t pair = type.find("x2");
  if (pair == std::string::npos)
    return combined(w, op, type, old, b);
  std::string part = type.substr(0, pair);
  uint64_t low = combined(w, op, part, old & 0xFFFF, b & 0xFFFF);
  return low | combined(w, op, part, old >> 16, b >> 16) << 16;
}

/// exch and cas of 128 bits.
Results wideAtomic(const Words &w, const uint64_t *in) {
  bool compares = w.has("cas");
  const uint64_t *b = in + memoryWords, *c = compares ? b + 2 : b;
  bool stores = !compares || (in[0] == b[0] && in[1] == b[1]);
  return {
      stores ? c[0] : in[0], stores ? c[1] : in[1], in[2], in[3], in[0], in[1]};
}

} // namespace

Results transferOracle(const Words &w, const uint64_t *in) {
  Memory memory(in);
  std::string type = w.typed(0);
  unsigned bytes = bitsOf(type) / 8, elements = elementsOf(w);
  unsigned unit = std::min(bytes, 8u), units = elements * (bytes / unit);
  const uint64_t *values = in + memoryWords;
  Results loaded;
  for (unsigned n = 0; n < units; ++n)
    if (w.mnemonic() == "st")
      memory.set(n * unit, unit, values[n]);
    else
      loaded.push_back(memory.get(n * unit, unit));
  Results all = memory.results();
  all.insert(all.end(), loaded.begin(), loaded.end());
  return all;
}

Results atomicOracle(const Words &w, const uint64_t *in) {
  std::string type = w.typed(0);
  if (type == "b128")
    return wideAtomic(w, in);
  Memory memory(in);
  std::string op = w.among(
      {"and", "or", "xor", "exch", "add", "inc", "dec", "min", "max", "cas"});
  unsigned bytes = bitsOf(type) / 8;
  const uint64_t *values = in + memoryWords;
  Results before;
  for (unsigned n = 0; n < elementsOf(w); ++n) {
    uint64_t old = memory.get(n * bytes, bytes), fresh;
    if (op == "cas")
      fresh = old == values[0] ? values[1] : old;
    else
      fresh = eachPart(w, op, type, old, values[n]);
    memory.set(n * bytes, bytes, fresh);
    before.push_back(old);
  }
  Results all = memory.results();
  all[0].anyNan = type == "f64" && isNan(*formatNamed("f64"), all[0].bits);
  if (w.mnemonic() == "atom")
    all.insert(all.end(), before.begin(), before.end());
  return all;
}

} // namespace oracle
