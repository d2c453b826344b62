//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuMutants.h"

#include "test/codegen/GroupChain.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <regex>
#include <stdexcept>

using namespace moec::test;

//===----------------------------------------------------------------------===//
// Edits
//===----------------------------------------------------------------------===//

std::string moec::test::applyEdit(const std::string &text,
                                  const GpuEdit &edit) {
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

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

std::string GpuSubject::show(const std::string &ptx, const GpuMode &mode) {
  restore(arguments, fresh);
  try {
    kernel->withPtx(ptx).run(arguments, rows, mode);
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return takeSnapshot(arguments) == expected ? shown::nothing : shown::bits;
}

/// With one blank where there are several.
std::string GpuSubject::ptx() const {
  return std::regex_replace(kernel->ptx(), std::regex("[ \t]+"), " ");
}

void GpuSubject::open(const std::string &module, std::vector<Argument> all,
                      int64_t count, const std::string &target) {
  kernel = std::make_unique<GpuKernel>(module, target);
  arguments = std::move(all);
  rows = count;
  fresh = takeSnapshot(arguments);
  kernel->run(arguments, rows);
  expected = takeSnapshot(arguments);
}

ProductSubject::ProductSubject(int64_t maxTokens, int64_t tokens, int64_t depth,
                               const std::string &target)
    : chain(maxTokens) {
  const int64_t n = 75, k = depth;
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

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

/// Compiled once.
static GpuSubject &subjectOf(const GpuMutantTable &table) {
  static std::map<const GpuMutantTable *, std::unique_ptr<GpuSubject>> made;
  std::unique_ptr<GpuSubject> &subject = made[&table];
  if (!subject)
    subject = table.make();
  return *subject;
}

static std::vector<GpuMode> mutantModes() {
  std::vector<GpuMode> modes = gpuModes();
  for (GpuMode &mode : modes) {
    mode.checks = "all";
    mode.instructionLimit = 2000000;
    mode.hostThreads = 1; // so that each run is like the last
  }
  return modes;
}

/// The first words of a report: "data race".
static std::string beginningOf(const std::string &report) {
  static const std::regex words("(data race|missing wait|missing proxy fence|"
                                "uninitialised|bounds|illegal address|"
                                "undefined behaviour|deadlock|time-out|"
                                "missing wgmma.fence|a phase that is over|"
                                "not ordered before)");
  std::smatch found;
  return std::regex_search(report, found, words) ? found.str() : report;
}

std::string GpuMutantCase::name() const {
  return std::string(table->name) + mutant->name;
}

std::vector<GpuMutantCase>
moec::test::casesOf(const std::vector<GpuMutantTable> &tables) {
  std::vector<GpuMutantCase> all;
  for (const GpuMutantTable &table : tables)
    for (const GpuMutant &mutant : table.mutants)
      all.push_back({&table, &mutant});
  return all;
}

void moec::test::PrintTo(const GpuMutantCase &each, std::ostream *stream) {
  *stream << each.name();
}

void moec::test::expectShown(const GpuMutantCase &each) {
  GpuSubject &subject = subjectOf(*each.table);
  const std::string mutated = applyEdit(subject.ptx(), each.mutant->edit);
  std::set<std::string> found;
  std::string reports;
  for (const GpuMode &mode : mutantModes()) {
    const std::string report = subject.show(mutated, mode);
    found.insert(beginningOf(report));
    reports += mode.name() + ": " + report + "\n";
  }
  EXPECT_EQ(found, each.mutant->shownBy) << reports;
}

void moec::test::expectNothingShown(const GpuMutantTable &table) {
  GpuSubject &subject = subjectOf(table);
  for (const GpuMode &mode : mutantModes())
    EXPECT_EQ(subject.show(subject.ptx(), mode), shown::nothing)
        << table.name << ", " << mode.name();
}
