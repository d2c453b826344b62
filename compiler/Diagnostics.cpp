//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

DiagnosticCollector::DiagnosticCollector(MLIRContext *context,
                                         std::string subject)
    : subject(std::move(subject)), handler(context, [this](Diagnostic &d) {
        if (d.getSeverity() == DiagnosticSeverity::Error && first.empty())
          first = describe(d);
        return success();
      }) {}

std::string DiagnosticCollector::describe(Diagnostic &diagnostic) const {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    out << place.getFilename().getValue() << ':' << place.getLine() << ':'
        << place.getColumn() << ": ";
  else
    out << subject << ": ";
  out << diagnostic;
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

llvm::Error DiagnosticCollector::take() {
  if (first.empty())
    first = subject + ": compilation failed without a message; this is a "
                      "mistake in moec";
  return llvm::createStringError(std::exchange(first, std::string()));
}
