//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What ends a launch with an error.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_FAULT_H
#define RUNTIME_EMULATOR_MACHINE_FAULT_H

#include <cstdint>
#include <string>
#include <vector>

namespace emulator {

/// One kind for each way in which a launch fails, so that a driver can map them
/// to its error codes.
enum class FaultKind : uint8_t {
  None,
  IllegalAddress,
  MisalignedAddress,
  InvalidAddressSpace,
  IllegalInstruction,
  StackOverflow,
  Trap,
  Assert,
  /// A use of an instruction that the PTX manual leaves undefined.
  Undefined,
  Deadlock,
  Timeout,
  /// A finding of a check: the monitor's report says which.
  Check,
};

/// The first fault of a launch, and what a reader needs to find its cause.
struct Fault {
  FaultKind kind = FaultKind::None;
  std::string message; ///< one line: what is wrong
  std::string kernel;
  std::string instruction; ///< `ld.global.f32`
  std::string file;        ///< of the PTX
  uint32_t line = 0;       ///< in the PTX
  std::string sourceFile;  ///< of `.loc`, empty if there is none
  uint32_t sourceLine = 0;
  uint32_t block[3] = {};
  uint32_t warp = 0;
  uint32_t lanes = 0; ///< mask of the lanes concerned
  uint64_t address = 0;
  bool hasAddress = false;
  std::string place; ///< of the address: `shared variable tile + 16`
  std::vector<std::string> notes; ///< further lines: where each warp stands

  explicit operator bool() const { return kind != FaultKind::None; }
  /// The whole report, several lines, each ended by a newline.
  std::string render() const;
};

/// `0-3, 7`: the lanes of a mask.
std::string lanesText(uint32_t mask);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_FAULT_H
