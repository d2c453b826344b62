//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Bytes through the search for PTX in fat binaries and ELF files.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  emulator::Profile profile;
  emulator::ptx::findPtx({reinterpret_cast<const char *>(data), bytes},
                         profile);
  return 0;
}
