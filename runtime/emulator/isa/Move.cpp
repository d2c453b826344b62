//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.9: data movement within registers.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Names.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"

#include <chrono>
#include <cstring>
#include <iterator>

namespace emulator {
namespace {

template <class T> struct Copy {
  static T apply(T a) { return a; }
};

Outcome movePredicate(Warp &warp, const Instruction &i, Mask lanes) {
  setPredicate(warp.predicate(i.operand[0]), lanes,
               warp.predicate(i.operand[1]));
  return Outcome::Next;
}

Outcome move128(Warp &warp, const Instruction &i, Mask lanes) {
  auto *d = warp.lanes<uint64_t>(i.operand[0]);
  const auto *a = warp.lanes<uint64_t>(i.operand[1]);
  for (unsigned half = 0; half < 2 * warpLanes; ++half)
    if (lanes >> (half / 2) & 1)
      d[half] = a[half];
  return Outcome::Next;
}

/// The time of the host in nanoseconds.
uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::system_clock::now().time_since_epoch())
          .count());
}

enum class Clock : uint8_t { Cycles, Time, Grid, Zero };

/// A register that changes as the warp runs: `target` bits from bit `immediate`
/// on. Cycles are instructions of the warp.
Outcome moveClock(Warp &warp, const Instruction &i, Mask lanes) {
  uint64_t value = 0;
  switch (i.detailAs<Clock>()) {
  case Clock::Cycles:
    value = warp.clock();
    break;
  case Clock::Time:
    value = now();
    break;
  case Clock::Grid:
    value = 1;
    break;
  case Clock::Zero:
    break;
  }
  value >>= i.immediate;
  if (i.target == 64)
    eachLane(warp.lanes<uint64_t>(i.operand[0]), lanes,
             [&](unsigned) { return value; });
  else
    eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes,
             [&](unsigned) { return static_cast<uint32_t>(value); });
  return Outcome::Next;
}

Handler selectClock(Selection &s) {
  const std::string &name = s.syntax("a")->name;
  if (s.find(name).kind != Name::Kind::Clock)
    s.refuse("`" + name + "` is not declared, or no value here");
  bool high = name.size() > 3 && name.compare(name.size() - 3, 3, "_hi") == 0;
  bool time = name.compare(0, 12, "%globaltimer") == 0;
  bool wide = name == "%clock64" || name == "%globaltimer" ||
              name == "%gridid" || name == "%current_graph_exec";
  if (bitsOf(s.type("type")) != 32u && !wide)
    s.refuse("`" + name + "` has 32 bits");
  Clock clock = Clock::Zero;
  if (name.compare(0, 6, "%clock") == 0)
    clock = Clock::Cycles;
  else if (time)
    clock = Clock::Time;
  else if (name == "%gridid")
    clock = Clock::Grid;
  s.detail(clock);
  s.instruction().operand[0] = s.slot("d");
  s.instruction().immediate = high ? 32 : 0;
  s.instruction().target = bitsOf(s.type("type"));
  return moveClock;
}

Handler selectMove(Selection &s) {
  switch (bitsOf(s.type("type"))) {
  case 1:
    return movePredicate;
  case 16:
    return Lanewise<&Copy<uint16_t>::apply>::run;
  case 32:
    return Lanewise<&Copy<uint32_t>::apply>::run;
  case 64:
    return Lanewise<&Copy<uint64_t>::apply>::run;
  default:
    return move128;
  }
}

/// d = {a, b, ...}: the first element is the lowest.
template <class Whole, class Part, unsigned Bits>
Outcome pack(Warp &warp, const Instruction &i, Mask lanes) {
  unsigned count = i.listCount - 1u;
  Whole results[warpLanes] = {};
  for (unsigned e = 0; e < count; ++e) {
    const Part *from = warp.lanes<Part>(i.list[e + 1]);
    Whole keep = static_cast<Whole>(~Whole(0)) >> (sizeof(Whole) * 8 - Bits);
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      results[lane] =
          static_cast<Whole>(results[lane] | (from[lane] & keep) << (e * Bits));
  }
  eachLane(warp.lanes<Whole>(i.list[0]), lanes,
           [&](unsigned lane) { return results[lane]; });
  return Outcome::Next;
}

template <class Whole, class Part, unsigned Bits>
Outcome unpack(Warp &warp, const Instruction &i, Mask lanes) {
  unsigned count = i.listCount - 1u;
  Whole from[warpLanes];
  std::memcpy(from, warp.lanes<Whole>(i.list[count]), sizeof from);
  Whole keep = static_cast<Whole>(~Whole(0)) >> (sizeof(Whole) * 8 - Bits);
  for (unsigned e = 0; e < count; ++e)
    eachLane(warp.lanes<Part>(i.list[e]), lanes, [&](unsigned lane) {
      return static_cast<Part>(from[lane] >> (e * Bits) & keep);
    });
  return Outcome::Next;
}

template <class Whole, class Part, unsigned Bits>
Handler selectPack(Selection &s) {
  return s.count("d") == 1 ? pack<Whole, Part, Bits>
                           : unpack<Whole, Part, Bits>;
}

// --- addresses ---

uint64_t windowOf(std::string_view space) {
  if (space == "shared" || space == "shared::cta" || space == "shared::cluster")
    return sharedWindow;
  if (space == "local")
    return localWindow;
  if (space == "param" || space == "param::entry")
    return paramWindow;
  return 0;
}

Outcome addToAddress(Warp &warp, const Instruction &i, Mask lanes) {
  const auto *a = warp.lanes<uint64_t>(i.operand[1]);
  auto add = static_cast<uint64_t>(i.immediate);
  eachLane(warp.lanes<uint64_t>(i.operand[0]), lanes,
           [&](unsigned lane) { return a[lane] + add; });
  return Outcome::Next;
}

Handler selectConvertAddress(Selection &s) {
  std::string_view space = s.word("ss");
  uint64_t window = windowOf(space);
  // A parameter of a function other than a kernel lies in its frame.
  if (window == paramWindow && !s.function().kernel)
    window = localWindow;
  s.instruction().immediate =
      static_cast<int64_t>(s.has("to") ? 0 - window : window);
  return addToAddress;
}

struct SpaceTest {
  std::string_view space;
  uint64_t window;
};

/// The space of a generic address: `window`, the block's own part of the shared
/// one, or what is in no window, constant or not.
bool isIn(Warp &warp, const SpaceTest &test, uint64_t address) {
  if (test.space == "shared" || test.space == "shared::cta")
    return address - sharedWindow - warp.sharedMemory().base <=
           sharedOffsetMask;
  if (test.window)
    return address - test.window < windowBytes;
  const Region *region = warp.regionOf(address);
  bool constant = region && region->kind == RegionKind::Constant;
  if (test.space == "const")
    return constant;
  return !constant && address - sharedWindow >= windowBytes &&
         address - localWindow >= windowBytes &&
         address - paramWindow >= windowBytes;
}

Outcome isInSpace(Warp &warp, const Instruction &i, Mask lanes) {
  const auto *a = warp.lanes<uint64_t>(i.operand[1]);
  const auto &test = i.detailAs<SpaceTest>();
  Mask found =
      lanesWhere([&](unsigned lane) { return isIn(warp, test, a[lane]); });
  setPredicate(warp.predicate(i.operand[0]), lanes, found);
  return Outcome::Next;
}

Handler selectIsSpace(Selection &s) {
  s.detail(SpaceTest{s.word("ss"), windowOf(s.word("ss"))});
  return isInSpace;
}

/// mapa: the address that a block of the cluster has for the same variable.
template <class T>
Outcome mapAddress(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[1]);
  const auto *rank = warp.lanes<uint32_t>(i.operand[2]);
  auto blocks = warp.cluster().blocks().size();
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && rank[lane] >= blocks)
      return warp.fault(FaultKind::Undefined,
                        "block " + std::to_string(rank[lane]) +
                            " is not in the cluster of " +
                            std::to_string(blocks),
                        lanes);
  constexpr T rankBits = T(0xFF) << sharedRankShift;
  eachLane(warp.lanes<T>(i.operand[0]), lanes, [&](unsigned lane) {
    return static_cast<T>((a[lane] & ~rankBits) | static_cast<T>(rank[lane])
                                                      << sharedRankShift);
  });
  return Outcome::Next;
}

Handler selectMap(Selection &s) {
  return s.type("type") == Type::U64 ? mapAddress<uint64_t>
                                     : mapAddress<uint32_t>;
}

template <class T> struct RankOf {
  static uint32_t apply(T address) {
    return static_cast<uint32_t>(address >> sharedRankShift) & 0xFF;
  }
};

Handler selectRank(Selection &s) {
  return s.type("type") == Type::U64 ? Lanewise<&RankOf<uint64_t>::apply>::run
                                     : Lanewise<&RankOf<uint32_t>::apply>::run;
}

// --- prmt ---

uint32_t byteOf(uint64_t bytes, uint32_t selector) {
  auto byte = static_cast<uint32_t>(bytes >> (8 * (selector & 7)) & 0xFF);
  if (selector & 8)
    return byte & 0x80 ? 0xFF : 0;
  return byte;
}

uint32_t permute(uint32_t a, uint32_t b, uint32_t c) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i)
    result |= byteOf(bytes, c >> (4 * i) & 15) << (8 * i);
  return result;
}

enum class Pick : uint8_t { F4e, B4e, Rc8, Ecl, Ecr, Rc16 };

/// The modes of prmt: which of the 8 bytes becomes byte `i`.
template <Pick Mode> uint32_t permuteBy(uint32_t a, uint32_t b, uint32_t c) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t s = c & 3, result = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    uint32_t from = 0;
    switch (Mode) {
    case Pick::F4e:
      from = s + i;
      break;
    case Pick::B4e:
      from = (s - i) & 7;
      break;
    case Pick::Rc8:
      from = s;
      break;
    case Pick::Ecl:
      from = i < s ? s : i;
      break;
    case Pick::Ecr:
      from = i > s ? s : i;
      break;
    case Pick::Rc16:
      from = (s & 1) * 2 + (i & 1);
      break;
    }
    result |= byteOf(bytes, from) << (8 * i);
  }
  return result;
}

Handler selectPermute(Selection &s) {
  std::string_view mode = s.word("mode");
  if (mode.empty())
    return Lanewise<&permute>::run;
  if (mode == "f4e")
    return Lanewise<&permuteBy<Pick::F4e>>::run;
  if (mode == "b4e")
    return Lanewise<&permuteBy<Pick::B4e>>::run;
  if (mode == "rc8")
    return Lanewise<&permuteBy<Pick::Rc8>>::run;
  if (mode == "ecl")
    return Lanewise<&permuteBy<Pick::Ecl>>::run;
  if (mode == "ecr")
    return Lanewise<&permuteBy<Pick::Ecr>>::run;
  return Lanewise<&permuteBy<Pick::Rc16>>::run;
}

const char *const moved =
    "type = pred b16 b32 b64 b128 u16 u32 u64 s16 s32 s64 f16 bf16 f16x2 "
    "bf16x2 f32 f64";
const char *const spaces =
    "ss = const global local shared shared::cta shared::cluster param "
    "param::entry";

const Row rows[] = {
    {"9.7.9.1", "mov.type d:type, a:type", moved, selectMove},
    {"9.7.9.2", "mov.b16 d:b16, a:b8*2", "", selectPack<uint16_t, uint16_t, 8>},
    {"9.7.9.2", "mov.b16 d:b8*2, a:b16", "", selectPack<uint16_t, uint16_t, 8>},
    {"9.7.9.2", "mov.b32 d:b32, a:b8*4", "", selectPack<uint32_t, uint16_t, 8>},
    {"9.7.9.2", "mov.b32 d:b8*4, a:b32", "", selectPack<uint32_t, uint16_t, 8>},
    {"9.7.9.2", "mov.b32 d:b32, a:b16*2", "",
     selectPack<uint32_t, uint16_t, 16>},
    {"9.7.9.2", "mov.b32 d:b16*2, a:b32", "",
     selectPack<uint32_t, uint16_t, 16>},
    {"9.7.9.2", "mov.b64 d:b64, a:b16*4", "",
     selectPack<uint64_t, uint16_t, 16>},
    {"9.7.9.2", "mov.b64 d:b16*4, a:b64", "",
     selectPack<uint64_t, uint16_t, 16>},
    {"9.7.9.2", "mov.b64 d:b64, a:b32*2", "",
     selectPack<uint64_t, uint32_t, 32>},
    {"9.7.9.2", "mov.b64 d:b32*2, a:b64", "",
     selectPack<uint64_t, uint32_t, 32>},
    {"9.7.9.2", "mov.b128 d:b128, a:b32*4", "",
     selectPack<unsigned __int128, uint32_t, 32>},
    {"9.7.9.2", "mov.b128 d:b32*4, a:b128", "",
     selectPack<unsigned __int128, uint32_t, 32>},
    {"9.7.9.2", "mov.b128 d:b128, a:b64*2", "",
     selectPack<unsigned __int128, uint64_t, 64>},
    {"9.7.9.2", "mov.b128 d:b64*2, a:b128", "",
     selectPack<unsigned __int128, uint64_t, 64>},
    {"9.7.9.1", "mov.type d:type, a:symbol", "type = b32 u32 s32 b64 u64 s64",
     selectClock},
    {"9.7.9.7", "prmt.b32{.mode} d:b32, a:b32, b:b32, c:b32",
     "mode = f4e b4e rc8 ecl ecr rc16", selectPermute},
    {"9.7.9.19", "isspacep.ss p:pred, a:b64", spaces, selectIsSpace},
    {"9.7.9.20", "cvta{.to}.ss.type d:type, a:type",
     "ss = const global local shared shared::cta shared::cluster param "
     "param::entry; type = u64 b64",
     selectConvertAddress},
    {"9.7.9.23", "mapa{.ss}.type d:type, a:type, b:u32",
     "ss = shared::cluster; type = u32 u64", selectMap, "sm_90"},
    {"9.7.9.24", "getctarank{.ss}.type d:u32, a:type",
     "ss = shared::cluster; type = u32 u64", selectRank, "sm_90"},
};

} // namespace

Section moveSection() {
  return {"Data Movement Instructions: registers and addresses", rows,
          std::size(rows)};
}

} // namespace emulator
