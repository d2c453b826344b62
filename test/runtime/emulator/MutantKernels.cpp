//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The correct kernels of sm_80 that mutants are made of.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/AttentionReference.h"
#include "test/runtime/emulator/MutantInputs.h"
#include "test/runtime/emulator/Mutants.h"

#include <numeric>

namespace emulator {
namespace {

/// C of 128 x 128 in four turns of three stages. (Over 160 steps along k, the
/// patterns of A and B would hide that some come twice and others never.)
template <const char *kernel> RunResult runAmpere(TestDevice &device) {
  const TestMatrix a{Type::BF16, 128, 128, false, 1};
  const TestMatrix b{Type::BF16, 128, 128, false, 2};
  const uint64_t out = device.array(std::vector<float>(128 * 128, -1.0f));
  device.request.dynamicSharedBytes = 3 * 2 * 128 * 40 * 2;
  RunResult result;
  result.launch = device.launch(kernel, {1}, {256}, device.array(a.bytes()),
                                device.array(b.bytes()), out, b.extent, a.k);
  result.isRight = isProduct(device.fetch<float>(out, 128 * 128), a, b);
  return result;
}
constexpr char groups[] = "groups", barriers[] = "barriers";

RunResult runSumBlocks(TestDevice &device) {
  const std::vector<float> in = wholeNumbers(500);
  const uint64_t out = device.array(std::vector<float>(2, -1.0f));
  RunResult result;
  result.launch =
      device.launch("sumBlocks", {2}, {256}, device.array(in), out, 500);
  const auto sumOf = [&](int from, int to) {
    return std::accumulate(in.begin() + from, in.begin() + to, 0.0f);
  };
  result.isRight = device.fetch<float>(out, 2) ==
                   std::vector<float>{sumOf(0, 256), sumOf(256, 500)};
  return result;
}

std::vector<uint32_t> numbers(size_t count) {
  std::vector<uint32_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<uint32_t>(i) * 2654435761u;
  return values;
}

RunResult runScanBlocks(TestDevice &device) {
  const std::vector<uint32_t> in = numbers(3 * 128);
  const uint64_t out = device.array(std::vector<uint32_t>(in.size()));
  RunResult result;
  result.launch =
      device.launch("scanBlocks", {1}, {128}, device.array(in), out, 3);
  std::vector<uint32_t> expected(in.size());
  std::partial_sum(in.begin(), in.end(), expected.begin());
  result.isRight = device.fetch<uint32_t>(out, in.size()) == expected;
  return result;
}

RunResult runScanAll(TestDevice &device) {
  constexpr unsigned blocks = 37; // more than one step of a look-back sees
  const std::vector<uint32_t> in = numbers(blocks * 128 - 60);
  const std::vector<uint32_t> zeros(blocks);
  const uint64_t out = device.array(std::vector<uint32_t>(in.size(), 7));
  device.request.profile.multiprocessors = 1; // holds 16 of the blocks
  RunResult result;
  result.launch = device.launch(
      "scanAll", {blocks}, {128}, device.array(in), out, int(in.size()),
      device.array(std::vector<uint32_t>{0}), device.array(zeros),
      device.array(zeros), device.array(zeros), int(-1));
  std::vector<uint32_t> expected(in.size());
  std::partial_sum(in.begin(), in.end(), expected.begin());
  result.isRight = device.fetch<uint32_t>(out, in.size()) == expected;
  return result;
}

RunResult runTiled(TestDevice &device) {
  const int m = 66, n = 70, k = 37;
  const std::vector<float> a = wholeNumbers(size_t(m) * k);
  const std::vector<float> b = wholeNumbers(size_t(k) * n);
  const uint64_t out = device.array(std::vector<float>(size_t(m) * n, -1.0f));
  RunResult result;
  result.launch = device.launch("tiled", {2, 2}, {256}, device.array(a),
                                device.array(b), out, m, n, k);
  const std::vector<float> got = device.fetch<float>(out, size_t(m) * n);
  result.isRight = true;
  for (int row = 0; row < m; ++row)
    for (int column = 0; column < n; ++column) {
      float sum = 0.0f;
      for (int at = 0; at < k; ++at)
        sum += a[row * k + at] * b[at * n + column];
      result.isRight &= got[row * n + column] == sum;
    }
  return result;
}

RunResult runSoftmaxRows(TestDevice &device) {
  const int rows = 2, columns = 301;
  std::vector<float> in = wholeNumbers(rows * columns);
  for (float &value : in)
    value /= 8;
  const uint64_t out = device.array(std::vector<float>(in.size()));
  RunResult result;
  result.launch = device.launch("softmaxRows", {unsigned(rows)}, {128},
                                device.array(in), out, columns);
  const std::vector<float> got = device.fetch<float>(out, in.size());
  result.isRight = true;
  for (int row = 0; row < rows; ++row) {
    double sum = 0;
    for (int i = 0; i < columns; ++i)
      sum += std::exp(in[row * columns + i] - 12.5);
    for (int i = row * columns; i < (row + 1) * columns; ++i) {
      const double expected = std::exp(in[i] - 12.5) / sum;
      // SoftmaxTest.cpp says why.
      result.isRight &= std::abs(got[i] - expected) <= expected * 0x1p-18;
    }
  }
  return result;
}

RunResult runAttention(TestDevice &device) {
  const AttentionShape shape = {77, 101};
  const AttentionReference reference(shape);
  const size_t count = reference.expected.size();
  const uint64_t out = device.array(std::vector<float>(count, -7.0f));
  RunResult result;
  result.launch =
      device.launch("attention", {2}, {128}, device.array(reference.q),
                    device.array(reference.k), device.array(reference.v), out,
                    shape.queries, shape.keys, reference.scale);
  const std::vector<float> got = device.fetch<float>(out, count);
  result.isRight = true;
  for (size_t i = 0; i < count; ++i) // false for NaN, too
    result.isRight &=
        std::abs(got[i] - reference.expected[i]) <= reference.tolerance;
  return result;
}

} // namespace

const BaseKernel groupsKernel = {
    "product of `mma.sync` with three stages of `cp.async` in groups",
    "Ampere.ptx", groups, "sm_80", runAmpere<groups>};
const BaseKernel barriersKernel = {
    "product of `mma.sync` whose stages of `cp.async` arrive at mbarriers",
    "Ampere.ptx", barriers, "sm_80", runAmpere<barriers>};
const BaseKernel sumBlocksKernel = {"sum of a block", "Reduce.ptx", "sumBlocks",
                                    "sm_80", runSumBlocks};
const BaseKernel scanBlocksKernel = {"scan of a block, in turns", "Scan.ptx",
                                     "scanBlocks", "sm_80", runScanBlocks};
const BaseKernel scanAllKernel = {
    "scan of all blocks in a single pass by decoupled look-back", "Scan.ptx",
    "scanAll", "sm_80", runScanAll};
const BaseKernel tiledKernel = {"product without tensor cores", "Tiled.ptx",
                                "tiled", "sm_80", runTiled};
const BaseKernel softmaxRowsKernel = {"softmax of rows", "Softmax.ptx",
                                      "softmaxRows", "sm_80", runSoftmaxRows};
const BaseKernel attentionKernel = {"attention whose scores stay in registers",
                                    "Softmax.ptx", "attention", "sm_80",
                                    runAttention};

} // namespace emulator
