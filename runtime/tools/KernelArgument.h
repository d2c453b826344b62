//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Arguments of kernels as users write them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_KERNELARGUMENT_H
#define RUNTIME_TOOLS_KERNELARGUMENT_H

#include "runtime/device/EmulatedKernels.h"
#include "runtime/tools/NpyArray.h"

#include <string>
#include <vector>

namespace moert::tools {

/// One of
///
///     FILE.npy           an array in device memory
///     TYPE:FILE.npy      the same, its elements as TYPE
///     TYPE[EXTENTS]      a new array, in which is nothing
///     TYPE[EXTENTS]=X    the same, full of X
///     X, TYPE:X          a number
///     bytes:FILE.npy     what a parameter that is no number holds
///     map:ARRAY:BOX:SWIZZLE   a tensor map of an array
struct KernelArgument {
  enum class Kind { Number, Array, Map, Bytes };

  std::string spec; ///< as it was written
  Kind kind = Kind::Number;
  const Element *element = nullptr; ///< of a number; null if it was not said
  Real number = 0;
  NpyArray array; ///< of all kinds but numbers
  bool isFilled = false;
  std::vector<uint32_t> box; ///< of a map
  unsigned swizzle = 0;
  uint64_t address = 0; ///< of the array, once it is on the device

  bool hasArray() const { return kind == Kind::Array || kind == Kind::Map; }
};

/// Throws a UsageFailure for what has no such form, a Failure for a file.
KernelArgument parseArgument(const std::string &spec);

/// Puts the argument's array on the device, and gives the bytes of the
/// parameter `index` of the kernel. Throws Failures.
std::vector<std::byte> place(KernelArgument &argument, EmulatedKernels &device,
                             const KernelInfo &kernel, size_t index);

/// An array with its elements as `element`. Unsigned integers are the bits of
/// bf16, e4m3 and e5m2, which NumPy lacks; other numbers are rounded. Throws a
/// Failure that names `source` for what is out of range.
NpyArray convert(NpyArray array, const Element &element,
                 const std::string &source);

/// Throws a Failure unless `status` is a success.
void check(const Status &status);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_KERNELARGUMENT_H
