//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Anonymous memory from the system: zeroed, page-aligned, and taken from the
// machine only as it is touched.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_MAPPING_H
#define RUNTIME_MAPPING_H

#include "runtime/Status.h"
#include "runtime/artifact/CheckedArithmetic.h"

#include <cstddef>
#include <cstdint>

namespace moert {

/// Owns one mapping. Movable.
class Mapping {
public:
  enum class Pages {
    Small, ///< as the system likes
    Huge,  ///< preferably of 2 MiB, for large and densely used memory
  };

  Mapping() = default;
  ~Mapping();
  Mapping(Mapping &&other) noexcept;
  Mapping &operator=(Mapping &&other) noexcept;

  /// Reserves at least `bytes` bytes of address space. `purpose` is for the
  /// message if there is none: "the KV cache".
  static Status reserve(CheckedSize bytes, Pages pages, const char *purpose,
                        Mapping &mapping);

  uint8_t *data() const { return base; }
  uint64_t size() const { return bytes; }

private:
  uint8_t *base = nullptr;
  uint64_t bytes = 0;
};

} // namespace moert

#endif // RUNTIME_MAPPING_H
