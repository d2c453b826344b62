//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Table.h"
#include "runtime/emulator/profile/LaunchCounts.h"

#include <cstdio>
#include <cstring>

namespace emulator {
namespace {

const Section *sectionOf(const Row *row) {
  for (const Section &section : instructionSet())
    if (row >= section.rows && row < section.rows + section.count)
      return &section;
  return nullptr;
}

/// Whether `word` is among the words of an instruction, which dots separate.
bool hasWord(const std::string &text, const std::string &word) {
  return (text + ".").find("." + word + ".") != std::string::npos;
}

bool begins(const std::string &text, const char *start) {
  return text.compare(0, std::strlen(start), start) == 0;
}

/// `ld.global`; what names no space has generic addresses.
std::string memoryKind(const std::string &text) {
  const std::string name = text.substr(0, text.find('.'));
  if (name != "ld" && name != "st")
    return name == "ldu" ? "ld.global" : "hint";
  for (const char *space : {"global", "shared", "local", "const", "param"})
    if (hasWord(text, space) ||
        text.find(std::string(".") + space + "::") != std::string::npos)
      return name + "." + space;
  return name + ".generic";
}

} // namespace

std::string kindOf(const Site &site) {
  const Section *section = sectionOf(site.row);
  if (!section)
    return "";
  const std::string kind = section->kind;
  return kind == "memory" ? memoryKind(site.text) : kind;
}

uint64_t matrixOperationsOf(const Site &site) {
  const std::string &text = site.text;
  const bool warpgroup = begins(text, "wgmma.mma_async");
  if (!warpgroup && !begins(text, "mma.") && !begins(text, "wmma.mma."))
    return 0;
  unsigned m = 0, n = 0, k = 0;
  for (size_t at = text.find(".m"); at != std::string::npos;
       at = text.find(".m", at + 1))
    if (std::sscanf(text.c_str() + at, ".m%un%uk%u", &m, &n, &k) == 3)
      return 2ull * m * n * k / (warpgroup ? 4 : 1);
  return 0;
}

} // namespace emulator
