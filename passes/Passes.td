//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The passes that are valid for every target, in the order of the pipeline.
//
//===----------------------------------------------------------------------===//

#ifndef PASSES_PASSES_TD
#define PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyProgramPass : Pass<"moe-verify-program", "::mlir::ModuleOp"> {
  let summary = "Check that a module is a whole model";
  let description = [{
    Reports violations; changes nothing.
  }];
}

#endif // PASSES_PASSES_TD
