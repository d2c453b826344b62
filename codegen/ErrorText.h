//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Errors at operations as text, for functions that return llvm::Error.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_ERRORTEXT_H
#define CODEGEN_ERRORTEXT_H

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace moec {

/// Gathers the errors reported while it lives, as one line.
class ErrorText {
public:
  explicit ErrorText(mlir::MLIRContext &context)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
            return mlir::failure();
          text += (text.empty() ? "" : "; ") + diagnostic.str();
          return mlir::success();
        }) {}
  std::string text;

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace moec

#endif // CODEGEN_ERRORTEXT_H
