//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Kernels that nvcc compiled, and mutants of them: copies with one defect each.
//
// What catches each mutant is written beside it; MutantTest.cpp runs them all
// and compares, and MutantPage.cpp makes docs/EmulatorMutants.md of the tables.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_MUTANTS_H
#define TEST_RUNTIME_EMULATOR_MUTANTS_H

#include "test/runtime/emulator/TestDevice.h"

#include <string>
#include <vector>

namespace emulator {

/// What shows a defect, as bits of a set.
enum Catcher : unsigned {
  Nothing = 1,
  Races = 2,
  Waits = 4,
  Proxies = 8,
  Barriers = 16,
  Bounds = 32,
  Uninitialised = 64,
  Faults = 128, ///< an address, an operand or a count that no GPU takes
  Deadlocks = 256,
  Timeouts = 512,
  Results = 1024, ///< the launch ends well, and its numbers are wrong
};
/// `races, waits`.
std::string namesOf(unsigned catchers);

/// Which kind of defect; only those of arithmetic may show by results alone.
enum class Defective : uint8_t { Synchronization, Memory, Arithmetic };

/// One launch of a correct kernel.
struct RunResult {
  LaunchResult launch;
  bool isRight = false; ///< if the launch ended well: the numbers it gave
};
struct BaseKernel {
  const char *title;
  const char *file, *entry; ///< PTX beside the tests, and its kernel
  const char *arch;
  RunResult (*run)(TestDevice &device);
};

/// Replaces a text that occurs `count` times in the kernel; number `which` of
/// them, from 1, or all for 0. Runs of blanks count as one blank, and nvcc's
/// comments around inline assembly are gone.
struct Edit {
  const char *find, *replacement;
  unsigned count = 1, which = 1;
};
struct Mutant {
  const char *name; ///< says what was changed
  Defective kind;
  unsigned catchers; ///< in the modes of a test together, exactly these
  std::vector<Edit> edits;
  const char *reason = nullptr; ///< if `catchers` has Nothing: why, and where
};
struct MutantTable {
  const BaseKernel *kernel;
  std::vector<Mutant> mutants;
};
/// All tables, in the order of the page.
const std::vector<MutantTable> &mutantTables();

/// The PTX of one kernel of a file, without the others, ready for edits.
std::string kernelText(const BaseKernel &kernel);
/// The text after an edit. Throws std::runtime_error if the text to find occurs
/// another number of times than the edit says.
std::string applyEdit(const std::string &text, const Edit &edit);
/// What a launch shows, as one bit.
Catcher catcherOf(const RunResult &result);

/// docs/EmulatorMutants.md.
std::string mutantPage();

// MutantKernels*.cpp: small shapes, odd where the kernel allows it.
extern const BaseKernel groupsKernel, barriersKernel, sumBlocksKernel,
    scanBlocksKernel, scanAllKernel, tiledKernel, softmaxRowsKernel,
    attentionKernel;
extern const BaseKernel wgmma128Kernel, wgmma64Kernel, wgmma32Kernel,
    wgmmaPlainKernel, fromRegistersKernel, addOneKernel, shareKernel,
    rotateKernel, ringKernel, histogramKernel;
// MutantsOf*.cpp.
std::vector<MutantTable> mutantsOfWarpProducts();
std::vector<MutantTable> mutantsOfGroupProducts();
std::vector<MutantTable> mutantsOfReductions();
std::vector<MutantTable> mutantsOfSoftmax();
std::vector<MutantTable> mutantsOfClusters();

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_MUTANTS_H
