//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Mutants of the kernels that the compiler writes for GPUs: copies of their
/// PTX with one defect each. The emulated device reports those of
/// synchronization and memory, in every mode; those of arithmetic change bits.
/// The kernels as they are run without a report.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/AttentionCase.h"
#include "test/codegen/ExpertsChain.h"
#include "test/codegen/GroupChain.h"

#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <set>
#include <stdexcept>

using namespace moec::test;

//===----------------------------------------------------------------------===//
// Mutants
//===----------------------------------------------------------------------===//

namespace {

/// Replaces what matches number `which` of a regular expression, from 1; from
/// the end for negative numbers, and all for 0. Runs of blanks count as one.
struct GpuEdit {
  const char *pattern, *replacement;
  int which = 1;
};

struct GpuMutant {
  const char *name;
  /// What shows it: the beginnings of the reports of all modes, or `bits`;
  /// empty for a mode that shows nothing.
  std::set<std::string> shownBy;
  GpuEdit edit;
};

std::string applyEdit(const std::string &text, const GpuEdit &edit) {
  const std::regex pattern(edit.pattern);
  std::vector<std::smatch> matches(
      std::sregex_iterator(text.begin(), text.end(), pattern), {});
  const int count = static_cast<int>(matches.size());
  const int which = edit.which < 0 ? count + 1 + edit.which : edit.which;
  if (!count || which < 0 || which > count)
    throw std::runtime_error("`" + std::string(edit.pattern) + "` matches " +
                             std::to_string(count) + " times");
  std::string made;
  auto from = text.begin();
  for (int i = 0; i < count; ++i) {
    if (which && i + 1 != which)
      continue;
    made.append(from, matches[i][0].first);
    made += matches[i].format(edit.replacement);
    from = matches[i][0].second;
  }
  return made.append(from, text.end());
}

/// The PTX with one blank where there are several.
std::string withSingleBlanks(const std::string &ptx) {
  return std::regex_replace(ptx, std::regex("[ \t]+"), " ");
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// A kernel of some operations with its operands, and the bits it gives.
class Subject {
public:
  virtual ~Subject() = default;

  /// What a run of the kernel with this code shows: the first words of a
  /// report, `bits` where results differ, or nothing.
  std::string show(const std::string &ptx, const GpuMode &mode) {
    restore(arguments, fresh);
    try {
      kernel->withPtx(ptx).run(arguments, rows, mode);
    } catch (const std::runtime_error &error) {
      return error.what();
    }
    return takeSnapshot(arguments) == expected ? "" : "bits";
  }
  std::string ptx() const { return withSingleBlanks(kernel->ptx()); }

protected:
  void open(const std::string &module, std::vector<Argument> all, int64_t count,
            const std::string &target) {
    kernel = std::make_unique<GpuKernel>(module, target);
    arguments = std::move(all);
    rows = count;
    fresh = takeSnapshot(arguments);
    kernel->run(arguments, rows);
    expected = takeSnapshot(arguments);
  }

private:
  std::unique_ptr<GpuKernel> kernel;
  std::vector<Argument> arguments;
  int64_t rows = 0;
  std::vector<std::string> fresh, expected;
};

/// A product and the residual that is added to it, in a regime: five turns of
/// the pipeline, and rows and columns that fill no tile.
class Product : public Subject {
public:
  Product(int64_t maxTokens, int64_t tokens, const std::string &target)
      : chain(maxTokens) {
    const int64_t n = 75, k = 320;
    const Element half = Element::BF16, single = Element::F32;
    chain.input("x", rowsOf(k, half), random(half, tokens * k, 1));
    chain.input("w", matrixOf({n, k}, half), random(half, n * k, 2));
    chain.input("r", rowsOf(n, single), random(single, tokens * n, 3));
    for (const char *name : {"s", "y"})
      chain.result(name, rowsOf(n, single), nothing(single, tokens * n));
    chain.step("%s = decoder.linear %x, %w : $x, $w -> $s", {"x", "w"}, {"s"},
               tokens);
    chain.step("%y = decoder.add %r, %s : $y", {"r", "s"}, {"y"}, tokens);
    open(chain.group({"x", "w", "r"}, {"y"}),
         chain.arguments({"x", "w", "r"}, {"y"}), tokens, target);
  }

private:
  GpuChain chain;
};

/// The second product of experts; behind a barrier of the grid, the sums over
/// each token's choices.
class Down : public Subject {
public:
  explicit Down(const std::string &target) : chain(512) {
    const int64_t tokens = 40;
    Layer layer({"", Element::BF16, 512, 136, 328}, tokens);
    chain.input("h", rowsOf(layer.inner, layer.activation()),
                random(layer.activation(), layer.slots() * layer.inner, 1));
    chain.input("plan", layer.plan(), layer.makePlan());
    chain.input("p", rowsOf(2, Element::F32),
                random(Element::F32, layer.slots(), 2));
    chain.input("r", rowsOf(layer.hidden, Element::F32),
                random(Element::F32, tokens * layer.hidden, 3));
    layer.addDown(chain);
    const GpuChain::Names operands = {"h", "w2", "plan", "p", "r"};
    open(chain.group(operands, {"y"}), chain.arguments(operands, {"y"}), tokens,
         target);
  }

private:
  GpuChain chain;
};

/// Attention of a prompt over pages of keys and values.
class Attention : public Subject {
public:
  explicit Attention(const std::string &target)
      : cache(Element::BF16, 1, 64, 1, 3), places(placesOf()),
        batch(places, cache), queries(Element::F32, places.size() * 128),
        result(Element::F32, places.size() * 128) {
    fillSequence(cache, 0, tokens);
    setQueries(queries, places, shape.width());
    result.fill(NAN);
    open(shape.module(cache),
         {reads(queries), reads(cache.pages()), reads(batch.batch),
          writes(result)},
         tokens, target);
  }

private:
  static constexpr int32_t tokens = 70;
  static std::vector<Place> placesOf() {
    std::vector<Place> places;
    for (int32_t i = 0; i < tokens; ++i)
      places.push_back({0, i});
    return places;
  }

  AttentionCase shape = {1, 2, 64, Element::BF16};
  TestCache cache;
  std::vector<Place> places;
  TestBatch batch;
  TestTensor queries, result;
};

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

const char *const nothing = "", *const wait = "missing wait",
                  *const race = "data race", *const fault = "illegal address",
                  *const bits = "bits";

/// Loops that cp.async feeds.
const std::vector<GpuMutant> pipelineMutants = {
    {"TheWaitKeepsOneGroupMore", {wait}, {"(cp.async.wait_group) 2;", "$1 3;"}},
    {"NoWait", {wait}, {"cp.async.wait_group 2;", ""}},
    {"NoCommitBeforeTheLoop", {wait}, {"cp.async.commit_group;", ""}},
    {"NoCommitInTheLoop", {wait}, {"cp.async.commit_group;", "", 4}},
    {"NoBarrierBehindTheWait",
     {wait},
     {"(cp.async.wait_group 2;\n) bar.sync 0;", "$1"}},
    {"TheSwizzleOfStoresIsLeftOut",
     {bits},
     {"xor.b64 (%rd\\d+), %rd\\d+, (%rd\\d+);", "mov.b64 $1, $2;"}},
    {"FragmentsAreSwapped",
     {bits},
     {"\\{(%r\\d+), (%r\\d+)\\},\n( \\{[^}]*\\};)", "{$2, $1},\n$3"}},
    {"APartialSumIsAddedTwice",
     {bits},
     {"(add.rn.ftz.f32 %r\\d+), %r\\d+, (%r\\d+);", "$1, $2, $2;"}},
    {"RowsAreNotCutOffAtTheLast",
     {fault},
     {"min.s64 (%rd\\d+), %rd\\d+, (%rd\\d+);", "mov.b64 $1, $2;"}},
};

/// Phases with a barrier of the grid between them.
const std::vector<GpuMutant> phaseMutants = {
    {"NoFenceBeforeTelling", {race}, {"fence.acq_rel.gpu;", "", 1}},
    {"NoFenceBehindWaiting", {race}, {"fence.acq_rel.gpu;", "", 2}},
    {"FencesOfTheBlock",
     {race},
     {"fence.acq_rel.gpu;", "fence.acq_rel.cta;", 0}},
    // These two show only where a block of the second phase overtakes one of
    // the first; the emulated device begins those first, and runs each to its
    // end unless it waits.
    {"NoWaitForOtherBlocks",
     {nothing},
     {"(ld.relaxed.gpu[^\n]*\n(?: [^\n]*\n)*?) @%p\\d+ bra[^\n]*\n", "$1"}},
    {"ABlockCountsTwice", {nothing}, {"4294967296", "8589934592", -1}},
    {"NoBarrierBeforeTelling",
     {race},
     {" bar.sync 0;\n( @%p\\d+ bra[^\n]*\n fence)", "$1"}},
    {"NoBarrierBehindWaiting",
     {race},
     {"(fence.acq_rel.gpu;\n\\$L__BB\\d+_\\d+:\n) bar.sync 0;\n", "$1"}},
    {"NothingIsTold", {"time-out"}, {"atom[^\n]*4294967296;", "", -1}},
    {"TheCountIsReadPlainly", {race}, {"ld.relaxed.gpu.global", "ld.global"}},
    {"TheTicketIsNoAtomic",
     {race},
     {"atom.global.add.u64 (%rd\\d+), (\\[%rd\\d+\\]), 1;",
      "ld.global.u64 $1, $2;\n add.s64 $1, $1, 1;\n st.global.u64 $2, $1;\n "
      "add.s64 $1, $1, -1;"}},
    {"NoBarrierBehindTheTicket",
     {race},
     {"(st.shared.b64 [^\n]*\n\\$L__BB\\d+_\\d+:\n) bar.sync 0;", "$1"}},
};

const std::vector<GpuMutant> attentionMutants = {
    {"NoWait", {wait}, {"cp.async.wait_group \\d+;", "", 0}},
    {"NoCommit", {wait}, {"cp.async.commit_group;", "", 0}},
    {"NoBarrierOfTheBlock", {race, wait}, {"bar.sync 0;", "", 0}},
    {"NoBarrierOfTheWarp", {race, wait}, {"bar.warp.sync -1;", "", 0}},
    {"AShuffleOfAnotherDistance",
     {bits},
     {"(shfl.sync.bfly.b32 %r\\d+, %r\\d+), 1,", "$1, 2,"}},
};

struct GpuMutantTable {
  const char *name;
  std::function<std::unique_ptr<Subject>()> make;
  std::vector<GpuMutant> mutants;
};

const std::vector<GpuMutantTable> &tables() {
  static const std::vector<GpuMutantTable> all = {
      {"Wide", [] { return std::make_unique<Product>(512, 70, "sm_80"); },
       pipelineMutants},
      {"Skinny", [] { return std::make_unique<Product>(64, 50, "sm_80"); },
       pipelineMutants},
      {"SkinnyOfHopper",
       [] { return std::make_unique<Product>(64, 50, "sm_90a"); },
       pipelineMutants},
      {"Down", [] { return std::make_unique<Down>("sm_80"); }, phaseMutants},
      {"Attention", [] { return std::make_unique<Attention>("sm_80"); },
       attentionMutants},
      {"AttentionOfHopper",
       [] { return std::make_unique<Attention>("sm_90a"); }, attentionMutants},
  };
  return all;
}

/// Compiled once.
Subject &subjectOf(const GpuMutantTable &table) {
  static std::map<const GpuMutantTable *, std::unique_ptr<Subject>> made;
  std::unique_ptr<Subject> &subject = made[&table];
  if (!subject)
    subject = table.make();
  return *subject;
}

std::vector<GpuMode> mutantModes() {
  std::vector<GpuMode> modes = gpuModes();
  for (GpuMode &mode : modes) {
    mode.checks = "all";
    mode.instructionLimit = 20000000;
  }
  return modes;
}

/// The first words of a report: "data race".
std::string beginningOf(const std::string &report) {
  static const std::regex words("(data race|missing wait|missing proxy fence|"
                                "uninitialised|bounds|illegal address|"
                                "undefined behaviour|deadlock|time-out)");
  std::smatch found;
  return std::regex_search(report, found, words) ? found.str() : report;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

struct GpuMutantCase {
  const GpuMutantTable *table;
  const GpuMutant *mutant;
};
std::vector<GpuMutantCase> cases() {
  std::vector<GpuMutantCase> all;
  for (const GpuMutantTable &table : tables())
    for (const GpuMutant &mutant : table.mutants)
      all.push_back({&table, &mutant});
  return all;
}

void PrintTo(const GpuMutantCase &each, std::ostream *stream) {
  *stream << each.table->name << each.mutant->name;
}

class GpuMutants : public testing::TestWithParam<GpuMutantCase> {};

TEST_P(GpuMutants, AreShown) {
  Subject &subject = subjectOf(*GetParam().table);
  const std::string mutated = applyEdit(subject.ptx(), GetParam().mutant->edit);
  std::set<std::string> shown;
  std::string reports;
  for (const GpuMode &mode : mutantModes()) {
    const std::string report = subject.show(mutated, mode);
    shown.insert(beginningOf(report));
    reports += mode.name() + ": " + report + "\n";
  }
  EXPECT_EQ(shown, GetParam().mutant->shownBy) << reports;
}

INSTANTIATE_TEST_SUITE_P(Kernels, GpuMutants, testing::ValuesIn(cases()),
                         [](const auto &info) {
                           return std::string(info.param.table->name) +
                                  info.param.mutant->name;
                         });

TEST(GpuTwins, RunWithoutAReport) {
  for (const GpuMutantTable &table : tables())
    for (const GpuMode &mode : mutantModes()) {
      Subject &subject = subjectOf(table);
      EXPECT_EQ(subject.show(subject.ptx(), mode), "")
          << table.name << ", " << mode.name();
    }
}

TEST(GpuMutantEdits, FindWhatTheySay) {
  EXPECT_EQ(applyEdit("a1 a2 a3", {"a(\\d)", "b$1", -1}), "a1 a2 b3");
  EXPECT_EQ(applyEdit("a1 a2 a3", {"a(\\d)", "b$1", 0}), "b1 b2 b3");
  EXPECT_THROW(applyEdit("a1", {"a", "b", 2}), std::runtime_error);
  EXPECT_THROW(applyEdit("a1", {"c", "b"}), std::runtime_error);
}

} // namespace
