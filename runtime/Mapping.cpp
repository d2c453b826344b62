//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Mapping.h"

#include <cstring>
#include <sys/mman.h>
#include <utility>

using namespace moert;

static constexpr uint64_t hugePage = uint64_t(1) << 21;

Mapping::~Mapping() {
  if (base)
    munmap(base, bytes);
}

Mapping::Mapping(Mapping &&other) noexcept
    : base(std::exchange(other.base, nullptr)),
      bytes(std::exchange(other.bytes, 0)) {}

Mapping &Mapping::operator=(Mapping &&other) noexcept {
  std::swap(base, other.base);
  std::swap(bytes, other.bytes);
  return *this;
}

Status Mapping::reserve(CheckedSize bytes, Pages pages, const char *purpose,
                        Mapping &mapping) {
  // A kernel may read a vector beyond its last element, so memory ends with a
  // page that nothing else uses.
  constexpr uint64_t slack = 4096;
  bool huge = pages == Pages::Huge && bytes && *bytes >= hugePage;
  CheckedSize size = roundUp(bytes + slack, huge ? hugePage : slack);
  void *base = MAP_FAILED;
  if (size)
    base = mmap(nullptr, *size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED)
    return {MOERT_NO_MEMORY,
            "no address space for the " +
                (bytes ? std::to_string(*bytes) : "over 2^64") + " bytes of " +
                purpose};
  // Only a hint: without huge pages the result is the same.
  if (huge)
    (void)madvise(base, *size, MADV_HUGEPAGE);
  Mapping made;
  made.base = static_cast<uint8_t *>(base);
  made.bytes = *size;
  mapping = std::move(made);
  return {};
}
