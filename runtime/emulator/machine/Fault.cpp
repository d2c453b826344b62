//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Fault.h"

#include <cstdio>

namespace emulator {
namespace {

const char *titleOf(FaultKind kind) {
  switch (kind) {
  case FaultKind::None:
    return "no fault";
  case FaultKind::IllegalAddress:
    return "illegal address";
  case FaultKind::MisalignedAddress:
    return "misaligned address";
  case FaultKind::InvalidAddressSpace:
    return "invalid address space";
  case FaultKind::IllegalInstruction:
    return "illegal instruction";
  case FaultKind::StackOverflow:
    return "stack overflow";
  case FaultKind::Trap:
    return "trap";
  case FaultKind::Assert:
    return "failed assertion";
  case FaultKind::Undefined:
    return "undefined behaviour";
  case FaultKind::Deadlock:
    return "deadlock";
  case FaultKind::Timeout:
    return "time-out";
  case FaultKind::Check:
    return "check";
  }
  return "fault";
}

std::string hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx",
                static_cast<unsigned long long>(value));
  return text;
}

} // namespace

std::string lanesText(uint32_t mask) {
  std::string text;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    unsigned last = lane;
    while (last < 31 && mask >> (last + 1) & 1)
      ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(lane);
    if (last > lane)
      text += "-" + std::to_string(last);
    lane = last;
  }
  return text;
}

std::string Fault::render() const {
  std::string text =
      "emulated device: " + std::string(titleOf(kind)) + ": " + message + "\n";
  if (!kernel.empty())
    text += "  kernel " + kernel + "\n";
  if (line)
    text +=
        "  at " + file + ":" + std::to_string(line) + ": " + instruction + "\n";
  if (!sourceFile.empty())
    text += "  source " + sourceFile + ":" + std::to_string(sourceLine) + "\n";
  if (line) {
    text += "  block (" + std::to_string(block[0]) + ", " +
            std::to_string(block[1]) + ", " + std::to_string(block[2]) +
            "), warp " + std::to_string(warp);
    text += lanes ? ", lanes " + lanesText(lanes) + "\n" : "\n";
  }
  if (hasAddress)
    text += "  address " + hex(address) +
            (place.empty() ? "\n" : ": " + place + "\n");
  for (const std::string &note : notes)
    text += "  " + note + "\n";
  return text;
}

} // namespace emulator
