//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Checks.h"

#include "runtime/emulator/check/BankConflicts.h"
#include "runtime/emulator/check/Barriers.h"
#include "runtime/emulator/check/Bounds.h"
#include "runtime/emulator/check/MonitorChain.h"
#include "runtime/emulator/check/Races.h"
#include "runtime/emulator/check/Uninitialised.h"

namespace emulator {
namespace {

struct Name {
  std::string_view name;
  bool CheckSelection::*member;
  bool finds = true; ///< defects: belongs to `all`
};
constexpr Name names[] = {
    {"races", &CheckSelection::races},
    {"waits", &CheckSelection::waits},
    {"proxies", &CheckSelection::proxies},
    {"barriers", &CheckSelection::barriers},
    {"bounds", &CheckSelection::bounds},
    {"uninitialised", &CheckSelection::uninitialised},
    {"banks", &CheckSelection::banks, false},
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
  if (text == "all")
    for (const Name &each : names)
      parsed.*each.member = each.finds;
  bool more = text != "none" && text != "all";
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
  // First those whose finding says most about its cause.
  if (selection.bounds)
    monitors.push_back(std::make_unique<BoundsCheck>());
  if (selection.barriers)
    monitors.push_back(std::make_unique<BarrierCheck>());
  if (selection.races || selection.waits || selection.proxies)
    monitors.push_back(std::make_unique<RaceCheck>(
        RaceReports{selection.races, selection.waits, selection.proxies}));
  if (selection.uninitialised)
    monitors.push_back(std::make_unique<UninitialisedCheck>());
  if (selection.banks)
    monitors.push_back(std::make_unique<BankConflicts>());
  if (monitors.empty())
    return nullptr;
  if (monitors.size() == 1)
    return std::move(monitors.front());
  return std::make_unique<MonitorChain>(std::move(monitors));
}

} // namespace emulator
