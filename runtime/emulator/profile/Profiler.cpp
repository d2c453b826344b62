//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/profile/Profiler.h"

#include "runtime/emulator/check/BankConflicts.h"
#include "runtime/emulator/machine/Grid.h"

#include <algorithm>
#include <tuple>

namespace emulator {
namespace {

constexpr uint64_t sectorBytes = 32;

/// The space of a generic address. Constants are told apart by their region.
ProfiledSpace spaceOf(Warp &warp, uint64_t address) {
  if (address - sharedWindow < windowBytes) {
    const uint64_t rank = (address - sharedWindow) >> sharedRankShift;
    return rank == warp.block().rank() ? ProfiledSpace::Shared
                                       : ProfiledSpace::Cluster;
  }
  if (address - localWindow < windowBytes)
    return ProfiledSpace::Local;
  if (address - paramWindow < windowBytes)
    return ProfiledSpace::Parameters;
  const Region *region = warp.regionOf(address);
  return region && region->kind == RegionKind::Constant
             ? ProfiledSpace::Constant
             : ProfiledSpace::Global;
}

/// Sectors that the lanes of an access touch, each once.
uint64_t sectorsOf(const Access &access) {
  uint64_t sectors[warpLanes * 2];
  size_t count = 0;
  for (Mask left = access.lanes; left; left &= left - 1) {
    const uint64_t address = access.address[__builtin_ctz(left)];
    const uint64_t first = address / sectorBytes;
    const uint64_t last = (address + access.bytes - 1) / sectorBytes;
    sectors[count++] = first;
    if (last != first)
      sectors[count++] = last;
  }
  std::sort(sectors, sectors + count);
  return static_cast<uint64_t>(std::unique(sectors, sectors + count) - sectors);
}

/// The part of an access by `lanes` alone.
Access partOf(const Access &access, Mask lanes) {
  Access part = access;
  part.lanes = lanes;
  return part;
}

uint64_t requestedBytes(const Access &access) {
  return static_cast<unsigned>(__builtin_popcount(access.lanes)) *
         uint64_t(access.bytes);
}

} // namespace

//===----------------------------------------------------------------------===//
// Launches and instructions
//===----------------------------------------------------------------------===//

void Profiler::launchBegins(Grid &grid) {
  const LaunchRequest &request = grid.request();
  counts_ = {};
  counts_.kernel = grid.kernel().name;
  counts_.file = request.program->file();
  counts_.arch = request.profile.arch;
  counts_.grid = request.grid;
  counts_.block = request.block;
  if (request.hasCluster)
    counts_.cluster = request.cluster;
  counts_.sharedBytes = grid.kernel().sharedBytes(request.dynamicSharedBytes);
  codes_.clear();
  touched_.clear();
  lastTouched_ = nullptr;
  lastCode_ = 0;
}

void Profiler::launchEnds(Grid &, Fault &fault) {
  counts_.faulted = static_cast<bool>(fault);
  for (auto &[address, touched] : touched_) {
    touched.allocation.read = touched.read.count();
    touched.allocation.written = touched.written.count();
    counts_.uniqueRead += touched.allocation.read;
    counts_.uniqueWritten += touched.allocation.written;
    counts_.allocations.push_back(touched.allocation);
  }
  addSites();
  touched_.clear();
  lastTouched_ = nullptr;
}

void Profiler::blockBegins(Block &block) {
  for (auto &warp : block.warps())
    warp->watch();
  counts_.warps += block.warps().size();
}

/// Instructions at which lanes must meet are counted as they do.
bool Profiler::instruction(Warp &warp, const Instruction &, Mask lanes) {
  if (warp.frame().function->sites[warp.pc()].convergence == Convergence::None)
    count(warp, lanes);
  return true;
}

void Profiler::converged(Warp &warp, Mask lanes) { count(warp, lanes); }

/// Counts the current instruction, unless it was begun before and waited.
void Profiler::count(Warp &warp, Mask lanes) {
  const Function &function = *warp.frame().function;
  const Site &site = function.sites[warp.pc()];
  if (warp.resumed() || !site.row)
    return;
  InstructionCounts &counts = codeOf(function).counts[warp.pc()];
  counts.site = &site;
  ++counts.warps;
  counts.lanes += static_cast<unsigned>(__builtin_popcount(lanes));
}

Profiler::Code &Profiler::codeOf(const Function &function) {
  if (lastCode_ < codes_.size() && codes_[lastCode_].function == &function)
    return codes_[lastCode_];
  for (lastCode_ = 0; lastCode_ < codes_.size(); ++lastCode_)
    if (codes_[lastCode_].function == &function)
      return codes_[lastCode_];
  codes_.push_back({&function, {}});
  codes_.back().counts.resize(function.sites.size());
  return codes_.back();
}

/// What is counted for an instruction, which may be one of another function
/// than the current one: an operation that it issued. Null if it did not run.
InstructionCounts *Profiler::countsOf(const Site &site) {
  const auto holds = [&](const Code &code) {
    const std::vector<Site> &sites = code.function->sites;
    return &site >= sites.data() && &site < sites.data() + sites.size();
  };
  auto code = lastCode_ < codes_.size() && holds(codes_[lastCode_])
                  ? codes_.begin() + static_cast<ptrdiff_t>(lastCode_)
                  : std::find_if(codes_.begin(), codes_.end(), holds);
  return code == codes_.end() ? nullptr
                              : &code->counts[static_cast<size_t>(
                                    &site - code->function->sites.data())];
}

/// Sums up the instructions.
void Profiler::addSites() {
  for (const Code &code : codes_)
    for (const InstructionCounts &each : code.counts) {
      if (!each.warps)
        continue;
      const std::string kind = kindOf(*each.site);
      counts_.instructions += each.warps;
      counts_.lanes += each.lanes;
      counts_.kinds[kind] += each.warps;
      if (kind == "atomic") {
        counts_.atomicInstructions += each.warps;
        counts_.atomicLanes += each.lanes;
      }
      if (const uint64_t operations = matrixOperationsOf(*each.site)) {
        counts_.matrixInstructions += each.warps;
        counts_.matrixOperations += each.warps * operations;
      }
      counts_.sharedAccesses += each.sharedAccesses;
      counts_.wavefronts += each.wavefronts;
      counts_.bankConflicts += each.wavefronts - each.leastWavefronts;
      counts_.sites.push_back(each);
    }
  std::sort(counts_.sites.begin(), counts_.sites.end(),
            [](const InstructionCounts &a, const InstructionCounts &b) {
              return std::tie(a.site->line, a.site) <
                     std::tie(b.site->line, b.site);
            });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void Profiler::request(ProfiledSpace space, AccessKind kind, uint64_t bytes) {
  RequestedBytes &requested = counts_.requested[static_cast<unsigned>(space)];
  (kind == AccessKind::Load    ? requested.read
   : kind == AccessKind::Store ? requested.written
                               : requested.atomic) += bytes;
}

void Profiler::addSectors(AccessKind kind, uint64_t sectors,
                          InstructionCounts *of) {
  if (kind != AccessKind::Store)
    counts_.sectorsRead += sectors;
  if (kind != AccessKind::Load)
    counts_.sectorsWritten += sectors;
  if (of)
    of->sectors += sectors;
}

void Profiler::touch(Warp &warp, AccessKind kind, uint64_t address,
                     uint64_t bytes) {
  const auto holds = [&](const AllocationCounts &allocation) {
    return address - allocation.address < allocation.bytes;
  };
  if (!lastTouched_ || !holds(lastTouched_->allocation)) {
    const Region *region = warp.regionOf(address);
    if (!region)
      return;
    lastTouched_ = &touched_[region->base];
    lastTouched_->allocation.address = region->base;
    lastTouched_->allocation.bytes = region->bytes;
    lastTouched_->allocation.name = region->name;
  }
  const uint64_t offset = address - lastTouched_->allocation.address;
  if (kind != AccessKind::Store)
    lastTouched_->read.add(offset, bytes);
  if (kind != AccessKind::Load)
    lastTouched_->written.add(offset, bytes);
}

/// Lanes that follow each other are one stretch.
void Profiler::countGlobal(Warp &warp, const Access &access,
                           InstructionCounts *of) {
  uint64_t begin = 0, end = 0;
  for (Mask left = access.lanes; left; left &= left - 1) {
    const uint64_t address = access.address[__builtin_ctz(left)];
    if (address != end) {
      if (end != begin)
        touch(warp, access.kind, begin, end - begin);
      begin = address;
    }
    end = address + access.bytes;
  }
  touch(warp, access.kind, begin, end - begin);
  addSectors(access.kind, sectorsOf(access), of);
}

void Profiler::countShared(const Access &access, InstructionCounts *of) {
  if (!of)
    return;
  const Wavefronts wavefronts =
      wavefrontsOf(access.address, access.lanes, access.bytes);
  ++of->sharedAccesses;
  of->wavefronts += wavefronts.taken;
  of->leastWavefronts += wavefronts.least;
}

bool Profiler::access(Warp &warp, const Access &access) {
  if (access.mbarrier || !access.lanes)
    return true;
  InstructionCounts *of = countsOf(warp.site());
  if (of)
    of->bytes += requestedBytes(access);
  for (Mask left = access.lanes; left;) {
    const ProfiledSpace space =
        spaceOf(warp, access.address[__builtin_ctz(left)]);
    Mask same = 0;
    for (Mask rest = left; rest; rest &= rest - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
      if (spaceOf(warp, access.address[lane]) == space)
        same |= Mask(1) << lane;
    }
    left &= ~same;
    const Access part = partOf(access, same);
    request(space, access.kind, requestedBytes(part));
    if (space == ProfiledSpace::Global)
      countGlobal(warp, part, of);
    else if (space == ProfiledSpace::Shared)
      countShared(part, of);
  }
  return true;
}

void Profiler::async(Warp &, Mask, const AsyncEvent &event) {
  if (event.action == AsyncEvent::Action::Perform)
    performing_ = event.kind;
}

/// Copies of engines, and what products read of shared memory: no access of a
/// warp, so no bank conflicts.
bool Profiler::engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                            uint32_t bytes) {
  if (performing_ == AsyncKind::Matrix) {
    counts_.productBytes += bytes;
    return true;
  }
  InstructionCounts *of = countsOf(warp.site());
  if (of)
    of->bytes += bytes;
  const ProfiledSpace space = spaceOf(warp, address);
  request(space, kind, bytes);
  if (space != ProfiledSpace::Global)
    return true;
  touch(warp, kind, address, bytes);
  const uint64_t first = address / sectorBytes;
  addSectors(kind, (address + bytes - 1) / sectorBytes - first + 1, of);
  return true;
}

} // namespace emulator
