//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX text through the parser, the binder and the placing of variables.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Launch.h"
#include "test/fuzz/PtxMutator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  // Small, so that no input can ask for much of the host's memory.
  emulator::DeviceMemory memory(uint64_t(1) << 20);
  emulator::Profile profile;
  emulator::Program::load({reinterpret_cast<const char *>(data), bytes},
                          "fuzz.ptx", profile, memory);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes,
                                          size_t most, unsigned seed) {
  return emulator::mutatePtx(data, bytes, most, seed);
}
