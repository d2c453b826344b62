//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Functions that CUDA's device runtime offers: CUDA C++ Programming Guide,
// 'Formatted Output', 'Assertion' and 'Dynamic Global Memory Allocation'.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Call.h"
#include "runtime/emulator/machine/Grid.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace emulator {
namespace {

constexpr size_t longestText = 4096;

/// A string at a generic address; what lies in no memory ends it.
std::string textAt(Warp &warp, uint64_t address, unsigned lane) {
  std::string text;
  while (text.size() < longestText) {
    const std::byte *at = warp.at(MemorySpace::Generic, address++, 1, lane);
    if (!at || *at == std::byte(0))
      break;
    text += static_cast<char>(*at);
  }
  return text;
}

/// The arguments of vprintf: each at its natural alignment.
class Arguments {
public:
  Arguments(Warp &warp, uint64_t address, unsigned lane)
      : warp_(warp), address_(address), lane_(lane) {}

  uint64_t next(unsigned bytes) {
    address_ = (address_ + bytes - 1) & ~uint64_t(bytes - 1);
    uint64_t value = 0;
    if (const std::byte *at =
            warp_.at(MemorySpace::Generic, address_, bytes, lane_))
      std::memcpy(&value, at, bytes);
    address_ += bytes;
    return value;
  }

private:
  Warp &warp_;
  uint64_t address_;
  unsigned lane_;
};

std::string printed(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
std::string printed(const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  std::vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return text;
}

/// One conversion: `flags` such as `%-8.3`, then what is converted.
std::string convert(Warp &warp, unsigned lane, const std::string &flags,
                    const std::string &length, char kind,
                    Arguments &arguments) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
  bool wide = length == "l" || length == "ll" || length == "j" ||
              length == "z" || length == "t";
  std::string format = flags;
  switch (kind) {
  case 'd':
  case 'i':
    format += "lld";
    return printed(
        format.c_str(),
        wide ? static_cast<long long>(arguments.next(8))
             : static_cast<long long>(static_cast<int32_t>(arguments.next(4))));
  case 'u':
  case 'o':
  case 'x':
  case 'X':
    format += std::string("ll") + kind;
    return printed(format.c_str(), static_cast<unsigned long long>(
                                       arguments.next(wide ? 8 : 4)));
  case 'c':
    format += kind;
    return printed(format.c_str(), static_cast<int>(arguments.next(4)));
  case 's':
    format += kind;
    return printed(format.c_str(),
                   textAt(warp, arguments.next(8), lane).c_str());
  case 'p':
    return printed("0x%llx",
                   static_cast<unsigned long long>(arguments.next(8)));
  default: {
    uint64_t bits = arguments.next(8);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    format += kind;
    return printed(format.c_str(), value);
  }
  }
#pragma GCC diagnostic pop
}

std::string formatted(Warp &warp, unsigned lane, const std::string &format,
                      Arguments arguments) {
  std::string text;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%' || at + 1 == format.size()) {
      text += format[at];
      continue;
    }
    std::string flags = "%", length;
    for (++at; at < format.size() &&
               std::strchr("-+ #0123456789.*", format[at]) && format[at];
         ++at)
      flags += format[at] == '*'
                   ? std::to_string(static_cast<int32_t>(arguments.next(4)))
                   : std::string(1, format[at]);
    while (at < format.size() && format[at] && std::strchr("lhjzt", format[at]))
      length += format[at++];
    if (at == format.size() || flags.size() > 16)
      break;
    char kind = format[at];
    if (kind == '%')
      text += '%';
    else if (std::strchr("diuoxXcspeEfFgGaA", kind))
      text += convert(warp, lane, flags, length, kind, arguments);
    else
      text += flags + length + kind;
  }
  return text;
}

Outcome print(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &call = i.detailAs<Call>();
  const Frame &frame = warp.frame();
  std::string text;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    std::string format =
        textAt(warp, readCell(warp, frame, call.arguments[0], lane), lane);
    uint64_t values = readCell(warp, frame, call.arguments[1], lane);
    text += formatted(warp, lane, format, Arguments(warp, values, lane));
    if (!call.results.empty())
      writeCell(warp, frame, call.results[0], lane, 1);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return Outcome::Next;
}

/// __assertfail(message, file, line, function, size of a character)
Outcome failAssertion(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &call = i.detailAs<Call>();
  const Frame &frame = warp.frame();
  auto lane = static_cast<unsigned>(__builtin_ctz(lanes));
  auto text = [&](size_t n) {
    return textAt(warp, readCell(warp, frame, call.arguments[n], lane), lane);
  };
  return warp.fault(FaultKind::Assert,
                    text(1) + ":" +
                        std::to_string(static_cast<uint32_t>(
                            readCell(warp, frame, call.arguments[2], lane))) +
                        ": " + text(3) + ": assertion `" + text(0) + "` failed",
                    lanes);
}

struct SystemFunction {
  const char *name;
  size_t arguments;
  Handler handler;
};

const SystemFunction functions[] = {
    {"vprintf", 2, print},
    {"__assertfail", 5, failAssertion},
};

} // namespace

Handler systemFunction(const std::string &name, size_t arguments) {
  for (const SystemFunction &function : functions)
    if (name == function.name && arguments == function.arguments)
      return function.handler;
  return nullptr;
}

} // namespace emulator
