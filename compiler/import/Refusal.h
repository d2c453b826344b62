//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How the importer says that an input is bad: one line that names the file.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_REFUSAL_H
#define COMPILER_IMPORT_REFUSAL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// An error that reads `file: what`.
llvm::Error refuse(const llvm::Twine &file, const llvm::Twine &what);

/// `text` of unknown origin between quotes, fit for one line of a message:
/// control characters are escaped, and what is too long is cut.
std::string quote(llvm::StringRef text);

} // namespace moec

#endif // COMPILER_IMPORT_REFUSAL_H
