//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_STOPWATCH_H
#define RUNTIME_TOOLS_STOPWATCH_H

#include <chrono>

namespace moert::tools {

/// Seconds since it was made.
class Stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

} // namespace moert::tools

#endif // RUNTIME_TOOLS_STOPWATCH_H
