//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Each mutant is caught by what its table says, and each correct kernel runs
// without a report: eagerly and lazily, in four orders, under every check.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"
#include "test/runtime/emulator/TestModes.h"

using namespace emulator;

namespace {

struct MutantMode {
  Order order;
  unsigned seed;
  Completion completion;
};
const std::vector<MutantMode> &mutantModes() {
  static const std::vector<MutantMode> modes = [] {
    std::vector<MutantMode> all;
    for (Completion completion : {Completion::Eager, Completion::Lazy}) {
      all.push_back({Order::Forward, 0, completion});
      all.push_back({Order::Reverse, 0, completion});
      all.push_back({Order::Random, 1, completion});
      all.push_back({Order::Random, 2, completion});
    }
    return all;
  }();
  return modes;
}

std::string nameOf(const MutantMode &mode) {
  return nameOfMode({mode.order, mode.completion, true}) +
         std::to_string(mode.seed);
}

RunResult run(const BaseKernel &kernel, const std::string &text,
              const MutantMode &mode) {
  TestDevice device(kernel.arch);
  device.load(text);
  const std::unique_ptr<Monitor> check = everyCheck();
  setMode(device, *check, {mode.order, mode.completion, true});
  device.request.settings.seed = mode.seed;
  device.request.settings.hostThreads = 1; // so that each run is like the last
  device.request.settings.idleRounds = 30;
  device.request.settings.instructionLimit = 3000000;
  device.request.maxDynamicSharedBytes = 160 * 1024;
  return kernel.run(device);
}

/// One mutant, or with none its kernel.
struct Case {
  const BaseKernel *kernel;
  const Mutant *mutant;
};
std::vector<Case> casesOf(bool mutants) {
  std::vector<Case> cases;
  for (const MutantTable &table : mutantTables()) {
    if (!mutants)
      cases.push_back({table.kernel, nullptr});
    else
      for (const Mutant &mutant : table.mutants)
        cases.push_back({table.kernel, &mutant});
  }
  return cases;
}
/// `halfKK_3_NoCommit`.
std::string nameOfCase(const testing::TestParamInfo<Case> &info) {
  std::string name = info.param.kernel->entry;
  name += "_" + std::to_string(info.index) + "_";
  bool starts = true;
  for (const char *c = info.param.mutant ? info.param.mutant->name : ""; *c;
       ++c)
    if (!std::isalnum(static_cast<unsigned char>(*c)))
      starts = true;
    else
      name += starts ? char(std::toupper(*c)) : *c, starts = false;
  return name;
}
void PrintTo(const Case &each, std::ostream *stream) {
  *stream << each.kernel->entry << ": "
          << (each.mutant ? each.mutant->name : "correct");
}

class TwinTest : public testing::TestWithParam<Case> {};
TEST_P(TwinTest, RunsWithoutAReport) {
  const BaseKernel &kernel = *GetParam().kernel;
  for (const MutantMode &mode : mutantModes()) {
    const RunResult result = run(kernel, kernelText(kernel), mode);
    EXPECT_EQ(result.launch.status, LaunchStatus::Done)
        << nameOf(mode) << result.launch.message
        << result.launch.fault.render();
    EXPECT_TRUE(result.isRight) << nameOf(mode);
  }
}
INSTANTIATE_TEST_SUITE_P(Kernels, TwinTest, testing::ValuesIn(casesOf(false)),
                         nameOfCase);

class MutantTest : public testing::TestWithParam<Case> {};
TEST_P(MutantTest, IsCaughtByWhatItsTableSays) {
  const auto [kernel, mutant] = GetParam();
  std::string text = kernelText(*kernel);
  for (const Edit &edit : mutant->edits)
    text = applyEdit(text, edit);
  ASSERT_NE(text, kernelText(*kernel)) << "the edits change nothing";
  unsigned found = 0;
  std::string reports;
  for (const MutantMode &mode : mutantModes()) {
    const RunResult result = run(*kernel, text, mode);
    const Catcher catcher = catcherOf(result);
    found |= catcher;
    reports += nameOf(mode) + ": " + namesOf(catcher) + "\n" +
               result.launch.message + result.launch.fault.render();
  }
  EXPECT_EQ(namesOf(found), namesOf(mutant->catchers)) << reports;
}
INSTANTIATE_TEST_SUITE_P(Mutants, MutantTest, testing::ValuesIn(casesOf(true)),
                         nameOfCase);

TEST(MutantRules, DefectsOfSynchronizationAndMemoryAreReported) {
  size_t all = 0, caught = 0;
  for (auto [kernel, mutant] : casesOf(true)) {
    ++all;
    caught += mutant->catchers != Nothing;
    EXPECT_EQ(bool(mutant->catchers & Nothing), mutant->reason != nullptr)
        << mutant->name;
    if (mutant->kind != Defective::Arithmetic)
      EXPECT_FALSE(mutant->catchers & Results) << mutant->name;
  }
  EXPECT_GE(all, 40u);
  EXPECT_GE(caught * 100, all * 95) << caught << " of " << all;
}

TEST(MutantRules, TheTablesAreThePageInDocs) {
  EXPECT_EQ(readTestFile("/../../../docs/EmulatorMutants.md"), mutantPage())
      << "run `ninja emulator-mutants-doc` and copy "
         "build/docs/EmulatorMutants.md to docs";
}

TEST(MutantRules, AnEditMustFindWhatItSays) {
  EXPECT_EQ(applyEdit("a b a", {"a", "c", 2, 2}), "a b c");
  EXPECT_EQ(applyEdit("a b a", {"a", "c", 2, 0}), "c b c");
  EXPECT_THROW(applyEdit("a b a", {"a", "c"}), std::runtime_error);
  EXPECT_THROW(applyEdit("a b a", {"d", "c"}), std::runtime_error);
  EXPECT_THROW(applyEdit("a b a", {"a", "c", 2, 3}), std::runtime_error);
}

} // namespace
