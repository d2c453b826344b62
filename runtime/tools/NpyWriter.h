//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Matrices as NumPy files, row by row.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_NPYWRITER_H
#define RUNTIME_TOOLS_NPYWRITER_H

#include <cstdint>
#include <string>
#include <vector>

namespace moert::tools {

/// Writes float32 [rows, columns] in format 1.0, C order. Rows go to a
/// temporary file beside `path`, which finish() gives its name; without that
/// nothing is left. What exists and is no regular file is written directly.
/// Throws Failures.
class NpyWriter {
public:
  NpyWriter(const std::string &path, int64_t rows, int64_t columns);
  ~NpyWriter();
  NpyWriter(const NpyWriter &) = delete;
  NpyWriter &operator=(const NpyWriter &) = delete;

  /// Appends one row: float32 [columns].
  void append(const float *row);
  /// To be called after the last row.
  void finish();

private:
  void write(const char *bytes, size_t count);
  void flush();

  std::string path;
  std::string temporary; ///< empty: written directly
  int64_t columns;
  int descriptor = -1;
  std::vector<char> buffer;
};

/// The header of a file of float32 [rows, columns]; a multiple of 64 bytes.
std::string npyHeader(int64_t rows, int64_t columns);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_NPYWRITER_H
