//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Diagnostics of MLIR as errors of one line.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DIAGNOSTICS_H
#define COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// While it lives, keeps the first error that a context reports.
class DiagnosticCollector {
public:
  /// `subject` is what an error without a place in a file is about.
  DiagnosticCollector(mlir::MLIRContext *context, std::string subject);

  /// The error, `file:line:column: message` or `subject: message`.
  llvm::Error take();

private:
  std::string describe(mlir::Diagnostic &diagnostic) const;

  std::string subject, first;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace moec

#endif // COMPILER_DIAGNOSTICS_H
