//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A lowered model by hand, with its weights, and a folder to write to.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_COMPILER_ARTIFACT_LOWEREDMODEL_H
#define TEST_COMPILER_ARTIFACT_LOWEREDMODEL_H

#include "compiler/artifact/Writer.h"
#include "compiler/import/WeightFiles.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

/// An empty folder, removed with its scope.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string operator/(const std::string &name) const {
    return path + "/" + name;
  }
  /// Names of what is in it, sorted.
  std::vector<std::string> list() const;

  const std::string path;
};

/// The text of a lowered module: an embedding [40, 20] and a head, the same
/// parameter in panels, of bf16, in `weights.bin`.
extern const char loweredModel[];

/// Replaces the one place where `from` stands.
std::string replaced(std::string text, const std::string &from,
                     const std::string &to);

/// What `writeArtifact` needs to write `loweredModel`.
class LoweredModel {
public:
  explicit LoweredModel(const std::string &text = loweredModel);

  /// Two targets of the same module; the folder's `weights.bin`.
  moec::ArtifactContents contents();

  TemporaryFolder folder;
  std::string weights; ///< bytes of weights.bin
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<moec::TargetCode> targets;
  std::unique_ptr<moec::WeightFiles> files;
};

/// The message, or "" for a success.
std::string messageOf(llvm::Error error);
/// All bytes of a file.
std::string contentOf(const std::string &path);

#endif // TEST_COMPILER_ARTIFACT_LOWEREDMODEL_H
