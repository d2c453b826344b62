//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Kernels of NVIDIA's CUTLASS, which cutlass.py compiles: the tutorials
// `sgemm_sm80.cu` and `hopper/wgmma_tma_sm90.cu`. They compute
// C = A * B^T of f16 with C column-major; values are quarters whose sums f16
// holds exactly.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"

#include "runtime/emulator/machine/MatrixElement.h"
#include "runtime/emulator/machine/TensorMap.h"

#include <array>
#include <cstdlib>

using namespace emulator;

namespace {

constexpr size_t pipelineStages = 3; ///< of the tutorials
constexpr int m = 256, n = 128, k = 192;
constexpr uint16_t one = 0x3C00, zero = 0;

/// `x` counts rows of A or B.
float valueOf(int x, int at, int salt) {
  return float((x * 7 + at * 3 + x * at / 5 + salt) % 5 - 2) / 4;
}

/// extent x k values, contiguous along x or along k.
std::vector<uint16_t> matrixOf(int extent, bool alongX, int salt) {
  std::vector<uint16_t> values(size_t(extent) * k);
  for (int x = 0; x < extent; ++x)
    for (int at = 0; at < k; ++at)
      values[alongX ? size_t(at) * extent + x : size_t(x) * k + at] =
          floatToHalf(valueOf(x, at, salt));
  return values;
}

TensorMap mapOf(uint64_t address, int extent, bool alongX) {
  TensorMap map;
  map.address = address;
  map.rank = 2;
  map.element = TensorMap::Element::F16;
  map.swizzle = TensorMap::Swizzle::Bytes128;
  for (unsigned d = 0; d < 5; ++d)
    map.extents[d] = map.box[d] = map.elementStrides[d] = 1;
  map.extents[alongX ? 0 : 1] = uint64_t(extent);
  map.extents[alongX ? 1 : 0] = uint64_t(k);
  map.strides[0] = map.extents[0] * 2;
  map.box[0] = 64;
  map.box[1] = alongX ? 8 : 128;
  map.seal();
  return map;
}

class Cutlass : public testing::TestWithParam<Mode> {
protected:
  /// Loads a file that the script made.
  void load(const std::string &file, const std::string &arch) {
    const char *folder = std::getenv("MOEC_CUTLASS_PTX");
    ASSERT_TRUE(folder) << "run this through cutlass.py";
    EXPECT_TRUE(Profile::parse(arch, device.request.profile));
    std::ifstream text(std::string(folder) + "/" + file);
    EXPECT_TRUE(text) << file;
    std::ostringstream all;
    all << text.rdbuf();
    device.load(all.str());
    setMode(device, *check, GetParam());
    device.request.maxDynamicSharedBytes = 200 * 1024;
  }

  /// Sets parameter `i` of the kernel that is launched next.
  template <class T> void set(size_t i, const T &value) {
    const Parameter &parameter = device.request.kernel->parameters.at(i);
    ASSERT_LE(sizeof(T), parameter.bytes) << parameter.name;
    std::memcpy(device.request.parameters.data() + parameter.offset, &value,
                sizeof(T));
  }
  void prepare(const Function *kernel, uint32_t shared) {
    device.request.kernel = kernel;
    device.request.parameters.assign(kernel->parameterBytes, std::byte(0));
    device.request.dynamicSharedBytes = shared;
    device.request.grid = {m / 128, n / 128};
    device.request.block = {128};
  }
  void launchAndCheck(uint64_t c) {
    LaunchResult result = emulator::launch(device.memory, device.request);
    ASSERT_EQ(result.status, LaunchStatus::Done)
        << result.message << result.fault.render();
    std::vector<uint16_t> got = device.fetch<uint16_t>(c, size_t(m) * n);
    for (int row = 0; row < m; ++row)
      for (int column = 0; column < n; ++column) {
        float sum = 0.0f;
        for (int at = 0; at < k; ++at)
          sum += valueOf(row, at, 1) * valueOf(column, at, 2);
        ASSERT_EQ(halfToFloat(got[size_t(column) * m + row]), sum)
            << row << ", " << column;
      }
  }
  uint64_t result() {
    return device.array(std::vector<uint16_t>(size_t(m) * n, 0x7E00));
  }

  TestDevice device;
  std::unique_ptr<Monitor> check = everyCheck();
};
MOEC_IN_EVERY_MODE(Cutlass);

/// The kernels whose number of parameters is that of the GEMM.
std::vector<const Function *> gemms(const Program &program, size_t parameters) {
  std::vector<const Function *> found;
  for (const Function *kernel : program.kernels())
    if (kernel->parameters.size() == parameters)
      found.push_back(kernel);
  return found;
}

/// Tensor copies before the first product: where A and B are contiguous along M
/// and N, a tile is made of many boxes, else of one.
size_t copies(const Function &kernel) {
  size_t count = 0;
  for (const Site &site : kernel.sites) {
    if (site.text.rfind("wgmma", 0) == 0)
      break;
    count += site.text.rfind("cp.async.bulk.tensor", 0) == 0;
  }
  return count;
}

// gemm_device(shape, tiler, A, dA, sA, copyA, s2rA, B, ..., C, dC, sC, mma,
// alpha, beta)
TEST_P(Cutlass, SgemmOfAmpere) {
  load("sgemm_sm80.ptx", "sm_80");
  std::vector<const Function *> kernels = gemms(*device.request.program, 18);
  ASSERT_FALSE(kernels.empty());
  bool ran = false;
  for (const Function *kernel : kernels) {
    // That of f16 takes alpha as two bytes.
    if (kernel->parameters[16].bytes != 2)
      continue;
    prepare(kernel, 3 * (128 * 64 * 2) * 2);
    set(0, std::array<int, 3>{m, n, k});
    set(2, device.array(matrixOf(m, false, 1)));
    set(3, k);
    set(7, device.array(matrixOf(n, false, 2)));
    set(8, k);
    const uint64_t c = result();
    set(12, c);
    set(13, m);
    set(16, one);
    set(17, zero);
    launchAndCheck(c);
    ran = true;
  }
  EXPECT_TRUE(ran);
}

// gemm_device(shape, tiler, A, tmaA, B, tmaB, C, dC, mma, alpha, beta)
TEST_P(Cutlass, WgmmaAndTmaOfHopper) {
  load("wgmma_tma_sm90.ptx", "sm_90a");
  std::vector<const Function *> kernels = gemms(*device.request.program, 11);
  ASSERT_EQ(kernels.size(), 2u);
  for (const Function *kernel : kernels) {
    const bool alongX = copies(*kernel) > 2 * pipelineStages;
    prepare(kernel, 3 * (128 * 64 + 128 * 64) * 2 + 2 * 3 * 8 + 256);
    set(0, std::array<int, 3>{m, n, k});
    const uint64_t a = device.array(matrixOf(m, alongX, 1));
    const uint64_t b = device.array(matrixOf(n, alongX, 2));
    set(2, a);
    set(3, mapOf(a, m, alongX));
    set(4, b);
    set(5, mapOf(b, n, alongX));
    const uint64_t c = result();
    set(6, c);
    set(7, m);
    set(8, std::array<int, 2>{1, 1});
    set(9, one);
    set(10, zero);
    launchAndCheck(c);
  }
}

} // namespace
