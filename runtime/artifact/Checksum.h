//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The checksum of the format: XXH3 with 64 bits, in one go or as a stream.
///
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ARTIFACT_CHECKSUM_H
#define RUNTIME_ARTIFACT_CHECKSUM_H

#include <cstddef>
#include <cstdint>
#include <memory>

namespace moert {

/// The checksum of `size` bytes at `data`.
uint64_t checksum(const void *data, size_t size);

/// The checksum of bytes that come piece by piece.
class ChecksumStream {
public:
  ChecksumStream();
  ChecksumStream(ChecksumStream &&);
  ChecksumStream &operator=(ChecksumStream &&);
  ~ChecksumStream();
  void update(const void *data, size_t size);
  /// The checksum of everything so far.
  uint64_t digest() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace moert

#endif // RUNTIME_ARTIFACT_CHECKSUM_H
