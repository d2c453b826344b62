//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The whole exec dialect; the unit that mlir-tblgen and mlir-doc read.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_EXEC_EXEC_TD
#define DIALECTS_EXEC_EXEC_TD

include "dialects/Exec/ExecBuffers.td"
include "dialects/Exec/ExecDialect.td"
include "dialects/Exec/ExecOps.td"

#endif // DIALECTS_EXEC_EXEC_TD
