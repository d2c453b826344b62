//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Checksum.h"

// Compiled in here, for the instructions that every x86-64 has: a library need
// not be found when the runtime starts.
#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace moert;

struct ChecksumStream::State {
  XXH3_state_t xxh3;
};

uint64_t moert::checksum(const void *data, size_t size) {
  return XXH3_64bits(data, size);
}

ChecksumStream::ChecksumStream() : state(std::make_unique<State>()) {
  XXH3_64bits_reset(&state->xxh3);
}

ChecksumStream::ChecksumStream(ChecksumStream &&) = default;
ChecksumStream &ChecksumStream::operator=(ChecksumStream &&) = default;
ChecksumStream::~ChecksumStream() = default;

void ChecksumStream::update(const void *data, size_t size) {
  XXH3_64bits_update(&state->xxh3, data, size);
}

uint64_t ChecksumStream::digest() const {
  return XXH3_64bits_digest(&state->xxh3);
}
