//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Text for people: aligned columns, numbers with separators, bytes with units.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_TEXTTABLE_H
#define COMPILER_ARTIFACT_TEXTTABLE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moec {

/// "14,336"
std::string formatCount(uint64_t count);
/// "87.0 GiB"; exact below 1024 bytes
std::string formatBytes(uint64_t bytes);

/// Rows of cells, in columns that are two spaces apart. `alignment` has a
/// letter for each column: `l` to begin at the same place, `r` to end there.
class TextTable {
public:
  explicit TextTable(llvm::StringRef alignment) : alignment(alignment) {}

  void add(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }
  void print(llvm::raw_ostream &output, unsigned indent) const;

private:
  std::string alignment;
  std::vector<std::vector<std::string>> rows;
};

} // namespace moec

#endif // COMPILER_ARTIFACT_TEXTTABLE_H
