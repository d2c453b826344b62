//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From exec IR to the tables of an artifact: a dull translation.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_TABLES_H
#define COMPILER_ARTIFACT_TABLES_H

#include "compiler/artifact/Writer.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"
#include "runtime/artifact/TensorLayout.h"

namespace moec {

/// A tensor of the artifact to be.
struct ArtifactTensor {
  moe::ParameterOp parameter;
  moert::TensorForm form;
  uint64_t offset = 0; ///< in the segment of weights
  uint64_t length = 0;
  uint64_t checksum = 0;
};

/// The tensors of all targets, in the order in which programs name them first.
/// Equal parameters in equal layouts are one tensor.
class TensorTable {
public:
  /// The index of what `tensor` declares, added if it is new. Fails if the
  /// format has no such type, layout or name.
  llvm::Expected<uint32_t> add(exec::TensorOp tensor);

  llvm::MutableArrayRef<ArtifactTensor> tensors() { return stored; }
  /// Bytes of all tensors with the padding between them.
  uint64_t segmentBytes() const { return end; }

private:
  std::vector<ArtifactTensor> stored;
  llvm::StringMap<uint32_t> indices; ///< by name and layout
  uint64_t end = 0;
};

/// The element type of the format; fails if it has none for `type`.
llvm::Expected<moert::format::DataType> toDataType(mlir::Type type);

/// The model table, from the module's `moe.model`.
llvm::Expected<flatbuffers::Offset<moert::format::Model>>
buildModel(flatbuffers::FlatBufferBuilder &builder, mlir::ModuleOp module);

/// The table of a target whose code is segment `codeSegment`. Adds the tensors
/// that its programs read to `tensors`.
llvm::Expected<flatbuffers::Offset<moert::format::Target>>
buildTarget(flatbuffers::FlatBufferBuilder &builder, const TargetCode &target,
            uint32_t codeSegment, TensorTable &tensors);

} // namespace moec

#endif // COMPILER_ARTIFACT_TABLES_H
