//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

using namespace mlir;

namespace moec {

#define GEN_PASS_DEF_VERIFYPROGRAMPASS
#include "passes/Passes.h.inc"

namespace {
struct VerifyProgramPass : impl::VerifyProgramPassBase<VerifyProgramPass> {
  void runOnOperation() override { markAllAnalysesPreserved(); }
};
} // namespace

} // namespace moec
