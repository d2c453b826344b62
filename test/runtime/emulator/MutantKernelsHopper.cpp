//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The correct kernels of sm_90a that mutants are made of.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/MutantInputs.h"
#include "test/runtime/emulator/Mutants.h"

namespace emulator {
namespace {

/// C of 64 x 64 in four turns of two stages.
template <int span> RunResult runWgmma(TestDevice &device) {
  using Swizzle = TensorMap::Swizzle;
  const Swizzle swizzle = span == 128  ? Swizzle::Bytes128
                          : span == 64 ? Swizzle::Bytes64
                          : span == 32 ? Swizzle::Bytes32
                                       : Swizzle::None;
  const unsigned inner = (span ? span : 16) / 2;
  const TestMatrix a{Type::F16, 64, 256, false, 1};
  const TestMatrix b{Type::F16, 64, 256, false, 2};
  const uint64_t out = device.array(std::vector<float>(64 * 64, -1.0f));
  device.request.dynamicSharedBytes = 2 * 2 * 64 * 128;
  RunResult result;
  result.launch = device.launch(
      "halfKK", {1}, {160}, a.map(device.array(a.bytes()), inner, 64, swizzle),
      b.map(device.array(b.bytes()), inner, 64, swizzle), out, b.extent, a.k,
      int(span));
  result.isRight = isProduct(device.fetch<float>(out, 64 * 64), a, b);
  return result;
}

RunResult runFromRegisters(TestDevice &device) {
  const TestMatrix a{Type::BF16, 64, 128, false, 3};
  const TestMatrix b{Type::BF16, 64, 128, false, 4};
  const uint64_t out = device.array(std::vector<float>(64 * 64, -1.0f));
  device.request.dynamicSharedBytes = 2 * 64 * 128;
  RunResult result;
  result.launch = device.launch(
      "fromRegisters", {1}, {128}, device.array(a.bytes()),
      b.map(device.array(b.bytes()), 64, 64, TensorMap::Swizzle::Bytes128), out,
      a.k);
  result.isRight = isProduct(device.fetch<float>(out, 64 * 64), a, b);
  return result;
}

RunResult runAddOne(TestDevice &device) {
  std::vector<float> in = wholeNumbers(5 * 256);
  const uint64_t from = device.array(in);
  const uint64_t out = device.array(std::vector<float>(in.size(), -1.0f));
  RunResult result;
  result.launch = device.launch("addOne", {1}, {64}, from, out, 5);
  for (float &value : in)
    value += 1.0f;
  result.isRight = device.fetch<float>(out, in.size()) == in;
  return result;
}

void useCluster(TestDevice &device) {
  device.request.cluster = {4};
  device.request.hasCluster = true;
}

RunResult runShare(TestDevice &device) {
  useCluster(device);
  const std::vector<float> in = wholeNumbers(256);
  const std::vector<float> weights = {1, 2, 3, 4};
  const uint64_t out = device.array(std::vector<float>(16, -1.0f));
  RunResult result;
  result.launch = device.launch("share", {4}, {32}, device.array(in),
                                device.array(weights), out);
  std::vector<float> expected(16);
  for (int block = 0; block < 4; ++block)
    for (int i = 0; i < 256; ++i)
      expected[block * 4 + i % 4] += in[i] * weights[(block + 3) % 4];
  result.isRight = device.fetch<float>(out, 16) == expected;
  return result;
}

RunResult runRotate(TestDevice &device) {
  useCluster(device);
  const std::vector<float> in = wholeNumbers(4 * 64);
  const uint64_t out = device.array(std::vector<float>(in.size(), -1.0f));
  RunResult result;
  result.launch = device.launch("rotate", {4}, {64}, device.array(in), out);
  std::vector<float> expected(in.size());
  for (int i = 0; i < 256; ++i)
    expected[i] = in[(i + 64) % 256] + 2.0f * in[(i + 128) % 256];
  result.isRight = device.fetch<float>(out, in.size()) == expected;
  return result;
}

RunResult runRing(TestDevice &device) {
  useCluster(device);
  const uint32_t turns = 7;
  const uint64_t out = device.array(std::vector<uint32_t>(8));
  RunResult result;
  result.launch = device.launch("ring", {4}, {32}, out, turns);
  std::vector<uint32_t> expected;
  for (uint32_t block = 0; block < 4; ++block) {
    const uint32_t before = (block + 3) % 4, all = turns * (turns - 1) / 2;
    expected.push_back(turns * (4000 * before + 6) + 4 * all);
    expected.push_back(all);
  }
  result.isRight = device.fetch<uint32_t>(out, 8) == expected;
  return result;
}

RunResult runHistogram(TestDevice &device) {
  useCluster(device);
  std::vector<uint32_t> in(600), expected(256);
  for (size_t i = 0; i < in.size(); ++i) {
    in[i] = static_cast<uint32_t>(i) * 2654435761u >> 7;
    ++expected[in[i] % 256];
  }
  const uint64_t out = device.array(std::vector<uint32_t>(256));
  RunResult result;
  result.launch =
      device.launch("histogram", {4}, {64}, device.array(in), out, 600);
  result.isRight = device.fetch<uint32_t>(out, 256) == expected;
  return result;
}

} // namespace

const BaseKernel wgmma128Kernel = {"product of `wgmma`, fed by a warp of TMA "
                                   "through mbarriers, swizzle of 128 "
                                   "bytes",
                                   "Wgmma.ptx", "halfKK", "sm_90a",
                                   runWgmma<128>};
const BaseKernel wgmma64Kernel = {"the same, swizzle of 64 bytes", "Wgmma.ptx",
                                  "halfKK", "sm_90a", runWgmma<64>};
const BaseKernel wgmma32Kernel = {"the same, swizzle of 32 bytes", "Wgmma.ptx",
                                  "halfKK", "sm_90a", runWgmma<32>};
const BaseKernel wgmmaPlainKernel = {"the same without a swizzle", "Wgmma.ptx",
                                     "halfKK", "sm_90a", runWgmma<0>};
const BaseKernel fromRegistersKernel = {
    "product of `wgmma` with A in registers, two groups in flight", "Wgmma.ptx",
    "fromRegisters", "sm_90a", runFromRegisters};
const BaseKernel addOneKernel = {"bulk loads and stores through two buffers",
                                 "Bulk.ptx", "addOne", "sm_90a", runAddOne};
const BaseKernel shareKernel = {
    "bulk loads for all blocks of a cluster, and copies between its blocks",
    "Bulk.ptx", "share", "sm_90a", runShare};
const BaseKernel rotateKernel = {"reads of the shared memory of other blocks",
                                 "Cluster.ptx", "rotate", "sm_90a", runRotate};
const BaseKernel ringKernel = {
    "asynchronous stores around a ring of blocks, through mbarriers",
    "Cluster.ptx", "ring", "sm_90a", runRing};
const BaseKernel histogramKernel = {
    "atomics in the shared memory of other blocks", "Cluster.ptx", "histogram",
    "sm_90a", runHistogram};

} // namespace emulator
