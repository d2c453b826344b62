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

bool parseProfile(std::string_view text, ProfileTarget &target) {
  constexpr std::string_view prefix = "lines:";
  const bool lines = text.substr(0, prefix.size()) == prefix;
  if (lines)
    text.remove_prefix(prefix.size());
  if (text.empty())
    return false;
  target = {std::string(text), lines};
  return true;
}

bool Environment::read(std::string &message) {
  struct Variable {
    const char *name;
    bool (*take)(std::string_view text, Environment &environment);
    std::string form; ///< that its value must have
  };
  using Text = std::string_view;
  const Variable variables[] = {
      {"MOEC_EMULATED_ARCH",
       [](Text text, Environment &e) {
         return Profile::parse(std::string(text), e.profile);
       },
       "an architecture from sm_80 to sm_121a"},
      {"MOEC_EMULATED_SMS",
       [](Text text, Environment &e) {
         return parseMultiprocessors(text, e.profile);
       },
       "a number of multiprocessors from 1 to 1024"},
      {"MOEC_EMULATED_ORDER",
       [](Text text, Environment &e) { return parseOrder(text, e.settings); },
       "forward, reverse, random:SEED or starve:WARP"},
      {"MOEC_EMULATED_ASYNC",
       [](Text text, Environment &e) {
         return parseCompletion(text, e.settings);
       },
       "eager, lazy, or a list of copies, bulk and mma like "
       "copies=lazy,mma=eager"},
      {"MOEC_EMULATED_CHECK",
       [](Text text, Environment &e) { return parseChecks(text, e.checks); },
       "all, none, or a list of " + checkNames()},
      {"MOEC_EMULATED_PROFILE",
       [](Text text, Environment &e) {
         return parseProfile(text, e.profileTarget);
       },
       "a file, - for stderr, or either behind lines:"},
  };
  for (const Variable &each : variables) {
    const Text value = variable(each.name);
    if (value.empty() || each.take(value, *this))
      continue;
    message = complaint(each.name, value, each.form.c_str());
    return false;
  }
  return true;
}

} // namespace emulator::cuda
