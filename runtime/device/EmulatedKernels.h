//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Single kernels on the emulated device: its driver, without any model.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_EMULATEDKERNELS_H
#define RUNTIME_DEVICE_EMULATEDKERNELS_H

#include "runtime/Status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace moert {

/// What MOEC_EMULATED_* variables say; an empty text leaves the environment's.
struct EmulatedSettings {
  std::string arch, multiprocessors, order, completion, checks;
  bool profile = true;
  bool lines = false; ///< of the PTX, in the profile
};

struct KernelParameter {
  std::string name, type; ///< "u64"; that of an element of an array
  size_t bytes = 0;
};

using Extents = std::array<unsigned, 3>;

/// A kernel as its PTX declares it; extents are 0 where it says nothing.
struct KernelInfo {
  std::string name;
  std::vector<KernelParameter> parameters;
  Extents requiredThreads{}, maxThreads{}, requiredCluster{};
  unsigned registers = 0; ///< 32-bit, that a thread is taken to use
  size_t sharedBytes = 0; ///< without dynamic shared memory
  size_t localBytes = 0;  ///< of a thread
};

struct LaunchShape {
  Extents grid{1, 1, 1}, block{1, 1, 1};
  Extents cluster{};        ///< 0 for none
  unsigned sharedBytes = 0; ///< dynamic
  bool cooperative = false;
};

/// How TMA sees an array: cuTensorMapEncodeTiled. Extents are the outermost
/// first, as NumPy has them.
struct TensorView {
  uint64_t address = 0;
  std::string type; ///< "bf16"
  std::vector<uint64_t> shape;
  std::vector<uint32_t> box; ///< as many
  unsigned swizzle = 0;      ///< bytes: 0, 32, 64 or 128
};

/// An image on the device. A process has one device, set up once.
class EmulatedKernels {
public:
  static Status load(const EmulatedSettings &settings, const std::string &path,
                     std::unique_ptr<EmulatedKernels> &loaded);
  ~EmulatedKernels();
  EmulatedKernels(const EmulatedKernels &) = delete;
  EmulatedKernels &operator=(const EmulatedKernels &) = delete;

  /// In the image's order.
  const std::vector<KernelInfo> &kernels() const { return kernels_; }

  /// Device memory that is never freed; nothing is in it.
  Status allocate(size_t bytes, uint64_t &address);
  Status write(uint64_t to, const void *from, size_t bytes);
  Status read(void *to, uint64_t from, size_t bytes);
  /// The 128 bytes of a tensor map.
  Status encode(const TensorView &view, std::vector<std::byte> &map);
  /// Runs a kernel, by its index, to its end; each parameter has the bytes that
  /// the kernel declares. `profile` becomes a JSON object of what the launch
  /// did, also if it faulted; empty without one.
  Status launch(size_t kernel, const LaunchShape &shape,
                std::vector<std::vector<std::byte>> &parameters,
                std::string &profile);

private:
  struct Driver;
  explicit EmulatedKernels(std::unique_ptr<Driver> driver);

  Status describe();
  std::string readProfile() const;

  std::unique_ptr<Driver> driver_;
  std::vector<KernelInfo> kernels_;
};

} // namespace moert

#endif // RUNTIME_DEVICE_EMULATEDKERNELS_H
