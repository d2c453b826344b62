//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Progress as lines on a terminal.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TOOLS_TERMINALPROGRESS_H
#define COMPILER_TOOLS_TERMINALPROGRESS_H

#include "compiler/Progress.h"

#include <chrono>
#include <memory>
#include <string>

namespace moec {

/// Writes one line for each part to standard error, and rewrites it as the part
/// advances.
class TerminalProgress : public Progress {
public:
  void begin(llvm::StringRef part) override;
  void advance(uint64_t done, uint64_t total) override;
  void end() override;

private:
  using Clock = std::chrono::steady_clock;

  double seconds() const;
  void show();

  std::string part; ///< empty if none is going on
  uint64_t done = 0, total = 0;
  Clock::time_point began, shown;
};

/// A TerminalProgress if standard error is a terminal, else one that is silent.
std::unique_ptr<Progress> makeProgress();

} // namespace moec

#endif // COMPILER_TOOLS_TERMINALPROGRESS_H
