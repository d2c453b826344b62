//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Tests that hold in every warp order, eagerly and lazily, watched by checks
// and not.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_TESTMODES_H
#define TEST_RUNTIME_EMULATOR_TESTMODES_H

#include "runtime/emulator/check/Checks.h"
#include "test/runtime/emulator/TestDevice.h"

#include <memory>
#include <string>
#include <tuple>

namespace emulator {

using Mode = std::tuple<Order, Completion, bool>; ///< the last: checked

/// All checks.
inline std::unique_ptr<Monitor> everyCheck() {
  CheckSelection all;
  EXPECT_TRUE(parseChecks("all", all));
  return makeChecks(all);
}

/// Lets a device run in a mode; the check must outlive its launches.
inline void setMode(TestDevice &device, Monitor &check, const Mode &mode) {
  auto [order, completion, checked] = mode;
  device.request.settings.order = order;
  device.request.settings.seed = 1;
  for (Completion &each : device.request.settings.completion)
    each = completion;
  device.request.monitor = checked ? &check : nullptr;
}

/// A device that runs in the mode of the test, with a file's kernels loaded.
class InEveryMode : public testing::TestWithParam<Mode> {
protected:
  explicit InEveryMode(const std::string &file,
                       const std::string &arch = "sm_90a")
      : device(arch) {
    device.load(readTestFile(file));
    setMode(device, *check, GetParam());
    device.request.maxDynamicSharedBytes = 200 * 1024;
  }

  TestDevice device;
  std::unique_ptr<Monitor> check = everyCheck();
};

inline std::string nameOfMode(const Mode &mode) {
  static const char *const orders[] = {"Forward", "Reverse", "Random",
                                       "Starve"};
  auto [order, completion, checked] = mode;
  return std::string(orders[static_cast<unsigned>(order)]) +
         (completion == Completion::Lazy ? "Lazy" : "Eager") +
         (checked ? "Checked" : "");
}

} // namespace emulator

#define MOEC_IN_EVERY_MODE(Suite)                                              \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Mode, Suite,                                                             \
      testing::Combine(testing::Values(Order::Forward, Order::Reverse,         \
                                       Order::Random, Order::Starve),          \
                       testing::Values(Completion::Eager, Completion::Lazy),   \
                       testing::Bool()),                                       \
      [](const auto &info) { return nameOfMode(info.param); })

#endif // TEST_RUNTIME_EMULATOR_TESTMODES_H
