//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What a version of @step tells of fusion, as attributes of the function:
///
///     moe.fused = ["router", "qkv"],
///     moe.not_fused = [{fusion = "gate-up", operation = "decoder.swiglu",
///                       reason = "gate and up read different activations",
///                       location = "layers.0", count = 32 : i64}]
///
/// `operation` is the one where the fusion begins to look for the others, and
/// `location` what it comes from, if that is known. Layers that are alike have
/// one entry, with the location of the first.
///
//===----------------------------------------------------------------------===//

#ifndef PASSES_FUSIONRECORD_H
#define PASSES_FUSIONRECORD_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace moec {

/// Also of those whose groups are part of larger ones now.
void recordMade(mlir::func::FuncOp step, llvm::StringRef fusion);
bool isMade(mlir::func::FuncOp step, llvm::StringRef fusion);

void recordNotFused(mlir::func::FuncOp step, llvm::StringRef fusion,
                    mlir::Operation *operation, const llvm::Twine &reason);
/// Why, and where, a fusion was not made: "it keeps ... (decoder.rms_norm,
/// layers.0)". Empty if nothing is recorded.
std::string findReason(mlir::func::FuncOp step, llvm::StringRef fusion);

} // namespace moec

#endif // PASSES_FUSIONRECORD_H
