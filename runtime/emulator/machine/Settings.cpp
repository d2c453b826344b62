//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Settings.h"

#include <iterator>

namespace emulator {
namespace {

/// What differs between architectures: CUDA C++ Programming Guide, table
/// "Technical Specifications per Compute Capability".
struct Model {
  unsigned number;
  unsigned multiprocessors;
  unsigned threads, blocks;
  unsigned sharedOptIn, shared; ///< KiB of a block, of a multiprocessor
};

const Model models[] = {
    {80, 108, 2048, 32, 163, 164},  {86, 84, 1536, 16, 99, 100},
    {87, 16, 1536, 16, 163, 164},   {88, 84, 1536, 16, 99, 100},
    {89, 128, 1536, 24, 99, 100},   {90, 132, 2048, 32, 227, 228},
    {100, 148, 2048, 32, 227, 228}, {103, 148, 2048, 32, 227, 228},
    {110, 20, 1536, 24, 227, 228},  {120, 170, 1536, 24, 99, 100},
    {121, 48, 1536, 24, 99, 100},
};

} // namespace

bool Profile::parse(const std::string &arch, Profile &profile) {
  if (arch.rfind("sm_", 0) != 0 || arch.size() < 5 || arch.size() > 7)
    return false;
  unsigned number = 0;
  size_t at = 3;
  for (; at < arch.size() && arch[at] >= '0' && arch[at] <= '9'; ++at)
    number = number * 10 + static_cast<unsigned>(arch[at] - '0');
  bool accelerated = at + 1 == arch.size() && arch[at] == 'a';
  bool family = at + 1 == arch.size() && arch[at] == 'f';
  if ((at != arch.size() && !accelerated && !family) ||
      (accelerated && number < 90) || (family && number < 100))
    return false;
  for (const Model &model : models) {
    if (model.number != number)
      continue;
    profile.arch = arch;
    profile.major = number / 10;
    profile.minor = number % 10;
    profile.accelerated = accelerated;
    profile.multiprocessors = model.multiprocessors;
    profile.threadsPerMultiprocessor = model.threads;
    profile.blocksPerMultiprocessor = model.blocks;
    profile.sharedPerBlockOptIn = model.sharedOptIn * 1024;
    profile.sharedPerMultiprocessor = model.shared * 1024;
    return true;
  }
  return false;
}

} // namespace emulator
