//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, sections 9.7.9.6 and 9.7.13: instructions by which the lanes of a
// warp exchange values.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Numbers.h"
#include "runtime/emulator/isa/Sections.h"

#include <cmath>
#include <cstring>
#include <iterator>

namespace emulator {
namespace {

// --- shfl.sync ---

/// What a lane reads from one that does not take part: the manual leaves it
/// open.
constexpr uint32_t unspecified = 0xCDCDCDCD;

enum class Shuffle : uint8_t { Up, Down, Butterfly, Index };

struct Source {
  unsigned lane;
  bool inRange;
};

/// The lane that `lane` reads: the manual's pseudocode.
template <Shuffle Mode>
Source sourceOf(unsigned lane, uint32_t b, uint32_t c) {
  b &= 31;
  uint32_t clamp = c & 31, segment = c >> 8 & 31;
  int most = static_cast<int>((lane & segment) | (clamp & ~segment));
  int least = static_cast<int>(lane & segment);
  int at = static_cast<int>(lane), j = 0;
  bool inRange = false;
  switch (Mode) {
  case Shuffle::Up:
    j = at - static_cast<int>(b);
    inRange = j >= most;
    break;
  case Shuffle::Down:
    j = at + static_cast<int>(b);
    inRange = j <= most;
    break;
  case Shuffle::Butterfly:
    j = at ^ static_cast<int>(b);
    inRange = j <= most;
    break;
  case Shuffle::Index:
    j = least | static_cast<int>(b & ~segment);
    inRange = j <= most;
    break;
  }
  return {static_cast<unsigned>(inRange ? j : at) & 31, inRange};
}

template <Shuffle Mode>
Outcome shuffle(Warp &warp, const Instruction &i, Mask lanes) {
  uint32_t a[warpLanes];
  std::memcpy(a, warp.lanes<uint32_t>(i.list[2]), sizeof a);
  const auto *b = warp.lanes<uint32_t>(i.list[3]);
  const auto *c = warp.lanes<uint32_t>(i.list[4]);
  uint32_t results[warpLanes];
  Mask inRange = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    Source source = sourceOf<Mode>(lane, b[lane], c[lane]);
    results[lane] = lanes >> source.lane & 1 ? a[source.lane] : unspecified;
    inRange |= Mask(source.inRange) << lane;
  }
  eachLane(warp.lanes<uint32_t>(i.list[0]), lanes,
           [&](unsigned lane) { return results[lane]; });
  if (i.list[1] != noSlot)
    setPredicate(warp.predicate(i.list[1]), lanes, inRange);
  return Outcome::Next;
}

Handler selectShuffle(Selection &s) {
  std::string_view mode = s.word("mode");
  if (mode == "up")
    return shuffle<Shuffle::Up>;
  if (mode == "down")
    return shuffle<Shuffle::Down>;
  return mode == "bfly" ? shuffle<Shuffle::Butterfly> : shuffle<Shuffle::Index>;
}

// --- vote.sync, activemask, elect.sync ---

Mask votesOf(Warp &warp, const Instruction &i, Mask lanes) {
  return (warp.predicate(i.operand[1]) ^ i.target) & lanes;
}

Outcome voteAll(Warp &warp, const Instruction &i, Mask lanes) {
  setPredicate(warp.predicate(i.operand[0]), lanes,
               votesOf(warp, i, lanes) == lanes ? allLanes : 0);
  return Outcome::Next;
}
Outcome voteAny(Warp &warp, const Instruction &i, Mask lanes) {
  setPredicate(warp.predicate(i.operand[0]), lanes,
               votesOf(warp, i, lanes) ? allLanes : 0);
  return Outcome::Next;
}
Outcome voteUniform(Warp &warp, const Instruction &i, Mask lanes) {
  Mask votes = votesOf(warp, i, lanes);
  setPredicate(warp.predicate(i.operand[0]), lanes,
               votes == lanes || !votes ? allLanes : 0);
  return Outcome::Next;
}
Outcome ballot(Warp &warp, const Instruction &i, Mask lanes) {
  Mask votes = votesOf(warp, i, lanes);
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes,
           [&](unsigned) { return votes; });
  return Outcome::Next;
}

Handler selectVote(Selection &s) {
  s.instruction().target = s.negated("a") ? allLanes : 0;
  if (s.word("mode") == "all")
    return voteAll;
  return s.word("mode") == "any" ? voteAny : voteUniform;
}
Handler selectBallot(Selection &s) {
  s.instruction().target = s.negated("a") ? allLanes : 0;
  return ballot;
}

Outcome activeMask(Warp &warp, const Instruction &i, Mask lanes) {
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes,
           [&](unsigned) { return lanes; });
  return Outcome::Next;
}
Handler selectActiveMask(Selection &) { return activeMask; }

/// The leader is the lowest lane.
Outcome elect(Warp &warp, const Instruction &i, Mask lanes) {
  auto leader = static_cast<uint32_t>(__builtin_ctz(lanes));
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes,
           [&](unsigned) { return leader; });
  setPredicate(warp.predicate(i.operand[1]), lanes, Mask(1) << leader);
  return Outcome::Next;
}
Handler selectElect(Selection &s) {
  if (s.slot("p") == noSlot)
    s.refuse("the predicate is missing");
  return elect;
}

// --- match.sync ---

template <class T>
Outcome matchAny(Warp &warp, const Instruction &i, Mask lanes) {
  T a[warpLanes];
  std::memcpy(a, warp.lanes<T>(i.operand[1]), sizeof a);
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes, [&](unsigned lane) {
    Mask same = 0;
    for (unsigned other = 0; other < warpLanes; ++other)
      same |= Mask(a[other] == a[lane]) << other;
    return same & lanes;
  });
  return Outcome::Next;
}

template <class T>
Outcome matchAll(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[2]);
  T value = a[__builtin_ctz(lanes)];
  Mask same =
      lanes & lanesWhere([&](unsigned lane) { return a[lane] == value; });
  bool all = same == lanes;
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes,
           [&](unsigned) { return all ? lanes : 0; });
  if (i.operand[1] != noSlot)
    setPredicate(warp.predicate(i.operand[1]), lanes, all ? allLanes : 0);
  return Outcome::Next;
}

Handler selectMatchAny(Selection &s) {
  return s.type("type") == Type::B64 ? matchAny<uint64_t> : matchAny<uint32_t>;
}
Handler selectMatchAll(Selection &s) {
  return s.type("type") == Type::B64 ? matchAll<uint64_t> : matchAll<uint32_t>;
}

// --- redux.sync ---

template <class T, T (*Function)(T, T)>
Outcome reduce(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[1]);
  auto lane = static_cast<unsigned>(__builtin_ctz(lanes));
  T result = a[lane];
  for (Mask left = lanes & (lanes - 1); left; left &= left - 1)
    result = Function(result, a[__builtin_ctz(left)]);
  eachLane(warp.lanes<T>(i.operand[0]), lanes,
           [&](unsigned) { return result; });
  return Outcome::Next;
}

template <class T> T sum(T a, T b) {
  return static_cast<T>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
template <class T> T least(T a, T b) { return a < b ? a : b; }
template <class T> T greatest(T a, T b) { return a < b ? b : a; }
uint32_t both(uint32_t a, uint32_t b) { return a & b; }
uint32_t either(uint32_t a, uint32_t b) { return a | b; }
uint32_t differing(uint32_t a, uint32_t b) { return a ^ b; }

template <class T> Handler selectReduceOf(std::string_view op) {
  if (op == "add")
    return reduce<T, &sum<T>>;
  return op == "min" ? reduce<T, &least<T>> : reduce<T, &greatest<T>>;
}
Handler selectReduce(Selection &s) {
  return s.type("type") == Type::S32 ? selectReduceOf<int32_t>(s.word("op"))
                                     : selectReduceOf<uint32_t>(s.word("op"));
}
Handler selectReduceBits(Selection &s) {
  std::string_view op = s.word("op");
  if (op == "and")
    return reduce<uint32_t, &both>;
  return op == "or" ? reduce<uint32_t, &either> : reduce<uint32_t, &differing>;
}

/// Of numbers: NaN only where all are, or with `.NaN` where any is.
template <bool Least, bool Abs, bool Nan>
float extreme(float a, float b) {
  if (Abs) {
    a = std::fabs(a);
    b = std::fabs(b);
  }
  if (a != a || b != b) {
    float other = a != a ? b : a;
    return quietFloat(Nan ? bitCast<float>(canonicalNan) : other);
  }
  bool first = Least ? a < b || (a == b && std::signbit(a))
                     : a > b || (a == b && !std::signbit(a));
  return first ? a : b;
}
template <bool Least, bool Abs> Handler selectReduceNan(Selection &s) {
  return s.has("NaN") ? reduce<float, &extreme<Least, Abs, true>>
                      : reduce<float, &extreme<Least, Abs, false>>;
}
Handler selectReduceFloat(Selection &s) {
  bool abs = s.has("abs");
  if (s.word("op") == "min")
    return abs ? selectReduceNan<true, true>(s)
               : selectReduceNan<true, false>(s);
  return abs ? selectReduceNan<false, true>(s)
             : selectReduceNan<false, false>(s);
}

constexpr Convergence members = Convergence::Members;

const Row rows[] = {
    {"9.7.9.6",
     "shfl.sync.mode.b32 d:b32|p, a:b32, b:b32, c:b32, members:b32",
     "mode = up down bfly idx", selectShuffle, "sm_50", members, "members"},
    {"9.7.13.7", "vote.sync.mode.pred d:pred, !a:pred, members:b32",
     "mode = all any uni", selectVote, "sm_50", members, "members"},
    {"9.7.13.7", "vote.sync.ballot.b32 d:b32, !a:pred, members:b32", "",
     selectBallot, "sm_50", members, "members"},
    {"9.7.13.8", "match.any.sync.type d:b32, a:type, members:b32",
     "type = b32 b64", selectMatchAny, "sm_70", members, "members"},
    {"9.7.13.8", "match.all.sync.type d:b32|p, a:type, members:b32",
     "type = b32 b64", selectMatchAll, "sm_70", members, "members"},
    {"9.7.13.9", "activemask.b32 d:b32", "", selectActiveMask, "sm_50"},
    {"9.7.13.10", "redux.sync.op.type d:type, a:type, members:b32",
     "op = add min max; type = u32 s32", selectReduce, "sm_80", members,
     "members"},
    {"9.7.13.10", "redux.sync.op.b32 d:b32, a:b32, members:b32",
     "op = and or xor", selectReduceBits, "sm_80", members, "members"},
    {"9.7.13.10", "redux.sync.op{.abs}{.NaN}.f32 d:f32, a:f32, members:b32",
     "op = min max", selectReduceFloat, "sm_100a", members, "members"},
    {"9.7.13.12", "elect.sync d:b32|p, members:b32", "", selectElect, "sm_90",
     members, "members"},
};

} // namespace

Section collectiveSection() {
  return {"Parallel Synchronization Instructions: exchange within a warp", rows,
          std::size(rows)};
}

} // namespace emulator
