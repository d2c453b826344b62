//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What fusion made of the programs of an artifact: launches, the bytes that go
/// through memory, and what the machine would take for them at best.
///
/// Every number is of one step of the most tokens T that the regime accepts,
/// with nothing cached before it, which wants the logits of all tokens in the
/// regime `decode`, where each is of another sequence, and else of one. Experts
/// are those that even routing is expected to reach: E (1 - (1 - k / E)^T).
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_FUSIONREPORT_H
#define COMPILER_ARTIFACT_FUSIONREPORT_H

#include "runtime/artifact/Artifact.h"
#include "runtime/artifact/Cost.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moec {

/// Bytes that launches move.
struct Traffic {
  double weights = 0; ///< read
  double written = 0; ///< to buffers of the step
  double read = 0;    ///< of them
  double other = 0;   ///< inputs, cache and logits

  double total() const { return weights + written + read + other; }
  void add(const Traffic &more);
};

/// The launches of one kernel in a step.
struct KernelReport {
  std::string kernel, fusion, computes;
  uint64_t launches = 0;
  Traffic traffic;
  double flops = 0;
  double seconds = 0; ///< at the machine's rates, its launches included
  const char *limit = "memory"; ///< or "compute" or "launch"
};

/// Operations that a fusion did not take.
struct NotFusedReport {
  std::string name, reason;
  std::string operation; ///< "decoder.rms_norm"
  std::string location;  ///< "layers.0", of the first; empty if unknown
  uint64_t count = 1;    ///< of places that are alike
};

/// One program.
struct RegimeReport {
  std::string name;
  uint64_t maxTokens = 0, launches = 0;
  double launchesPerLayer = 0, moeLaunches = 0;
  uint64_t libraryCalls = 0; ///< beside launches
  double libraryCallsPerLayer = 0;
  double writtenPerTokenLayer = 0, readPerTokenLayer = 0;
  Traffic traffic;
  /// What every program of this meaning moves: its parameters, once and without
  /// padding, the inputs, keys and values, the logits.
  double floorBytes = 0;
  double seconds = 0; ///< the sum of the kernels'
  std::vector<KernelReport> kernels;
  std::vector<NotFusedReport> notFused;

  double intermediatePerTokenLayer() const {
    return writtenPerTokenLayer + readPerTokenLayer;
  }
};

struct TargetReport {
  std::string name;
  moert::format::Rates rates;
  std::vector<RegimeReport> regimes;
};

std::vector<TargetReport> reportFusion(const moert::Artifact &artifact);

} // namespace moec

#endif // COMPILER_ARTIFACT_FUSIONREPORT_H
