//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Turns a checkpoint folder into a module of the moe and decoder dialects.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_IMPORT_H
#define COMPILER_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace moec {

/// Builds the module of a checkpoint: a `moe.parameter` for each weight, which
/// refers to bytes of the folder's files, and
///
/// ```mlir
/// func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
///                 %batch: !decoder.batch, %cache: !decoder.kv_cache<...>)
///     -> (tensor<?xVxf32>, !decoder.kv_cache<...>)
/// ```
///
/// The module's `moe.model` is a dictionary of architecture (string),
/// max_positions, window (0: none), bos (-1: none), eos (array of i64), and
/// tokenizer (a file name relative to the folder) if the folder has one.
///
/// `folder` may also name a model in the Hugging Face cache. Nothing but JSON
/// and headers is read: a module takes megabytes, whatever the weights take.
/// Fails with one line that names the file and what is wrong in it.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importCheckpoint(mlir::MLIRContext &context, llvm::StringRef folder);

} // namespace moec

#endif // COMPILER_IMPORT_IMPORT_H
