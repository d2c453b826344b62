//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The checks of a launch, by the names that users give.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_CHECKS_H
#define RUNTIME_EMULATOR_CHECK_CHECKS_H

#include "runtime/emulator/check/Monitor.h"

#include <memory>
#include <string>
#include <string_view>

namespace emulator {

/// Which checks run.
struct CheckSelection {
  bool races = false;         ///< between threads
  bool waits = false;         ///< for asynchronous operations
  bool proxies = false;       ///< fences between proxies, initialised mbarriers
  bool barriers = false;      ///< uses of mbarriers and setmaxnreg
  bool bounds = false;        ///< of variables in shared memory
  bool uninitialised = false; ///< reads of what nothing wrote
  bool banks = false;         ///< counts bank conflicts; finds no defects
};

/// The names that parseChecks takes beside `all` and `none`, with commas.
std::string checkNames();
/// `all` for those that find defects, `none`, or names with commas. False, with
/// `selection` as it was, for any other text.
bool parseChecks(std::string_view text, CheckSelection &selection);
/// Fresh checks for one launch at a time; null if none is selected.
std::unique_ptr<Monitor> makeChecks(const CheckSelection &selection);

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_CHECKS_H
