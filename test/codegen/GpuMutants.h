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

#ifndef TEST_CODEGEN_GPUMUTANTS_H
#define TEST_CODEGEN_GPUMUTANTS_H

#include "test/codegen/GpuChain.h"

#include <functional>
#include <iosfwd>
#include <set>

namespace moec::test {

/// Replaces what matches number `which` of a regular expression, from 1; from
/// the end for negative numbers, and all for 0. Runs of blanks count as one.
struct GpuEdit {
  const char *pattern, *replacement;
  int which = 1;
};
/// Throws std::runtime_error if the edit does not find its place.
std::string applyEdit(const std::string &text, const GpuEdit &edit);

/// What shows a mutant: the first words of a report, other bits, or nothing.
namespace shown {
inline constexpr const char *nothing = "", *wait = "missing wait",
                            *fence = "missing proxy fence",
                            *productFence = "missing wgmma.fence",
                            *race = "data race",
                            *phase = "a phase that is over",
                            *order = "not ordered before",
                            *fault = "illegal address", *deadlock = "deadlock",
                            *undefined = "undefined behaviour",
                            *timeOut = "time-out", *bits = "bits";
} // namespace shown

struct GpuMutant {
  const char *name;
  /// What is shown in one mode or another.
  std::set<std::string> shownBy;
  GpuEdit edit;
};

/// A kernel of some operations with its operands, and the bits it gives.
class GpuSubject {
public:
  virtual ~GpuSubject() = default;

  /// What a run of the kernel with this code shows: a report, `shown::bits`
  /// where results differ, or nothing.
  std::string show(const std::string &ptx, const GpuMode &mode);
  std::string ptx() const;

protected:
  void open(const std::string &module, std::vector<Argument> all, int64_t count,
            const std::string &target);

private:
  std::unique_ptr<GpuKernel> kernel;
  std::vector<Argument> arguments;
  int64_t rows = 0;
  std::vector<std::string> fresh, expected;
};

/// A product and the residual that is added to it, in a regime: rows and
/// columns that fill no tile.
class ProductSubject : public GpuSubject {
public:
  ProductSubject(int64_t maxTokens, int64_t tokens, int64_t depth,
                 const std::string &target);

private:
  GpuChain chain;
};

/// A kernel that is made when it is wanted, and mutants of it.
struct GpuMutantTable {
  const char *name;
  std::function<std::unique_ptr<GpuSubject>()> make;
  std::vector<GpuMutant> mutants;
};

struct GpuMutantCase {
  const GpuMutantTable *table;
  const GpuMutant *mutant;

  std::string name() const;
};
/// The tables must outlive the cases.
std::vector<GpuMutantCase> casesOf(const std::vector<GpuMutantTable> &tables);
void PrintTo(const GpuMutantCase &each, std::ostream *stream);

/// Runs a mutant, or a kernel as it is, in every mode under every check, and
/// expects what it shows.
void expectShown(const GpuMutantCase &each);
void expectNothingShown(const GpuMutantTable &table);

} // namespace moec::test

#endif // TEST_CODEGEN_GPUMUTANTS_H
