//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Arrays in NumPy's files.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_NPYARRAY_H
#define RUNTIME_TOOLS_NPYARRAY_H

#include "runtime/tools/Element.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moert::tools {

/// Elements in C order: the last axis is the fastest.
struct NpyArray {
  const Element *element = nullptr;
  std::vector<uint64_t> shape; ///< empty for a single number
  std::vector<std::byte> bytes;

  uint64_t count() const { return bytes.size() / element->bytes; }
  Real at(uint64_t index) const {
    return decode(*element, bytes.data() + index * element->bytes);
  }
};

/// The array of a file of format 1.0 to 3.0; little-endian integers, floats and
/// bool. Throws a Failure that names the file, the key and what it holds.
NpyArray readNpy(const std::string &path);
/// The same of the bytes of a file.
NpyArray parseNpy(const std::string &file, const std::string &path);
/// What NumPy has no type for is written as float32, which is exact.
void writeNpy(const std::string &path, const NpyArray &array);

/// Bytes of `shape`; false if they do not fit 1 GiB, the most that a file may
/// have.
bool bytesOf(const Element &element, const std::vector<uint64_t> &shape,
             uint64_t &bytes);
/// `[128, 64]`
std::string showShape(const std::vector<uint64_t> &shape);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_NPYARRAY_H
