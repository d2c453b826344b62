//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

#include <regex>
#include <stdexcept>

namespace emulator {

std::string namesOf(unsigned catchers) {
  static const char *const names[] = {
      "nothing",       "races", "waits",    "proxies",  "barriers", "bounds",
      "uninitialised", "fault", "deadlock", "time-out", "result"};
  std::string text;
  for (unsigned bit = 0; bit < std::size(names); ++bit)
    if (catchers >> bit & 1)
      text += (text.empty() ? "" : ", ") + std::string(names[bit]);
  return text;
}

const std::vector<MutantTable> &mutantTables() {
  static const std::vector<MutantTable> tables = [] {
    std::vector<MutantTable> all;
    for (auto make : {mutantsOfWarpProducts, mutantsOfGroupProducts,
                      mutantsOfReductions, mutantsOfSoftmax, mutantsOfClusters})
      for (MutantTable &table : make())
        all.push_back(std::move(table));
    return all;
  }();
  return tables;
}

/// Cuts the kernels but one out of a module.
static std::string onlyEntry(std::string text, const std::string &entry) {
  const std::string head = ".visible .entry ", tail = "\n\n}\n";
  bool found = false;
  for (size_t at = text.find(head); at != std::string::npos;
       at = text.find(head, at)) {
    const size_t end = text.find(tail, at) + tail.size();
    if (text.compare(at + head.size(), entry.size() + 1, entry + "(") == 0) {
      found = true;
      at = end;
    } else {
      text.erase(at, end - at);
    }
  }
  if (!found)
    throw std::runtime_error("no kernel " + entry);
  return text;
}

std::string kernelText(const BaseKernel &kernel) {
  std::istringstream lines(onlyEntry(readTestFile(kernel.file), kernel.entry));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("inline asm") != std::string::npos)
      continue;
    for (char letter : line + "\n") {
      const char blank = letter == '\t' ? ' ' : letter;
      if (blank != ' ' || (!text.empty() && text.back() != ' '))
        text += blank;
    }
  }
  return text;
}

std::string applyEdit(const std::string &text, const Edit &edit) {
  const std::string find = edit.find;
  std::string made;
  unsigned found = 0;
  size_t from = 0;
  for (size_t at = text.find(find); at != std::string::npos;
       at = text.find(find, from)) {
    ++found;
    made += text.substr(from, at - from);
    made += edit.which == 0 || edit.which == found ? edit.replacement : find;
    from = at + find.size();
  }
  if (found != edit.count || edit.which > edit.count)
    throw std::runtime_error("`" + find + "` occurs " + std::to_string(found) +
                             " times, not " + std::to_string(edit.count));
  return made + text.substr(from);
}

/// Which check a finding is of, by the words that its report begins with.
static Catcher checkOf(const std::string &report) {
  static const std::pair<const char *, Catcher> beginnings[] = {
      {"check: data race|data race", Races},
      {"(check: )?missing wait|(check: )?missing wgmma.fence", Waits},
      {"(check: )?waits for a phase", Waits},
      {"(check: )?missing proxy fence", Proxies},
      {"(check: )?mbarrier is used where", Proxies},
      {"(check: )?bounds", Bounds},
      {"(check: )?uninitialised", Uninitialised},
  };
  for (auto [beginning, catcher] : beginnings)
    if (std::regex_search(report, std::regex(beginning),
                          std::regex_constants::match_continuous))
      return catcher;
  return Barriers;
}

Catcher catcherOf(const RunResult &result) {
  if (result.launch.status != LaunchStatus::Done &&
      result.launch.status != LaunchStatus::Faulted)
    return Faults; // refused
  switch (result.launch.fault.kind) {
  case FaultKind::None:
    return result.isRight ? Nothing : Results;
  case FaultKind::Check:
    return checkOf(result.launch.fault.message);
  case FaultKind::Deadlock:
    return Deadlocks;
  case FaultKind::Timeout:
    return Timeouts;
  default:
    return Faults;
  }
}

} // namespace emulator
