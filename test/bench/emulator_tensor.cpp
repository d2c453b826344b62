//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// moec-bench-emulator-tensor: how fast the emulated device multiplies matrices,
// checked or not, on the GEMMs of test/runtime/emulator: mma.sync fed by
// cp.async, and wgmma fed by TMA. Reports GFLOP/s, best of the repetitions.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestTensor.h"

#include "runtime/emulator/check/Checks.h"
#include "runtime/emulator/machine/Launch.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

using namespace emulator;

namespace {

/// What is measured: m x n x k, all multiples of 128.
struct Case {
  const char *file, *kernel, *arch;
  Dim3 block;
  unsigned tileM, tileN;
  uint32_t shared; ///< dynamic, bytes
  bool maps;       ///< A and B are tensor maps
};
const Case cases[] = {
    {"Ampere.ptx",
     "groups",
     "sm_80",
     {256},
     128,
     128,
     3 * 2 * 128 * 40 * 2,
     false},
    {"Wgmma.ptx", "halfKK", "sm_90a", {160}, 64, 64, 2 * 2 * 64 * 128, true},
};

class Bench {
public:
  Bench(const std::string &folder, const Case &bench);
  void setUp(int m, int n, int k);
  double secondsOf(int repetitions, Monitor *checks);

private:
  template <class T> void put(const T &value) {
    const Parameter &parameter = request_.kernel->parameters.at(next_++);
    std::memcpy(request_.parameters.data() + parameter.offset, &value,
                sizeof(T));
  }
  uint64_t upload(const std::vector<uint8_t> &bytes) {
    const uint64_t address = memory_.allocate(bytes.size());
    memory_.write(address, bytes.data(), bytes.size());
    return address;
  }

  const Case &case_;
  DeviceMemory memory_;
  LaunchRequest request_;
  size_t next_ = 0;
};

Bench::Bench(const std::string &folder, const Case &bench) : case_(bench) {
  std::ifstream file(folder + "/" + bench.file);
  std::ostringstream text;
  text << file.rdbuf();
  Profile::parse(bench.arch, request_.profile);
  LoadResult loaded =
      Program::load(text.str(), bench.file, request_.profile, memory_);
  if (loaded.status != LoadStatus::Loaded)
    throw std::runtime_error(loaded.message);
  request_.program = loaded.program;
  request_.kernel = loaded.program->kernel(bench.kernel);
}

void Bench::setUp(int m, int n, int k) {
  const Type type = case_.maps ? Type::F16 : Type::BF16;
  const TestMatrix a{type, m, k, false, 1}, b{type, n, k, false, 2};
  const uint64_t addressA = upload(a.bytes()), addressB = upload(b.bytes());
  const uint64_t out = memory_.allocate(uint64_t(m) * n * sizeof(float));
  request_.grid = {unsigned(n) / case_.tileN, unsigned(m) / case_.tileM};
  request_.block = case_.block;
  request_.dynamicSharedBytes = request_.maxDynamicSharedBytes = case_.shared;
  request_.parameters.assign(request_.kernel->parameterBytes, std::byte(0));
  if (case_.maps) {
    put(a.map(addressA, 64, 64, TensorMap::Swizzle::Bytes128));
    put(b.map(addressB, 64, 64, TensorMap::Swizzle::Bytes128));
  } else {
    put(addressA);
    put(addressB);
  }
  put(out);
  put(n);
  put(k);
  if (case_.maps)
    put(128); // the swizzle
}

double Bench::secondsOf(int repetitions, Monitor *checks) {
  request_.monitor = checks;
  double best = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    LaunchResult result = launch(memory_, request_);
    if (result.status != LaunchStatus::Done)
      throw std::runtime_error(result.message + result.fault.render());
    best = std::min(best, result.seconds);
  }
  return best;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("How fast the emulated device multiplies matrices");
  std::string folder = EMULATOR_TEST_FOLDER, only, checks = "none";
  int m = 512, n = 512, k = 512, repetitions = 5;
  app.add_option("--m", m, "rows of A")->check(CLI::PositiveNumber);
  app.add_option("--n", n, "columns of B")->check(CLI::PositiveNumber);
  app.add_option("--k", k, "columns of A")->check(CLI::PositiveNumber);
  app.add_option("--kernel", only, "groups or halfKK; both if left out");
  app.add_option("--repetitions", repetitions)->check(CLI::PositiveNumber);
  app.add_option("--check", checks, "all, none, or names of checks");
  CLI11_PARSE(app, argc, argv);
  if (m % 128 || n % 128 || k % 128) {
    std::fprintf(stderr, "error: %d x %d x %d: must be multiples of 128\n", m,
                 n, k);
    return 1;
  }
  CheckSelection selection;
  if (!parseChecks(checks, selection)) {
    std::fprintf(stderr,
                 "error: --check=%s: must be all, none, or some of %s\n",
                 checks.c_str(), checkNames().c_str());
    return 1;
  }
  const std::unique_ptr<Monitor> monitor = makeChecks(selection);
  for (const Case &each : cases) {
    if (!only.empty() && only != each.kernel)
      continue;
    Bench bench(folder, each);
    bench.setUp(m, n, k);
    const double seconds = bench.secondsOf(repetitions, monitor.get());
    std::printf("%-12s %-8s %8.1f ms %8.2f GFLOP/s\n", each.file, each.kernel,
                1e3 * seconds, 2e-9 * m * n * k / seconds);
  }
  return 0;
}
