//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The settings of the emulated device that a user writes as text: in the
// environment of a process, or as flags of a tool.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_ENVIRONMENT_H
#define RUNTIME_EMULATOR_DRIVER_ENVIRONMENT_H

#include "runtime/emulator/check/Checks.h"
#include "runtime/emulator/machine/Settings.h"

#include <string>
#include <string_view>

namespace emulator::cuda {

/// `forward`, `reverse`, `random:SEED` or `starve:WARP`.
bool parseOrder(std::string_view text, Settings &settings);

/// `eager`, `lazy`, or by kind: `copies=lazy,mma=eager`. `copies` are those of
/// cp.async, bulk and tensor copies, `bulk` the last two alone, `mma` the
/// products of wgmma. A kind that is not named stays as it is.
bool parseCompletion(std::string_view text, Settings &settings);

/// A whole decimal number up to `limit`.
bool parseNumber(std::string_view text, uint64_t limit, uint64_t &number);

/// Where the counts of launches go.
struct ProfileTarget {
  std::string path;   ///< `-` for stderr; empty for no profile
  bool lines = false; ///< with what each instruction did
};

/// `FILE`, `-`, or either behind `lines:`. False for no file at all.
bool parseProfile(std::string_view text, ProfileTarget &target);

/// What MOEC_EMULATED_ARCH, _SMS, _ORDER, _ASYNC, _CHECK and _PROFILE say.
struct Environment {
  Profile profile;
  Settings settings;
  CheckSelection checks; ///< none, unless MOEC_EMULATED_CHECK names some
  ProfileTarget profileTarget;

  /// Reads the process's environment. False with one line in `message` if a
  /// variable has a value that it cannot have.
  bool read(std::string &message);
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_ENVIRONMENT_H
