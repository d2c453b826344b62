//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How many bytes a tensor's stored form takes.
///
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ARTIFACT_TENSORLAYOUT_H
#define RUNTIME_ARTIFACT_TENSORLAYOUT_H

#include "runtime/artifact/CheckedArithmetic.h"

#include "runtime/abi/artifact_generated.h"

#include <string>
#include <vector>

namespace moert {

/// Bytes of an element of `type`, which is valid.
uint64_t elementBytes(format::DataType type);

/// As people write it: "bf16".
const char *dataTypeName(format::DataType type);

/// The stored form of a tensor: `format::Tensor` without a place in a file.
struct TensorForm {
  format::DataType type = format::DataType::F32;
  std::vector<uint64_t> shape; ///< before packing
  format::Layout layout = format::Layout::RowMajor;
  /// Of panels; 0 in a row-major tensor.
  uint32_t width = 0, depth = 0, unit = 0;

  /// Bytes of the stored form, padding of panels included. Nothing if they do
  /// not fit 64 bits. Panels need a shape of two or three dimensions.
  CheckedSize bytes() const;
  /// As people write it: "row-major" or "panels<32, 8, 2>".
  std::string layoutName() const;
  /// As people write it: "8x14336x4096xbf16".
  std::string typeName() const;

  static TensorForm of(const format::Tensor &tensor);
};

/// Where a tensor begins in its segment if the one before it ends at `end`, or
/// 0 for the first. Nothing if that does not fit 64 bits.
CheckedSize placeTensor(uint64_t end);

} // namespace moert

#endif // RUNTIME_ARTIFACT_TENSORLAYOUT_H
