//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Arrays as NumPy files, row by row.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_NPYWRITER_H
#define RUNTIME_TOOLS_NPYWRITER_H

#include <cstdint>
#include <string>
#include <vector>

namespace moert::tools {

/// Writes an array in format 1.0, C order. Rows go to a temporary file beside
/// `path`, which finish() gives its name; without that nothing is left. What
/// exists and is no regular file is written directly. Throws Failures.
class NpyWriter {
public:
  /// float32 [rows, columns]
  NpyWriter(const std::string &path, int64_t rows, int64_t columns);
  /// Elements of NumPy's type `descr`, "<f4".
  NpyWriter(const std::string &path, const std::string &descr,
            const std::vector<uint64_t> &shape);
  ~NpyWriter();
  NpyWriter(const NpyWriter &) = delete;
  NpyWriter &operator=(const NpyWriter &) = delete;

  /// Appends one row: float32 [columns].
  void append(const float *row);
  /// Appends elements.
  void append(const void *elements, size_t bytes);
  /// To be called after the last row.
  void finish();

private:
  void write(const char *bytes, size_t count);
  void flush();

  std::string path;
  std::string temporary; ///< empty: written directly
  size_t rowBytes = 0;
  int descriptor = -1;
  std::vector<char> buffer;
};

/// The header of a file; a multiple of 64 bytes.
std::string npyHeader(const std::string &descr,
                      const std::vector<uint64_t> &shape);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_NPYWRITER_H
