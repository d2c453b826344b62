//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/Target.h"

#include "runtime/abi/Amx.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <optional>

using namespace moec;

using Names = std::vector<std::string>;

// Of the levels of the System V psABI, what the CPU's features must show.
static const Names v3Features = {"avx2", "bmi",   "bmi2", "f16c",
                                 "fma",  "lzcnt", "movbe"};
static const Names v4Features = {"avx512f", "avx512bw", "avx512cd", "avx512dq",
                                 "avx512vl"};

static Names concat(Names a, const Names &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Of a core of Zen 4: 64 a cycle, twice as many as with FMA. Measured by the
/// peak probe of `moert bench`, as is the memory's rate by the read probe.
static constexpr double dotFlops = 231e9;

/// What AMD's prefetchers want; the defaults are Intel's.
static void tuneForZen(Target &t) {
  t.prefetchBytes = 16384;
  t.prefetchRows = 7;
  t.sparsePrefetchBytes = 8192;
}

static Target makeV3() {
  Target t;
  t.name = t.cpu = "x86-64-v3";
  t.tune = "generic";
  t.requiredFeatures = v3Features;
  return t;
}

static Target makeV4() {
  Target t;
  t.name = t.cpu = "x86-64-v4";
  t.tune = "generic";
  t.requiredFeatures = concat(v3Features, v4Features);
  t.vectorBits = 512;
  return t;
}

/// AVX-512 with the dot products for bf16 and int8. Named for the CPU it is
/// tuned for; it holds no instruction of that vendor alone.
static Target makeZnver4() {
  Target t = makeV4();
  t.name = t.tune = "znver4";
  t.extraFeatures = {"avx512bf16", "avx512vnni"};
  t.requiredFeatures = concat(t.requiredFeatures, t.extraFeatures);
  t.hasBF16Dot = true;
  tuneForZen(t);
  t.coreFlopsPerSecond = dotFlops;
  return t;
}

static const Names amxFeatures = {"amx-tile", "amx-bf16"};

/// Of a core: about half of what the peak probe of `moert bench` measured in
/// registers, as a tile is loaded for each product.
static constexpr double amxFlops = 1300e9;

static void useAmx(Target &t) {
  t.hasAmx = true;
  t.extraFeatures = amxFeatures;
  t.coreFlopsPerSecond = amxFlops;
}

/// AVX-512 and tile registers.
static Target makeSapphireRapids() {
  Target t = makeV4();
  t.name = t.tune = "sapphirerapids";
  useAmx(t);
  // Every CPU with tiles has these, too: so it is this target that is chosen
  // where others could run.
  t.requiredFeatures = concat(t.requiredFeatures, {"avx512bf16", "avx512vnni"});
  t.requiredFeatures = concat(t.requiredFeatures, amxFeatures);
  return t;
}

//===----------------------------------------------------------------------===//
// NVIDIA GPUs
//===----------------------------------------------------------------------===//

/// Architectures, and a card of each: A100, A10, L40S, H100, B200, RTX 5090.
static std::vector<GpuFeatures> gpuTable() {
  auto make = [](const char *arch, int64_t multiprocessors, int64_t sharedKiB,
                 int64_t warps, int64_t blocks, double bytesPerSecond,
                 double flopsPerSecond) {
    GpuFeatures gpu;
    gpu.arch = arch;
    gpu.multiprocessors = multiprocessors;
    gpu.memoryBytesPerSecond = bytesPerSecond;
    gpu.flopsPerSecond = flopsPerSecond;
    // One KiB of a multiprocessor's shared memory per block is the system's.
    gpu.sharedBytes = (sharedKiB - 1) << 10;
    gpu.multiprocessorShared = sharedKiB << 10;
    gpu.maxWarps = warps;
    gpu.maxBlocks = blocks;
    return gpu;
  };
  std::vector<GpuFeatures> gpus = {
      make("sm_80", 108, 164, 64, 32, 2.04e12, 312e12),
      make("sm_86", 72, 100, 48, 16, 0.6e12, 125e12),
      make("sm_89", 142, 100, 48, 24, 0.86e12, 362e12),
      make("sm_90a", 132, 228, 64, 32, 3.35e12, 989e12),
      make("sm_100a", 148, 228, 64, 32, 8e12, 2250e12),
      make("sm_120a", 170, 100, 48, 24, 1.79e12, 209e12)};
  for (GpuFeatures &gpu : gpus) {
    gpu.hasWarpgroupProducts = gpu.arch == "sm_90a";
    gpu.hasTensorCopies = llvm::StringRef(gpu.arch).ends_with("a");
    // What the cuBLAS manual recommends from Hopper on, and of earlier GPUs.
    gpu.libraryWorkspace = int64_t(gpu.hasTensorCopies ? 32 : 4) << 20;
  }
  return gpus;
}

static std::optional<Target> findGpu(llvm::StringRef name) {
  for (GpuFeatures &gpu : gpuTable()) {
    if (gpu.arch != name)
      continue;
    Target t;
    t.machine = Machine::Nvidia;
    t.name = name.str();
    t.gpu = gpu;
    t.cores = gpu.multiprocessors;
    t.memoryBytesPerSecond = gpu.memoryBytesPerSecond;
    t.coreFlopsPerSecond =
        gpu.flopsPerSecond / static_cast<double>(gpu.multiprocessors);
    t.coreCacheBytes = gpu.multiprocessorShared;
    return t;
  }
  return std::nullopt;
}

bool moec::isGpuTarget(llvm::StringRef name) {
  return findGpu(name).has_value();
}

//===----------------------------------------------------------------------===//
// The machine that compiles
//===----------------------------------------------------------------------===//

static llvm::Expected<Target> detectHost() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](const Names &names) {
    return llvm::all_of(
        names, [&](const std::string &name) { return features.lookup(name); });
  };
  if (!hasAll(v3Features))
    return llvm::createStringError(
        "--target: this CPU ('" + llvm::sys::getHostCPUName() +
        "') has no AVX2 and FMA, so 'host' cannot be compiled for; name "
        "another target: " +
        llvm::join(targetNames().drop_back(), ", "));
  Target t = hasAll(v4Features) ? makeV4() : makeV3();
  t.name = "host";
  t.tune = llvm::sys::getHostCPUName().str();
  bool isZen = llvm::StringRef(t.tune).starts_with("znver");
  if (isZen)
    tuneForZen(t);
  // Intel's VDPBF16PS takes twice as long as the two FMAs that it stands for
  // (measured on Sapphire Rapids: 0.5 and 2 a cycle).
  t.hasBF16Dot = isZen && t.vectorBits == 512 && features.lookup("avx512bf16");
  if (t.hasBF16Dot) {
    t.extraFeatures = {"avx512bf16"};
    t.coreFlopsPerSecond = dotFlops;
  }
  if (t.vectorBits == 512 && hasAll(amxFeatures) && moert_permit_amx())
    useAmx(t);
  t.requiredFeatures = concat(t.requiredFeatures, t.extraFeatures);
  return t;
}

llvm::ArrayRef<llvm::StringRef> moec::targetNames() {
  static const llvm::StringRef names[] = {
      "x86-64-v3", "x86-64-v4", "znver4", "sapphirerapids", "sm_80", "sm_86",
      "sm_89",     "sm_90a",    "sm_100a", "sm_120a",       "host"};
  return names;
}

llvm::Expected<Target> moec::lookupTarget(llvm::StringRef name) {
  if (name == "x86-64-v3")
    return makeV3();
  if (name == "x86-64-v4")
    return makeV4();
  if (name == "znver4")
    return makeZnver4();
  if (name == "sapphirerapids")
    return makeSapphireRapids();
  if (name == "host")
    return detectHost();
  if (std::optional<Target> gpu = findGpu(name))
    return std::move(*gpu);
  return llvm::createStringError("--target: unknown target '" + name +
                                 "'; known are " +
                                 llvm::join(targetNames(), ", "));
}
