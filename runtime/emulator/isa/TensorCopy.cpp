//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.9.25.5: bulk copies and reductions of tensors.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/BulkReduction.h"
#include "runtime/emulator/isa/Multicast.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/isa/TensorTransfer.h"

#include <iterator>

namespace emulator {
namespace {

/// What a use of a tensor instruction keeps.
struct TensorUse {
  AddressOperand shared, map, barrier;
  MemorySpace space = MemorySpace::Shared; ///< of `shared`
  unsigned rank = 0;
  Slot coordinates[5];
  Slot blocks = noSlot;    ///< the mask of a multicast
  bool rows = false;       ///< gather4 and scatter4: a column and four rows
  bool pairs = false;      ///< cta_group::2
  std::string_view reduce; ///< the operation, or empty
};

constexpr unsigned gatheredRows = 4;

/// Tells the monitor that the map at a generic address is read. False if it
/// raised a fault.
bool tellMap(Warp &warp, Mask lane, uint64_t address) {
  if (!warp.monitor())
    return true;
  Access access;
  access.proxy = Proxy::TensorMap;
  access.bytes = sizeof(TensorMap);
  access.lanes = lane;
  for (uint64_t &each : access.address)
    each = address;
  return warp.monitor()->access(warp, access);
}

/// Reads the map. False if a fault was raised.
bool readMap(Warp &warp, const TensorUse &use, unsigned lane, TensorMap &map) {
  const uint64_t address = use.map.at(warp, lane);
  const std::byte *bytes =
      address % 64 ? nullptr
                   : warp.at(MemorySpace::Generic, address, sizeof(map), lane);
  const Mask lanes = Mask(1) << lane;
  if (!bytes)
    warp.fault(FaultKind::IllegalAddress,
               "the tensor map is outside of memory, or not aligned to 64 "
               "bytes",
               lanes, address);
  else if (!TensorMap::read(bytes, map))
    warp.fault(FaultKind::Undefined,
               "the address holds no tensor map that cuTensorMapEncodeTiled "
               "made",
               lanes, address);
  else if (map.rank != use.rank)
    warp.fault(FaultKind::Undefined,
               "the tensor map has " + std::to_string(map.rank) +
                   " dimensions; the instruction " + std::to_string(use.rank),
               lanes, address);
  else if (map.boxBytes() > warp.grid().profile().sharedPerMultiprocessor)
    warp.fault(FaultKind::Undefined,
               "a box of " + std::to_string(map.boxBytes()) +
                   " bytes does not fit in shared memory",
               lanes, address);
  else if (use.rows && map.boxElements(1) != 1)
    warp.fault(FaultKind::Undefined,
               "the box of a gather or scatter must have one row", lanes,
               address);
  else
    return tellMap(warp, lanes, address);
  return false;
}

/// The boxes of one lane: one, or one for each row of a gather or scatter.
bool describeTransfer(Warp &warp, const TensorUse &use, unsigned lane,
                      TensorTransfer &transfer) {
  if (!readMap(warp, use, lane, transfer.map))
    return false;
  const auto coordinate = [&](unsigned d) {
    return warp.lanes<int32_t>(use.coordinates[d])[lane];
  };
  transfer.space = use.space;
  transfer.shared = use.shared.at(warp, lane);
  if (use.rows) {
    for (unsigned row = 0; row < gatheredRows; ++row)
      transfer.boxes.push_back({{coordinate(0), coordinate(row + 1)}});
  } else {
    BoxPosition position;
    for (unsigned d = 0; d < use.rank; ++d)
      position.at[d] = coordinate(d);
    transfer.boxes.push_back(position);
  }
  if (!use.reduce.empty()) {
    transfer.reduce = reductionOf(transfer.map, use.reduce);
    if (!transfer.reduce) {
      warp.fault(FaultKind::Undefined,
                 "the tensor's elements have no reduction ." +
                     std::string(use.reduce),
                 Mask(1) << lane);
      return false;
    }
  }
  constexpr uint32_t align = 128;
  if (transfer.shared % align == 0)
    return true;
  warp.fault(FaultKind::MisalignedAddress,
             "the box in shared memory is not aligned to 128 bytes",
             Mask(1) << lane, transfer.shared);
  return false;
}

Outcome loadBox(Warp &warp, const TensorTransfer &transfer, uint64_t barrier,
                unsigned lane) {
  return submitToBarrier(warp, AsyncKind::Bulk, Mask(1) << lane,
                         [transfer, barrier](const Engine &engine) {
                           if (loadTensor(engine, transfer) == Outcome::Fault)
                             return Outcome::Fault;
                           return engine.complete(barrier, transfer.bytes());
                         });
}

/// One operation for each block that the mask names. With cta_group::2 each
/// signals the barrier of its own block or of its peer: of the one whose rank
/// is even or odd as that of the barrier which is named.
Outcome loadMulticast(Warp &warp, const TensorUse &use,
                      const TensorTransfer &transfer, uint64_t barrier,
                      unsigned lane) {
  const uint32_t blocks = warp.lanes<uint16_t>(use.blocks)[lane];
  return eachBlockOf(warp, blocks, lane, [&](uint32_t rank) {
    TensorTransfer one = transfer;
    one.shared = sharedAddressIn(rank, transfer.shared);
    const uint32_t signalled =
        use.pairs ? (rank & ~1u) | (rankOfShared(barrier) & 1) : rank;
    return loadBox(warp, one, sharedAddressIn(signalled, barrier), lane);
  });
}

template <class Visit>
Outcome eachTransfer(Warp &warp, const TensorUse &use, Mask lanes,
                     Visit visit) {
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    TensorTransfer transfer;
    if (!describeTransfer(warp, use, lane, transfer) ||
        visit(transfer, lane) == Outcome::Fault)
      return Outcome::Fault;
  }
  return Outcome::Next;
}

Outcome load(Warp &warp, const Instruction &i, Mask lanes) {
  const TensorUse &use = i.detailAs<TensorUse>();
  return eachTransfer(
      warp, use, lanes, [&](const TensorTransfer &transfer, unsigned lane) {
        const uint64_t barrier = use.barrier.at(warp, lane);
        return use.blocks == noSlot
                   ? loadBox(warp, transfer, barrier, lane)
                   : loadMulticast(warp, use, transfer, barrier, lane);
      });
}

Outcome store(Warp &warp, const Instruction &i, Mask lanes) {
  const TensorUse &use = i.detailAs<TensorUse>();
  return eachTransfer(
      warp, use, lanes, [&](const TensorTransfer &transfer, unsigned lane) {
        auto values =
            std::make_shared<std::vector<std::byte>>();
        return submitStore(
            warp, lane,
            [transfer, values](const Engine &engine) {
              values->resize(transfer.bytes());
              return gatherBox(engine, transfer, *values);
            },
            [transfer, values](const Engine &engine) {
              return storeTensor(engine, transfer, *values);
            });
      });
}

/// The map must be right; the elements need not be brought anywhere.
Outcome prefetch(Warp &warp, const Instruction &i, Mask lanes) {
  const TensorUse &use = i.detailAs<TensorUse>();
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    TensorMap map;
    if (lanes >> lane & 1 && !readMap(warp, use, lane, map))
      return Outcome::Fault;
  }
  return Outcome::Next;
}

// --- selectors ---

TensorUse describe(Selection &s) {
  TensorUse use;
  use.map = addressOperand(s, "map");
  use.rank = static_cast<unsigned>(s.word("dim")[0] - '0');
  std::string_view mode = s.word("mode");
  use.rows = mode == "tile::gather4" || mode == "tile::scatter4";
  const unsigned coordinates = use.rows ? 1 + gatheredRows : use.rank;
  if (use.rows && use.rank != 2)
    s.refuse("a gather or scatter of rows needs `.2d`");
  if (s.count("c") != coordinates)
    s.refuse("has " + std::to_string(s.count("c")) + " coordinates; expected " +
             std::to_string(coordinates));
  for (unsigned d = 0; d < coordinates; ++d)
    use.coordinates[d] = s.slot("c", d);
  return use;
}

Handler selectLoad(Selection &s) {
  TensorUse use = describe(s);
  use.shared = addressOperand(s, "d");
  use.space = sharedSpace(s.word("dst"));
  use.barrier = addressOperand(s, "bar");
  use.blocks = s.slot("blocks");
  use.pairs =
      s.word("early") == "cta_group::2" || s.word("late") == "cta_group::2";
  if (!(s.word("early").empty() && s.word("late").empty()) && s.arch() < 100)
    s.refuse("`.cta_group` needs .target sm_100a");
  s.detail(use);
  return load;
}

Handler selectStore(Selection &s) {
  TensorUse use = describe(s);
  use.shared = addressOperand(s, "a");
  use.reduce = s.word("op");
  s.detail(use);
  return store;
}

Handler selectPrefetch(Selection &s) {
  s.detail(describe(s));
  return prefetch;
}

Handler refuseImages(Selection &s) {
  s.refuse("im2col tensors are not supported by the emulated device");
}

#define DIMS "dim = 1d 2d 3d 4d 5d"
#define LOAD                                                                   \
  DIMS "; early = cta_group::1 cta_group::2; late = cta_group::1 "             \
       "cta_group::2; "                                                        \
       "mode = tile tile::gather4; dst = "
#define HEAD                                                                   \
  "cp.async.bulk.tensor.dim{.early}.dst.global{.mode}"                         \
  ".mbarrier::complete_tx::bytes"
#define IMAGES "mode = im2col im2col::w im2col::w::128 im2col_no_offs"
#define OPS "op = add min max inc dec and or xor; "
const Row rows[] = {
    {"9.7.9.25.5.2", HEAD "{.late} [d], [map, c:s32+], [bar]",
     LOAD "shared::cta shared::cluster", selectLoad, "sm_90"},
    {"9.7.9.25.5.2",
     HEAD "{.late}.L2::cache_hint [d], [map, c:s32+], [bar], policy:b64",
     LOAD "shared::cta shared::cluster", selectLoad, "sm_90"},
    {"9.7.9.25.5.2",
     HEAD ".multicast::cluster{.late} [d], [map, c:s32+], [bar], blocks:b16",
     LOAD "shared::cluster", selectLoad, "sm_90"},
    {"9.7.9.25.5.2",
     HEAD ".multicast::cluster{.late}.L2::cache_hint [d], [map, c:s32+], "
          "[bar], blocks:b16, policy:b64",
     LOAD "shared::cluster", selectLoad, "sm_90"},
    {"9.7.9.25.5.2",
     HEAD "{.multicast::cluster}{.late}{.L2::cache_hint} [d], [map, c:s32+], "
          "[bar], offsets:b16+{, y:any}{, z:any}",
     DIMS "; early = cta_group::1 cta_group::2; "
          "late = cta_group::1 cta_group::2; dst = shared::cta "
          "shared::cluster; " IMAGES,
     refuseImages, "sm_90"},
    {"9.7.9.25.5.2",
     "cp.async.bulk.tensor.dim.global.shared::cta{.mode}.bulk_group "
     "[map, c:s32+], [a]",
     DIMS "; mode = tile tile::scatter4", selectStore, "sm_90"},
    {"9.7.9.25.5.2",
     "cp.async.bulk.tensor.dim.global.shared::cta{.mode}.bulk_group"
     ".L2::cache_hint [map, c:s32+], [a], policy:b64",
     DIMS "; mode = tile tile::scatter4", selectStore, "sm_90"},
    {"9.7.9.25.5.2",
     "cp.async.bulk.tensor.dim.global.shared::cta.mode.bulk_group"
     "{.L2::cache_hint} [map, c:s32+], [a]{, policy:b64}",
     DIMS "; " IMAGES, refuseImages, "sm_90"},
    {"9.7.9.25.5.3",
     "cp.reduce.async.bulk.tensor.dim.global.shared::cta.op{.tile}.bulk_group "
     "[map, c:s32+], [a]",
     OPS DIMS, selectStore, "sm_90"},
    {"9.7.9.25.5.3",
     "cp.reduce.async.bulk.tensor.dim.global.shared::cta.op{.tile}.bulk_group"
     ".L2::cache_hint [map, c:s32+], [a], policy:b64",
     OPS DIMS, selectStore, "sm_90"},
    {"9.7.9.25.5.4",
     "cp.async.bulk.prefetch.tensor.dim.L2.global{.mode} [map, c:s32+]",
     DIMS "; mode = tile tile::gather4", selectPrefetch, "sm_90"},
    {"9.7.9.25.5.4",
     "cp.async.bulk.prefetch.tensor.dim.L2.global{.mode}.L2::cache_hint "
     "[map, c:s32+], policy:b64",
     DIMS "; mode = tile tile::gather4", selectPrefetch, "sm_90"},
};
#undef OPS
#undef IMAGES
#undef HEAD
#undef LOAD
#undef DIMS

} // namespace

Section tensorCopySection() {
  return {"Asynchronous Bulk Copy of Tensors", rows, std::size(rows)};
}

} // namespace emulator
