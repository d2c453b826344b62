//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The semantic verifier of artifacts. Each function checks one part of an
/// artifact, reports the first violation and returns whether there was none.
/// They build on one another in the order of their declaration: a function may
/// use without a check what the ones before it have checked.
///
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ARTIFACT_VERIFY_H
#define RUNTIME_ARTIFACT_VERIFY_H

#include "runtime/artifact/Artifact.h"

#include "runtime/abi/Header.h"

#include <string>
#include <type_traits>

namespace moert {

/// Where the verifier puts what is wrong with a file.
class Report {
public:
  Report(const std::string &path, std::string &error)
      : path(path), error(error) {}

  /// Says what is wrong with the bytes of the file. Returns false.
  template <typename... Parts> bool damaged(const Parts &...parts) const {
    return refuse(parts..., "; the file is damaged, compile it again");
  }

  /// Says why the file cannot be used, and what to do. Returns false.
  template <typename... Parts> bool refuse(const Parts &...parts) const {
    error = path + ": ";
    ((error += text(parts)), ...);
    return false;
  }

private:
  template <typename Part> static std::string text(const Part &part) {
    if constexpr (std::is_arithmetic_v<Part>)
      return std::to_string(part);
    else
      return part;
  }

  const std::string &path;
  std::string &error;
};

/// The largest values that the verifier accepts. They are far above what any
/// model needs, and low enough that sizes computed from them fit 64 bits.
struct Limits {
  static constexpr uint64_t name = 1024;               // bytes
  static constexpr uint64_t dimension = 1u << 24;      // of the model
  static constexpr uint64_t layers = 1u << 16;         // and heads, head_dim
  static constexpr uint64_t positions = 1u << 30;      // int32 in kernels
  static constexpr uint64_t stepTokens = 1u << 20;     // tokens of a step
  static constexpr uint64_t arena = uint64_t(1) << 46; // bytes
  static constexpr uint64_t scratch = 1u << 30;        // bytes of a thread
  static constexpr uint64_t rank = 8;                  // of a tensor
  static constexpr uint64_t blockThreads = 1024;       // of a GPU
  static constexpr uint64_t blockShared = 1u << 20;    // bytes
  static constexpr uint64_t boxRows = 256;             // of a tensor map
};

/// True if `name` can stand in a message: not empty, short, printable.
bool isPrintable(const flatbuffers::String &name);
/// True if `name` can be a symbol: letters, digits, `_`, `.`; no digit first.
bool isIdentifier(const flatbuffers::String &name);
/// `value` as the format's enum `Enum` is at most its largest value.
template <typename Enum> bool isEnum(Enum value) {
  return static_cast<uint64_t>(value) <= static_cast<uint64_t>(Enum::MAX);
}
/// 16 hexadecimal digits.
std::string hexadecimal(uint64_t value);

/// The first page: magic, versions, sizes, checksums of itself and of the
/// table.
bool verifyHeader(const Report &report, ByteSpan file);
/// The table as FlatBuffers data: `verifyHeader` has been there.
bool verifyTable(const Report &report, ByteSpan file);
/// Kinds, places and padding of segments, and checksums but of the weights.
bool verifySegments(const Report &report, ByteSpan file,
                    const format::Artifact &table);
/// Numbers of the model description.
bool verifyModel(const Report &report, const format::Model &model);
/// Names, types, sizes and places of the tensors.
bool verifyTensors(const Report &report, const format::Artifact &table);
/// Targets with their kernels; their programs through `verifyPrograms`.
bool verifyTargets(const Report &report, const format::Artifact &table);
/// Buffers, launches and arguments of the programs of `target`.
bool verifyPrograms(const Report &report, const format::Artifact &table,
                    const format::Target &target);
/// A launch, and what it is of.
struct VerifiedLaunch {
  const format::Artifact &table;
  const format::Program &program;
  const format::Kernel &kernel;
  const format::Launch &launch;
};
/// What a launch of a kernel that is a library's reads and writes; `entry` names
/// the launch. To be called by `verifyPrograms`, after its other checks.
bool verifyLibraryCall(const Report &report, const VerifiedLaunch &launch,
                       const std::string &entry);
/// Bytes of the tensors and of the padding between them.
bool verifyWeights(const Report &report, const Artifact &artifact,
                   const VerifyProgress &progress);

} // namespace moert

#endif // RUNTIME_ARTIFACT_VERIFY_H
