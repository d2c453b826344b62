//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Linking with LLD, inside this process.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_LINKSHAREDOBJECT_H
#define CODEGEN_X86_LINKSHAREDOBJECT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// Links an ELF object into a shared object that depends on nothing: an
/// undefined symbol is an error that names it. Works in a folder of its own in
/// the system's temporary folder. Not for two threads at once.
llvm::Expected<std::string> linkSharedObject(llvm::StringRef object);

} // namespace moec

#endif // CODEGEN_X86_LINKSHAREDOBJECT_H
