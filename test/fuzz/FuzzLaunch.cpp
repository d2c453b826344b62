//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A launch whose every number comes from the input, of the first kernel of the
// PTX behind them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Checks.h"
#include "runtime/emulator/machine/Launch.h"
#include "runtime/emulator/machine/TensorMap.h"
#include "test/fuzz/PtxMutator.h"

#include <algorithm>
#include <cstring>
#include <random>

using namespace emulator;

namespace {

/// What an input begins with.
struct Header {
  uint32_t grid[3], block[3], cluster[3];
  uint32_t dynamicShared, maxDynamicShared;
  uint8_t flags;      ///< the bits below
  uint8_t completion; ///< a bit for each kind: lazily
  uint8_t order;
  uint8_t seed;
  /// 0xA1 in the highest byte: added to the memory, where a tensor map lies
  /// behind 4 KiB.
  uint64_t parameters[8];
};
enum : uint8_t {
  Cooperative = 1,
  HasCluster = 2,
  NonPortable = 4,
  Checked = 8,
};

constexpr uint64_t memoryTag = 0xA1;

Settings settingsOf(const Header &header) {
  Settings settings;
  settings.order = static_cast<Order>(header.order % 4);
  settings.seed = header.seed;
  settings.starvedWarp = header.seed % 32;
  for (unsigned kind = 0; kind != asyncKinds; ++kind)
    if (header.completion >> kind & 1)
      settings.completion[kind] = Completion::Lazy;
  settings.hostThreads = header.seed % 4 ? 1 : 2;
  settings.idleRounds = 50;
  settings.instructionLimit = 20000;
  return settings;
}

constexpr uint64_t memoryBytes = 4096;

/// A tensor map whose numbers are those of the header's last parameters.
TensorMap mapOf(const Header &header, uint64_t memory) {
  uint8_t numbers[16];
  std::memcpy(numbers, header.parameters + 6, sizeof numbers);
  TensorMap map;
  map.address = memory;
  map.rank = 1 + numbers[0] % 5;
  map.element = static_cast<TensorMap::Element>(numbers[1] % 13);
  map.swizzle = static_cast<TensorMap::Swizzle>(numbers[2] % 4);
  map.nanFill = numbers[3] % 2;
  for (unsigned d = 0; d < 5; ++d) {
    map.extents[d] = map.box[d] = map.elementStrides[d] = 1;
    if (d >= map.rank)
      continue;
    map.box[d] = 1 + numbers[4 + d];
    map.extents[d] = 1 + numbers[9 + d];
    if (d)
      map.strides[d - 1] = 16u << numbers[4 + d] % 8;
  }
  map.seal();
  return map;
}

/// The header's parameters, as many times as the kernel needs; tensor maps
/// where one may be.
std::vector<std::byte> parametersOf(const Header &header,
                                    const Function &kernel, uint64_t memory) {
  const size_t bytes = kernel.parameterBytes;
  std::vector<std::byte> made(bytes);
  for (size_t at = 0; at < bytes; at += 8) {
    uint64_t value = header.parameters[at / 8 % 8];
    if (value >> 56 == memoryTag)
      value = memory + (value & 0xffffffff);
    std::memcpy(made.data() + at, &value, std::min<size_t>(8, bytes - at));
  }
  const TensorMap map = mapOf(header, memory);
  for (const Parameter &parameter : kernel.parameters)
    if (parameter.bytes == sizeof map)
      std::memcpy(made.data() + parameter.offset, &map, sizeof map);
  return made;
}

LaunchRequest requestOf(const Header &header, const Profile &profile) {
  LaunchRequest request;
  request.grid = {header.grid[0], header.grid[1], header.grid[2]};
  request.block = {header.block[0], header.block[1], header.block[2]};
  request.cluster = {header.cluster[0], header.cluster[1], header.cluster[2]};
  request.hasCluster = header.flags & HasCluster;
  request.cooperative = header.flags & Cooperative;
  request.nonPortableCluster = header.flags & NonPortable;
  request.dynamicSharedBytes = header.dynamicShared;
  request.maxDynamicSharedBytes = header.maxDynamicShared;
  request.settings = settingsOf(header);
  request.profile = profile;
  return request;
}

/// One number of a header: mostly small ones, which are launched.
void mutateHeader(Header &header, std::mt19937 &random) {
  uint32_t *const extents[] = {header.grid, header.block, header.cluster};
  uint8_t *const bytes[] = {&header.flags, &header.completion, &header.order,
                            &header.seed};
  switch (random() % 4) {
  case 0:
    extents[random() % 3][random() % 3] = 1u << random() % 8;
    return;
  case 1:
    extents[random() % 3][random() % 3] = random() >> random() % 32;
    return;
  case 2:
    *bytes[random() % 4] = static_cast<uint8_t>(random());
    return;
  default:
    header.dynamicShared = random() >> random() % 32;
    header.maxDynamicShared = random() % 2 ? header.dynamicShared : 0;
    header.parameters[random() % 8] =
        memoryTag << 56 | (random() % 2 ? random() % 300 * 16 : random());
    if (random() % 4 == 0)
      header.parameters[6 + random() % 2] = uint64_t(random()) << 32 | random();
  }
}

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes,
                                          size_t most, unsigned seed) {
  std::mt19937 random(seed);
  if (bytes < sizeof(Header) || random() % 4)
    return sizeof(Header) <= std::min(bytes, most)
               ? sizeof(Header) + mutatePtx(data + sizeof(Header),
                                            bytes - sizeof(Header),
                                            most - sizeof(Header), seed)
               : bytes;
  Header header;
  std::memcpy(&header, data, sizeof header);
  mutateHeader(header, random);
  std::memcpy(data, &header, sizeof header);
  return bytes;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  Header header;
  if (bytes < sizeof header)
    return 0;
  std::memcpy(&header, data, sizeof header);
  DeviceMemory memory(uint64_t(1) << 20);
  Profile profile;
  profile.multiprocessors = 2;
  LoadResult loaded =
      Program::load({reinterpret_cast<const char *>(data) + sizeof header,
                     bytes - sizeof header},
                    "fuzz.ptx", profile, memory);
  if (!loaded.program || loaded.program->kernels().empty())
    return 0;
  LaunchRequest request = requestOf(header, profile);
  request.program = loaded.program;
  request.kernel = loaded.program->kernels().front();
  const uint64_t address = memory.allocate(memoryBytes + sizeof(TensorMap));
  const TensorMap map = mapOf(header, address);
  memory.write(address + memoryBytes, &map, sizeof map);
  request.parameters = parametersOf(header, *request.kernel, address);
  std::unique_ptr<Monitor> checks;
  CheckSelection selection;
  if (header.flags & Checked && parseChecks("all", selection))
    checks = makeChecks(selection);
  request.monitor = checks.get();
  launch(memory, request);
  return 0;
}
