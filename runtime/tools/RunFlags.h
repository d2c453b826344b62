//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a command runs, where, and how.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_RUNFLAGS_H
#define RUNTIME_TOOLS_RUNFLAGS_H

#include <cstdint>
#include <string>

namespace moert::tools {

struct RunFlags {
  std::string model;
  std::string target = "";     ///< empty: the best that the device can run
  std::string device = "auto"; ///< see moert_model_options
  int32_t threads = 0;         ///< 0: one for each CPU
  bool hugePages = false;      ///< see moert_model_options
};

} // namespace moert::tools

#endif // RUNTIME_TOOLS_RUNFLAGS_H
