//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Environment.h"

#include <charconv>
#include <cstdlib>

namespace emulator::cuda {

namespace {

/// Cuts the text before the first `separator` off `text`.
std::string_view cut(std::string_view &text, char separator) {
  size_t at = text.find(separator);
  std::string_view first = text.substr(0, at);
  text =
      at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return first;
}

bool parseWhen(std::string_view text, Completion &completion) {
  if (text != "eager" && text != "lazy")
    return false;
  completion = text == "lazy" ? Completion::Lazy : Completion::Eager;
  return true;
}

/// The kinds that a name stands for, as a mask of AsyncKind; 0 for none.
unsigned kindsNamed(std::string_view name) {
  auto bit = [](AsyncKind kind) { return 1u << static_cast<unsigned>(kind); };
  if (name == "copies")
    return bit(AsyncKind::Copy) | bit(AsyncKind::Bulk);
  if (name == "bulk")
    return bit(AsyncKind::Bulk);
  return name == "mma" ? bit(AsyncKind::Matrix) : 0;
}

/// `NAME is "VALUE", but must be FORM`.
std::string complaint(const char *name, std::string_view value,
                      const char *form) {
  return std::string(name) + " is \"" + std::string(value) +
         "\", but must be " + form;
}

std::string_view variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

bool parseMultiprocessors(std::string_view text, Profile &profile) {
  uint64_t count;
  if (!parseNumber(text, 1024, count) || count == 0)
    return false;
  profile.multiprocessors = static_cast<unsigned>(count);
  return true;
}

} // namespace

bool parseNumber(std::string_view text, uint64_t limit, uint64_t &number) {
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number <= limit;
}

bool parseOrder(std::string_view text, Settings &settings) {
  std::string_view rest = text;
  std::string_view name = cut(rest, ':');
  bool hasNumber = name.size() != text.size();
  uint64_t number = 0;
  if (hasNumber && !parseNumber(rest, UINT64_MAX, number))
    return false;
  if (name == "forward" && !hasNumber) {
    settings.order = Order::Forward;
  } else if (name == "reverse" && !hasNumber) {
    settings.order = Order::Reverse;
  } else if (name == "random" && hasNumber) {
    settings.order = Order::Random;
    settings.seed = number;
  } else if (name == "starve" && hasNumber && number < 32) {
    settings.order = Order::Starve;
    settings.starvedWarp = static_cast<unsigned>(number);
  } else {
    return false;
  }
  return true;
}

bool parseCompletion(std::string_view text, Settings &settings) {
  Completion all;
  if (parseWhen(text, all)) {
    for (Completion &completion : settings.completion)
      completion = all;
    return true;
  }
  Settings parsed = settings;
  do {
    std::string_view when = cut(text, ',');
    std::string_view name = cut(when, '=');
    unsigned kinds = kindsNamed(name);
    Completion completion;
    if (!kinds || !parseWhen(when, completion))
      return false;
    for (unsigned kind = 0; kind != asyncKinds; ++kind)
      if (kinds >> kind & 1)
        parsed.completion[kind] = completion;
  } while (!text.empty());
  settings = parsed;
  return true;
}

bool Environment::read(std::string &message) {
  std::string_view arch = variable("MOEC_EMULATED_ARCH");
  if (!arch.empty() && !Profile::parse(std::string(arch), profile)) {
    message = complaint("MOEC_EMULATED_ARCH", arch,
                        "an architecture from sm_80 to sm_121a");
    return false;
  }
  std::string_view count = variable("MOEC_EMULATED_SMS");
  if (!count.empty() && !parseMultiprocessors(count, profile)) {
    message = complaint("MOEC_EMULATED_SMS", count,
                        "a number of multiprocessors from 1 to 1024");
    return false;
  }
  std::string_view order = variable("MOEC_EMULATED_ORDER");
  if (!order.empty() && !parseOrder(order, settings)) {
    message = complaint("MOEC_EMULATED_ORDER", order,
                        "forward, reverse, random:SEED or starve:WARP");
    return false;
  }
  std::string_view async = variable("MOEC_EMULATED_ASYNC");
  if (!async.empty() && !parseCompletion(async, settings)) {
    message = complaint("MOEC_EMULATED_ASYNC", async,
                        "eager, lazy, or a list of copies, bulk and mma like "
                        "copies=lazy,mma=eager");
    return false;
  }
  std::string_view check = variable("MOEC_EMULATED_CHECK");
  if (check.empty() || parseChecks(check, checks))
    return true;
  const std::string form = "all, none, or a list of " + checkNames();
  message = complaint("MOEC_EMULATED_CHECK", check, form.c_str());
  return false;
}

} // namespace emulator::cuda
