//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Tests that hold in every warp order, eagerly and lazily.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_TESTMODES_H
#define TEST_RUNTIME_EMULATOR_TESTMODES_H

#include "test/runtime/emulator/TestDevice.h"

#include <string>
#include <tuple>

namespace emulator {

using Mode = std::tuple<Order, Completion>;

/// A device that runs in the mode of the test, with a file's kernels loaded.
class InEveryMode : public testing::TestWithParam<Mode> {
protected:
  explicit InEveryMode(const std::string &file,
                       const std::string &arch = "sm_90a")
      : device(arch) {
    device.load(readTestFile(file));
    auto [order, completion] = GetParam();
    device.request.settings.order = order;
    device.request.settings.seed = 1;
    for (Completion &each : device.request.settings.completion)
      each = completion;
    device.request.maxDynamicSharedBytes = 200 * 1024;
  }

  TestDevice device;
};

inline std::string nameOfMode(const testing::TestParamInfo<Mode> &info) {
  static const char *const orders[] = {"Forward", "Reverse", "Random",
                                       "Starve"};
  auto [order, completion] = info.param;
  return std::string(orders[static_cast<unsigned>(order)]) +
         (completion == Completion::Lazy ? "Lazy" : "Eager");
}

} // namespace emulator

#define MOEC_IN_EVERY_MODE(Suite)                                              \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Mode, Suite,                                                             \
      testing::Combine(testing::Values(Order::Forward, Order::Reverse,         \
                                       Order::Random, Order::Starve),          \
                       testing::Values(Completion::Eager, Completion::Lazy)),  \
      nameOfMode)

#endif // TEST_RUNTIME_EMULATOR_TESTMODES_H
