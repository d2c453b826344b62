//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Kernels with one defect each, and their correct twins.
//
// One text holds both: lines that end with `//-` are in the correct kernel
// alone, what follows `//+` in the defective one alone. A check must report
// the defect in every mode, and nothing of the twin.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_DEFECTTEST_H
#define TEST_RUNTIME_EMULATOR_DEFECTTEST_H

#include "test/runtime/emulator/TestModes.h"

#include <regex>

namespace emulator {

struct Defect {
  const char *name;
  unsigned blocks, threads, cluster; ///< cluster 0 for none
  const char *body;
  const char *report; ///< a regular expression; null for one that is correct
};

/// The kernel around a body: `%t` is the thread, `%w` its warp, `%b`
/// the block, `%out` the address of 4096 zeros, `%in` of 4096 others, `tile`
/// 8 KiB of shared memory, `bar` 4 mbarriers.
inline std::string kernelOf(const Defect &defect, bool defective) {
  std::string text = R"(
.version 8.6
.target sm_90a
.address_size 64
.visible .entry kernel(.param .u64 out, .param .u64 in)
{
  .reg .pred %p<8>;
  .reg .b16 %h<8>;
  .reg .b32 %r<32>, %t, %w, %l, %b;
  .reg .b64 %rd<16>, %out, %in;
  .reg .f32 %f<64>;
  .shared .align 1024 .b8 tile[8192];
  .shared .align 8 .b64 bar[4];
  ld.param.u64 %out, [out];
  ld.param.u64 %in, [in];
  mov.u32 %t, %tid.x;
  shr.u32 %w, %t, 5;
  and.b32 %l, %t, 31;
  mov.u32 %b, %ctaid.x;
)";
  std::istringstream lines(defect.body);
  for (std::string line; std::getline(lines, line);) {
    const size_t minus = line.find("//-"), plus = line.find("//+");
    if (minus != std::string::npos && defective)
      continue;
    if (plus != std::string::npos && !defective)
      continue;
    text += (plus == std::string::npos ? line : line.substr(plus + 3)) + "\n";
  }
  return text + "  ret;\n}\n";
}

inline void PrintTo(const Defect &defect, std::ostream *to) {
  *to << defect.name;
}

class DefectTest : public testing::TestWithParam<Defect> {
protected:
  LaunchResult run(Order order, Completion completion, bool defective) {
    const Defect &defect = GetParam();
    TestDevice device;
    std::unique_ptr<Monitor> check = everyCheck();
    setMode(device, *check, {order, completion, true});
    device.load(kernelOf(defect, defective));
    const std::vector<uint32_t> zeros(4096, 0);
    const uint64_t out = device.array(zeros), in = device.array(zeros);
    device.request.settings.idleRounds = 200;
    if (defect.cluster) {
      device.request.cluster = {defect.cluster};
      device.request.hasCluster = true;
    }
    return device.launch("kernel", {defect.blocks}, {defect.threads}, out, in);
  }

  void judge(Order order, Completion completion) {
    const std::string mode = nameOfMode(Mode{order, completion, true});
    const LaunchResult twin = run(order, completion, false);
    EXPECT_EQ(twin.status, LaunchStatus::Done)
        << mode << twin.message << twin.fault.render();
    if (!GetParam().report)
      return;
    const LaunchResult found = run(order, completion, true);
    EXPECT_TRUE(found.fault) << mode;
    EXPECT_TRUE(
        std::regex_search(found.fault.render(), std::regex(GetParam().report)))
        << mode << found.fault.render();
  }
};

inline std::string nameOfDefect(const testing::TestParamInfo<Defect> &info) {
  return info.param.name;
}

#define MOEC_DEFECT_TESTS(Suite, table)                                        \
  class Suite : public DefectTest {};                                          \
  TEST_P(Suite, IsReportedAndItsTwinIsNot) {                                   \
    for (Order order :                                                         \
         {Order::Forward, Order::Reverse, Order::Random, Order::Starve})       \
      for (Completion completion : {Completion::Eager, Completion::Lazy})      \
        judge(order, completion);                                              \
  }                                                                            \
  INSTANTIATE_TEST_SUITE_P(Defects, Suite, testing::ValuesIn(table),           \
                           nameOfDefect)

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_DEFECTTEST_H
