//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The weighted sum of the experts' results, for the kernels that combine.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_EXPERTS_H
#define CODEGEN_KERNELS_EXPERTS_H

#include "codegen/kernels/Plan.h"
#include "codegen/kernels/Region.h"

namespace moec {

/// The operands of a moe.combine.
struct ExpertResults {
  Matrix rows;
  Row weights; ///< of all slots
  PlanArrays plan;
  int64_t choices;
};

/// The weighted sum, for one token, of the strip that `load` takes from a row.
mlir::Value sumChoices(Emit &emit, const ExpertResults &results,
                       mlir::Value token,
                       llvm::function_ref<mlir::Value(Row)> load);

} // namespace moec

#endif // CODEGEN_KERNELS_EXPERTS_H
