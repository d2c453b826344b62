//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Changes of PTX text by whole lines, words and instructions, which reach
// further into the device than changes of bytes.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_FUZZ_PTXMUTATOR_H
#define TEST_FUZZ_PTXMUTATOR_H

#include <cstddef>
#include <cstdint>

namespace emulator {

/// Changes `bytes` of text to at most `most`; returns how many there are then.
size_t mutatePtx(uint8_t *text, size_t bytes, size_t most, unsigned seed);

} // namespace emulator

#endif // TEST_FUZZ_PTXMUTATOR_H
