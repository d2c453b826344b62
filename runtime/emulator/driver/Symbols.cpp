//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The exported symbols. Those that nothing else in the library defines refuse
// by name.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Symbols.h"

#include <cstdio>
#include <string_view>

using emulator::cuda::CUresult;

// Weak, so that a definition elsewhere in the library takes the place of the
// refusal. The arguments that callers pass are not looked at.
#define EXPORT(name, version)                                                  \
  extern "C" __attribute__((weak, visibility("default"))) CUresult name() {    \
    std::fputs(#name " is not supported by the emulated device\n", stderr);    \
    return emulator::cuda::CUDA_ERROR_NOT_SUPPORTED;                           \
  }
#include "runtime/emulator/driver/Exports.def"

extern "C" {
CUresult cuEmulatedComplaints();
CUresult cuEmulatedEnqueue();
CUresult cuEmulatedKernel();
CUresult cuEmulatedParameter();
CUresult cuEmulatedRead();
CUresult cuEmulatedWrite();
}

namespace emulator::cuda {

namespace {

struct Export {
  const char *symbol;
  int version; ///< of CUDA, that introduced it
  CUresult (*function)();
};

constexpr Export exports[] = {
#define EXPORT(name, version) {#name, version, name},
#include "runtime/emulator/driver/Exports.def"
    // The name got the meaning of another function in CUDA 12.
    {"cuGraphInstantiate_v3", 12000, cuGraphInstantiateWithFlags},
    // Extension.h
    {"cuEmulatedComplaints", 0, cuEmulatedComplaints},
    {"cuEmulatedEnqueue", 0, cuEmulatedEnqueue},
    {"cuEmulatedKernel", 0, cuEmulatedKernel},
    {"cuEmulatedParameter", 0, cuEmulatedParameter},
    {"cuEmulatedRead", 0, cuEmulatedRead},
    {"cuEmulatedWrite", 0, cuEmulatedWrite},
};

/// Whether `symbol` is a version of the function `name`: `name` or `name_vN`,
/// with `suffix` behind it.
bool isVersionOf(std::string_view symbol, std::string_view name,
                 std::string_view suffix) {
  if (symbol.substr(0, name.size()) != name)
    return false;
  symbol.remove_prefix(name.size());
  if (symbol.size() >= 3 && symbol.substr(0, 2) == "_v" && symbol[2] >= '2' &&
      symbol[2] <= '9')
    symbol.remove_prefix(3);
  return symbol == suffix;
}

void search(std::string_view name, std::string_view suffix, int version,
            FoundSymbol &found) {
  int best = -1;
  for (const Export &candidate : exports) {
    if (!isVersionOf(candidate.symbol, name, suffix))
      continue;
    found.known = true;
    if (candidate.version > version || candidate.version < best)
      continue;
    best = candidate.version;
    found.function = reinterpret_cast<void *>(candidate.function);
  }
}

} // namespace

FoundSymbol findSymbol(const char *name, int version, bool perThread) {
  FoundSymbol found;
  for (const char *suffix : {"_ptsz", "_ptds"})
    if (perThread && !found.function)
      search(name, suffix, version, found);
  if (!found.function)
    search(name, "", version, found);
  return found;
}

} // namespace emulator::cuda
