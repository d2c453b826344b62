//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products that cuBLASLt computes: which it takes, and how a kernel that is
/// one is planned. See docs/decisions/0012-products-of-a-library.md.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_LIBRARYPRODUCT_H
#define CODEGEN_NVIDIA_LIBRARYPRODUCT_H

#include "codegen/KernelBuilder.h"
#include "dialects/Decoder/Decoder.h"

namespace moec {

/// Whether cuBLASLt has fast algorithms for the types and sizes of the product.
bool libraryTakes(decoder::LinearOp product);

/// Whether a region holds a product that was marked for the library.
bool isLibraryProduct(mlir::Block &region);

/// The plan of a kernel that holds a product marked for the library, and maybe
/// an add of its result, or an error at what else it holds.
mlir::FailureOr<KernelPlan> planLibraryProduct(exec::KernelOp kernel,
                                               const KernelContext &context);

} // namespace moec

#endif // CODEGEN_NVIDIA_LIBRARYPRODUCT_H
