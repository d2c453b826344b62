//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Checks.h"

#include "runtime/emulator/check/Barriers.h"
#include "runtime/emulator/check/MonitorChain.h"
#include "runtime/emulator/check/Races.h"

namespace emulator {
namespace {

struct Name {
  std::string_view name;
  bool CheckSelection::*member;
};
constexpr Name names[] = {
    {"races", &CheckSelection::races},
    {"waits", &CheckSelection::waits},
    {"proxies", &CheckSelection::proxies},
    {"barriers", &CheckSelection::barriers},
};

bool select(std::string_view name, CheckSelection &selection) {
  for (const Name &each : names)
    if (each.name == name)
      return selection.*each.member = true;
  return false;
}

} // namespace

std::string checkNames() {
  std::string text;
  for (const Name &each : names)
    text += (text.empty() ? "" : ",") + std::string(each.name);
  return text;
}

bool parseChecks(std::string_view text, CheckSelection &selection) {
  CheckSelection parsed;
  const std::string all = checkNames();
  if (text == "all")
    text = all;
  bool more = text != "none";
  while (more) {
    const size_t comma = text.find(',');
    if (!select(text.substr(0, comma), parsed))
      return false;
    more = comma != std::string_view::npos;
    text.remove_prefix(more ? comma + 1 : 0);
  }
  selection = parsed;
  return true;
}

std::unique_ptr<Monitor> makeChecks(const CheckSelection &selection) {
  std::vector<std::unique_ptr<Monitor>> monitors;
  if (selection.barriers)
    monitors.push_back(std::make_unique<BarrierCheck>());
  if (selection.races || selection.waits || selection.proxies)
    monitors.push_back(std::make_unique<RaceCheck>(
        RaceReports{selection.races, selection.waits, selection.proxies}));
  if (monitors.empty())
    return nullptr;
  if (monitors.size() == 1)
    return std::move(monitors.front());
  return std::make_unique<MonitorChain>(std::move(monitors));
}

} // namespace emulator
