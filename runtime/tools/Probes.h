//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the machine at hand can do: how fast its threads read the artifact, and
// how fast they multiply. Rooflines for moert bench, measured in the same
// process, on the same threads and from the same memory as the model.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_PROBES_H
#define RUNTIME_TOOLS_PROBES_H

#include "runtime/tools/Model.h"

#include <optional>
#include <string>
#include <vector>

namespace moert::tools {

/// Reads a file mapping of an artifact in order, over and over: the memory that
/// the weights are in, and as many bytes as a step reads of them, so that
/// caches help it as much as they help the model. Each thread reads its part.
/// Where weights are in huge pages, it reads such pages, filled from the file.
class ReadProbe {
public:
  /// Of the first `bytes` of the file, or all if it has fewer.
  ReadProbe(const std::string &path, size_t bytes, bool hugePages,
            Session &session);
  ~ReadProbe();
  ReadProbe(const ReadProbe &) = delete;
  ReadProbe &operator=(const ReadProbe &) = delete;

  /// The better of a plain and of a prefetching reader, in bytes per second.
  double measure();

private:
  /// What one thread reads, and how far it is.
  struct Part {
    const char *bytes = nullptr;
    size_t size = 0;
    size_t cursor = 0;
    double bytesRead = 0;
    char padding[64]; // no two threads write to one cache line
  };

  void copyToHugePages();
  void warmUp();
  double measure(bool prefetches);

  Session &session;
  void *mapping;
  size_t mappedBytes;
  std::vector<Part> parts;
};

/// Operations per second of the widest multiply-add that the CPU has for 16-bit
/// floating-point products (TDPBF16PS if the model's code uses it, else
/// VDPBF16PS), or else for float32 (FMA), from registers; a multiply-add is
/// two.
double measureDotPeak(const moert_model_info &info, Session &session);

/// The two rooflines of the device that runs the model. Of a GPU: the rate of
/// copies in its memory, and what the data sheet says of products.
class Rooflines {
public:
  /// `stepBytes` are those of the weights that a step reads.
  Rooflines(const RunFlags &flags, const Model &model, size_t stepBytes,
            Session &session);

  double readRate();
  double productRate();

private:
  const moert_model_info &info;
  Session &session;
  std::optional<ReadProbe> reader; ///< none for a GPU
};

} // namespace moert::tools

#endif // RUNTIME_TOOLS_PROBES_H
