//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/InstructionTable.h"

#include "runtime/emulator/isa/Pattern.h"
#include "test/runtime/emulator/Oracle.h"

namespace emulator {
namespace {

const char *const introduction =
    R"(# Instructions of the emulated device

What the emulated device (`docs/Emulator.md`) takes of PTX; it refuses
everything else by name. A row is a form of an instruction: `{.x}` may be left
out, and a word that is listed behind it, `type = u16 u32`, stands for one of
them. This page is written by `ninja emulator-doc` from the table in `runtime/emulator/isa`; a
test keeps them equal.

"Tested" says how. `exact`: every combination of the row's words runs on the
corners of its types (zeros, denormals, the borders of the range, infinities,
NaN) and on random values, with all lanes and with some, and gives the bits that
integers of 128 bits and MPFR give. `within n ulp`: the same for instructions
that the manual calls approximate. The NaN of a double is any NaN.
)";

/// A cell's text: `|` would end it.
std::string escaped(const std::string &text) {
  std::string made;
  for (char letter : text)
    made += letter == '|' ? std::string("\\|") : std::string(1, letter);
  return made;
}

/// A row without its number: rows that differ in nothing else share a line.
std::string formText(const Row &row) {
  std::string classes = row.classes;
  while (!classes.empty() && (classes.back() == ' ' || classes.back() == ';'))
    classes.pop_back();
  std::string words = classes.empty() ? "" : " of `" + classes + "`";
  return "`" + escaped(row.syntax) + "`" + words;
}

std::string howOf(const Row &row) {
  return oracle::checkOf(row.section, Pattern(row).mnemonic()).how;
}

bool shareLine(const Row &a, const Row &b) {
  return std::string(a.section) == b.section && std::string(a.arch) == b.arch &&
         howOf(a) == howOf(b);
}

/// The lines of a section.
std::string linesOf(const Section &section) {
  std::string text;
  for (size_t i = 0; i < section.count; ++i) {
    const Row &row = section.rows[i];
    bool goesOn = i && shareLine(section.rows[i - 1], row);
    text += goesOn ? "<br>" : std::string("| ") + row.section + " | ";
    text += formText(row);
    if (i + 1 == section.count || !shareLine(row, section.rows[i + 1]))
      text += std::string(" | ") + row.arch + " | " + howOf(row) + " |\n";
  }
  return text;
}

} // namespace

std::string instructionTable() {
  std::string text = introduction;
  for (const Section &section : instructionSet()) {
    text += std::string("\n## ") + section.title +
            "\n\n| manual | instructions | from | tested |\n"
            "|---|---|---|---|\n" +
            linesOf(section);
  }
  return text;
}

} // namespace emulator
