//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The machine code of an artifact's target, loaded into this process.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_CODEIMAGE_H
#define RUNTIME_CODEIMAGE_H

#include "runtime/Status.h"
#include "runtime/abi/Kernel.h"

#include <cstddef>

namespace moert {

/// Owns a loaded shared object. Functions found in it live as long.
class CodeImage {
public:
  CodeImage() = default;
  ~CodeImage();
  CodeImage(const CodeImage &) = delete;
  CodeImage &operator=(const CodeImage &) = delete;

  /// Loads a shared object of `size` bytes, which is copied. Call once.
  Status load(const void *bytes, size_t size);

  /// Finds an exported kernel.
  Status find(const std::string &symbol, moert_kernel &kernel) const;

private:
  /// Open while the code is loaded: the dynamic linker knows objects by their
  /// path, and this one's path is the number of the descriptor.
  int file = -1;
  void *handle = nullptr;
};

} // namespace moert

#endif // RUNTIME_CODEIMAGE_H
