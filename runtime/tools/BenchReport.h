//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What moert bench prints.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_BENCHREPORT_H
#define RUNTIME_TOOLS_BENCHREPORT_H

#include "runtime/tools/Measurement.h"

namespace moert::tools {

struct BenchReport {
  std::string path;
  const moert_model_info *model;
  int32_t threads;
  int64_t sequences;
  int64_t launchesPerStep;
  std::vector<BenchTest> tests;
  std::vector<moert_kernel_profile> kernels; ///< empty: not asked for

  Spread readProbe() const; ///< bytes per second
  Spread dotPeak() const;   ///< operations per second
  std::string formatTable() const;
  std::string formatJson() const;
};

} // namespace moert::tools

#endif // RUNTIME_TOOLS_BENCHREPORT_H
