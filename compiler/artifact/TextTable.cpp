//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/TextTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

#include <algorithm>

using namespace llvm;
using namespace moec;

std::string moec::formatCount(uint64_t count) {
  std::string digits = utostr(count);
  for (size_t i = digits.size(); i > 3; i -= 3)
    digits.insert(i - 3, ",");
  return digits;
}

std::string moec::formatBytes(uint64_t bytes) {
  if (bytes < 1024)
    return utostr(bytes) + " B";
  double value = double(bytes);
  const char *unit = "B";
  for (const char *next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
    if (value < 1024)
      break;
    value /= 1024;
    unit = next;
  }
  std::string text;
  raw_string_ostream(text) << format("%.1f ", value) << unit;
  return text;
}

void TextTable::print(raw_ostream &output, unsigned indent) const {
  std::vector<size_t> widths(alignment.size());
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const auto &row : rows) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      std::string padding(widths[i] - row[i].size(), ' ');
      line += alignment[i] == 'r' ? padding + row[i] : row[i] + padding;
      line += "  ";
    }
    output << StringRef(line).rtrim(' ') << '\n';
  }
}
