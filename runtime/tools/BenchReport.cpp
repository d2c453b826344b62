//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/BenchReport.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

using namespace moert::tools;

static constexpr double giga = 1e9;

static Spread overTests(const std::vector<BenchTest> &tests,
                        double Repetition::*value) {
  std::vector<double> values;
  for (const BenchTest &test : tests)
    for (const Repetition &repetition : test.repetitions)
      values.push_back(repetition.*value);
  return spreadOf(values);
}

Spread BenchReport::readProbe() const {
  return overTests(tests, &Repetition::readProbe);
}

Spread BenchReport::dotPeak() const {
  return overTests(tests, &Repetition::dotPeak);
}

static std::string formatRow(const BenchTest &test) {
  Spread speed = test.tokensPerSecond();
  char row[160];
  std::snprintf(row, sizeof row,
                "%-10s %10.2f %10.2f %10.2f %8.2f %6.1f %% %9.1f %6.1f %%\n",
                test.name.c_str(), speed.median, speed.least, speed.most,
                test.bytesPerSecond().median / giga,
                100 * test.shareOfReadProbe().median,
                test.operationsPerSecond().median / giga,
                100 * test.shareOfDotPeak().median);
  return row;
}

/// Kernels by the time they took.
static std::string formatKernels(std::vector<moert_kernel_profile> kernels) {
  using Kernel = moert_kernel_profile;
  double seconds = 0;
  for (const Kernel &kernel : kernels)
    seconds += kernel.seconds;
  std::sort(
      kernels.begin(), kernels.end(),
      [](const Kernel &a, const Kernel &b) { return a.seconds > b.seconds; });
  std::string table =
      "\n  time    launches   us each     GB/s  GFLOP/s  kernel\n";
  for (const Kernel &kernel : kernels) {
    if (kernel.launches == 0)
      continue;
    char row[160];
    std::snprintf(row, sizeof row, "%5.1f %% %10lld %9.1f %8.2f %8.1f  ",
                  100 * kernel.seconds / seconds,
                  static_cast<long long>(kernel.launches),
                  1e6 * kernel.seconds / double(kernel.launches),
                  kernel.weight_bytes / kernel.seconds / giga,
                  kernel.flops / kernel.seconds / giga);
    table += std::string(row) + kernel.symbol + ": " + kernel.computes +
             (kernel.is_library ? ", by cuBLASLt\n" : "\n");
  }
  return table;
}

std::string BenchReport::formatTable() const {
  char head[320];
  std::snprintf(
      head, sizeof head,
      "%s, target %s on %s, %d threads, %lld sequences, %lld launches a "
      "step\nread probe %.2f GB/s, dot-product peak %.1f GFLOP/s\n\n",
      model->architecture, model->target, model->device, threads,
      static_cast<long long>(sequences),
      static_cast<long long>(launchesPerStep), readProbe().median / giga,
      dotPeak().median / giga);
  std::string table = path + ": " + head;
  table += "test         tokens/s      least       most     GB/s  of probe   "
           "GFLOP/s  of peak\n";
  for (const BenchTest &test : tests)
    table += formatRow(test);
  return kernels.empty() ? table : table + formatKernels(kernels);
}

static void addSpread(nlohmann::ordered_json &object, const std::string &name,
                      const Spread &spread, double unit) {
  object[name] = spread.median / unit;
  object[name + "_min"] = spread.least / unit;
  object[name + "_max"] = spread.most / unit;
}

static nlohmann::ordered_json describe(const BenchTest &test) {
  nlohmann::ordered_json object;
  object["name"] = test.name;
  object["repetitions"] = test.repetitions.size();
  object["launches_per_step"] = test.launchesPerStep();
  object["library_calls_per_step"] = test.callsPerStep();
  addSpread(object, "tokens_per_s", test.tokensPerSecond(), 1);
  object["bytes_per_token"] = test.weightBytes / test.tokens();
  addSpread(object, "gb_s", test.bytesPerSecond(), giga);
  addSpread(object, "gflop_s", test.operationsPerSecond(), giga);
  addSpread(object, "share_of_read_probe", test.shareOfReadProbe(), 1);
  addSpread(object, "share_of_dot_peak", test.shareOfDotPeak(), 1);
  return object;
}

static nlohmann::ordered_json describe(const moert_kernel_profile &kernel) {
  return {{"kernel", kernel.symbol},     {"computes", kernel.computes},
          {"launches", kernel.launches}, {"tasks", kernel.tasks},
          {"library", kernel.is_library != 0},
          {"seconds", kernel.seconds},   {"flops", kernel.flops},
          {"bytes", kernel.weight_bytes}};
}

std::string BenchReport::formatJson() const {
  nlohmann::ordered_json object;
  object["file"] = path;
  object["architecture"] = model->architecture;
  object["target"] = model->target;
  object["device"] = model->device;
  object["threads"] = threads;
  object["sequences"] = sequences;
  object["launches_per_step"] = launchesPerStep;
  addSpread(object, "read_probe_gb_s", readProbe(), giga);
  addSpread(object, "dot_peak_gflop_s", dotPeak(), giga);
  object["tests"] = nlohmann::ordered_json::array();
  for (const BenchTest &test : tests)
    object["tests"].push_back(describe(test));
  for (const moert_kernel_profile &kernel : kernels)
    object["kernels"].push_back(describe(kernel));
  return object.dump(2, ' ', false,
                     nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}
