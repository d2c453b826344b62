//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Where the values of a parameter come from.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_PARAMETERSOURCE_H
#define COMPILER_ARTIFACT_PARAMETERSOURCE_H

#include "runtime/artifact/TensorLayout.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <vector>

namespace moec {

/// The bytes of one parameter in row-major order. Threads may share one.
class ParameterSource {
public:
  virtual ~ParameterSource() = default;

  /// `length` bytes from byte `offset` on: where they are, or written to
  /// `scratch`, which has room for them.
  virtual const uint8_t *read(uint64_t offset, uint64_t length,
                              uint8_t *scratch) const = 0;

  /// Says that these bytes will be read soon.
  virtual void prefetch(uint64_t offset, uint64_t length) const {}

  /// Says that these bytes will not be read again.
  virtual void release(uint64_t offset, uint64_t length) const {}
};

/// The concatenation of byte ranges of mapped files.
class MappedParameter : public ParameterSource {
public:
  /// Each range lies in a read-only mapping of a file, which outlives this.
  explicit MappedParameter(std::vector<llvm::ArrayRef<uint8_t>> ranges);

  const uint8_t *read(uint64_t offset, uint64_t length,
                      uint8_t *scratch) const override;
  void prefetch(uint64_t offset, uint64_t length) const override;
  void release(uint64_t offset, uint64_t length) const override;

private:
  /// The index of the range that holds byte `offset`.
  size_t find(uint64_t offset) const;
  void advise(uint64_t offset, uint64_t length, int advice) const;

  std::vector<llvm::ArrayRef<uint8_t>> ranges;
  std::vector<uint64_t> begins; ///< of the ranges in the parameter
};

/// Random values of the scale that trained weights have, so that activations
/// neither vanish nor explode: a vector is uniform in [0.9, 1.1), like the
/// weights of a norm; a matrix with K columns is uniform with variance 1 / K, a
/// table of which rows are looked up with variance 1. So tokens differ, and are
/// routed to all experts, as trained models do.
/// An element depends on nothing but the seed, the name and its index.
class RandomParameter : public ParameterSource {
public:
  RandomParameter(uint64_t seed, llvm::StringRef name, moert::TensorForm form,
                  bool table = false);

  const uint8_t *read(uint64_t offset, uint64_t length,
                      uint8_t *scratch) const override;

private:
  float element(uint64_t index) const;

  uint64_t key;
  moert::format::DataType type;
  float center = 0.0f, radius = 0.0f;
};

} // namespace moec

#endif // COMPILER_ARTIFACT_PARAMETERSOURCE_H
