//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The input of a compilation: a program and what belongs to it.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_MODELINPUT_H
#define COMPILER_MODELINPUT_H

#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "compiler/import/WeightFiles.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace moec {

struct ModelInput {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// The folder of the bytes that parameters refer to; none if the weights are
  /// random, or no parameter refers to bytes.
  std::optional<WeightFiles> weights;
  std::string tokenizer; ///< the bytes of a SentencePiece model, or none
};

/// Imports a checkpoint, or reads an .mlir file. Errors of its syntax go to
/// `diagnostics`. Fails if one of the files that `options` name is missing or
/// damaged.
llvm::Expected<ModelInput> loadModel(const CompileOptions &options,
                                     mlir::MLIRContext &context,
                                     DiagnosticCollector &diagnostics);

} // namespace moec

#endif // COMPILER_MODELINPUT_H
