//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What moert emulate prints.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_EMULATEREPORT_H
#define RUNTIME_TOOLS_EMULATEREPORT_H

#include "runtime/tools/KernelArgument.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace moert::tools {

/// How an array compares with the expected one.
struct Comparison {
  std::string file;
  uint64_t different = 0;       ///< elements beyond the tolerance
  uint64_t first = 0;           ///< the first of them
  Real found = 0, expected = 0; ///< there
  Real largest = 0;             ///< difference of any element
};

/// An array after the launch.
struct Result {
  size_t index = 0; ///< of the parameter
  std::string name; ///< of the parameter
  NpyArray array;
  uint64_t address = 0;
  bool changed = false;
  std::string file; ///< that it was written to
  std::optional<Comparison> comparison;
};

struct EmulateReport {
  std::string kernel;
  LaunchShape shape;
  std::vector<Result> results;
  nlohmann::ordered_json profile; ///< null for none
  size_t shown = 8;               ///< elements of an array

  bool passed() const;
  std::string text() const;
  std::string json() const;
};

struct Tolerance {
  double absolute = 0;
  double relative = 0; ///< a part of the expected number
};

/// Elements differ if |found - expected| is beyond the tolerance; NaN is as
/// NaN. The arrays have one shape; `file` is left empty.
Comparison compare(const NpyArray &found, const NpyArray &expected,
                   const Tolerance &tolerance);

/// The kernels of an image, with their parameters.
std::string listText(const std::vector<KernelInfo> &kernels);
std::string listJson(const std::vector<KernelInfo> &kernels);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_EMULATEREPORT_H
