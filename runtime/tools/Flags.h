//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Flags that several commands have, and checks of numbers.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_FLAGS_H
#define RUNTIME_TOOLS_FLAGS_H

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "runtime/tools/RunFlags.h"

#include <cstdint>
#include <string>

namespace moert::tools {

/// Accepts the whole numbers least <= n <= most.
CLI::Validator wholeNumber(int64_t least, int64_t most);
/// Accepts the finite numbers least <= x <= most.
CLI::Validator realNumber(double least, double most);

/// Positions, steps, repetitions: more than any model or patience has.
inline constexpr int64_t maxCount = 1000000000;

/// Adds MODEL.moe.
void addModel(CLI::App &command, std::string &model);
/// Adds --threads, --target, --device and --huge-pages.
void addRunFlags(CLI::App &command, RunFlags &flags);
/// Adds --chunk; 0 stands for the default.
void addChunk(CLI::App &command, int64_t &chunk);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_FLAGS_H
