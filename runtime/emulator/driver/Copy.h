//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Copies and fills of memory.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_COPY_H
#define RUNTIME_EMULATOR_DRIVER_COPY_H

#include "runtime/emulator/driver/Call.h"

namespace emulator::cuda {

/// Rows of bytes that are copied. An address is one of the device, or of the
/// host; that of pageable host memory is known by being neither.
struct CopyShape {
  uint64_t to = 0, from = 0;
  uint64_t width = 0; ///< bytes of a row
  uint64_t rows = 1;
  uint64_t toPitch = 0, fromPitch = 0;   ///< bytes from row to row
  bool toHost = false, fromHost = false; ///< the caller says so
};

/// Rows of equal elements.
struct FillShape {
  uint64_t to = 0;
  uint64_t elements = 0; ///< of a row
  uint64_t rows = 1;
  uint64_t pitch = 0; ///< bytes from row to row
  uint32_t value = 0;
  unsigned elementBytes = 1; ///< 1, 2 or 4
};

/// Queues a copy. One that reads pageable memory takes its bytes at once; one
/// that writes pageable memory is waited for.
CUresult copyAsync(Call &call, Stream &stream, const CopyShape &shape);
/// Queues a copy in the legacy stream and waits for it.
CUresult copyNow(Call &call, const CopyShape &shape);
CUresult fillAsync(Call &call, Stream &stream, const FillShape &shape);
/// Queues a fill in the legacy stream, and does not wait: like NVIDIA's.
CUresult fillNow(Call &call, const FillShape &shape);

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_COPY_H
