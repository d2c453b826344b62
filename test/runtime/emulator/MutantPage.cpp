//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

namespace emulator {
namespace {

const char *const introduction =
    R"(# Mutants of kernels

What the checks of the emulated device (`docs/Emulator.md`) are worth: copies of correct kernels with one defect each, and what
catches them. `MutantTest` runs each eagerly and lazily, in the orders `forward`, `reverse`, `random:1` and `random:2`, under
every check, on one host thread; "caught by" names what ended the launch, all modes together: a check, a `fault` that is one
without any check, a `deadlock`, a `time-out`, or the `result` alone. Defects of synchronization and of memory must be caught by
a report; for those of arithmetic the result is what shows them. Each kernel without a defect runs through the same modes
without a report and with the right result.

The kernels are CUDA C++ that nvcc compiled; a mutant is a change of its PTX, and a change that finds no place fails. This page is
written by `ninja emulator-mutants-doc` from the tables in `test/runtime/emulator/MutantsOf*.cpp`; a test keeps them equal.
)";

const char *nameOf(Defective kind) {
  switch (kind) {
  case Defective::Synchronization:
    return "synchronization";
  case Defective::Memory:
    return "memory";
  case Defective::Arithmetic:
    return "arithmetic";
  }
  return "";
}

std::string summary() {
  size_t all = 0, missed = 0, rare = 0, ofKind[3] = {};
  for (const MutantTable &table : mutantTables())
    for (const Mutant &mutant : table.mutants) {
      ++all;
      ++ofKind[static_cast<unsigned>(mutant.kind)];
      missed += mutant.catchers == Nothing;
      rare += mutant.catchers != Nothing && mutant.catchers & Nothing;
    }
  return "\n" + std::to_string(all) + " mutants of " +
         std::to_string(mutantTables().size()) +
         " kernels: " + std::to_string(ofKind[0]) + " of synchronization, " +
         std::to_string(ofKind[1]) + " of memory, " +
         std::to_string(ofKind[2]) + " of arithmetic. " +
         std::to_string(all - missed) + " are caught, " + std::to_string(rare) +
         " of them in some modes only; the tables say why, and why " +
         std::to_string(missed) + " is not.\n";
}

std::string linesOf(const MutantTable &table) {
  std::string text = "\n## `" + std::string(table.kernel->entry) +
                     "`: " + table.kernel->title + "\n\n" +
                     "| mutant | defect of | caught by |\n|---|---|---|\n";
  for (const Mutant &mutant : table.mutants) {
    const unsigned some = mutant.catchers & ~unsigned(Nothing);
    text += "| " + std::string(mutant.name) + " | " + nameOf(mutant.kind) +
            " | " + (some ? namesOf(some) : "nothing");
    if (mutant.reason)
      text += (some ? ", " : ": ") + std::string(mutant.reason);
    text += " |\n";
  }
  return text;
}

} // namespace

std::string mutantPage() {
  std::string text = introduction + summary();
  for (const MutantTable &table : mutantTables())
    text += linesOf(table);
  return text;
}

} // namespace emulator
