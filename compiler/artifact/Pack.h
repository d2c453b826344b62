//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From a parameter, row-major, to its stored form in an artifact.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_PACK_H
#define COMPILER_ARTIFACT_PACK_H

#include "compiler/artifact/ParameterSource.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace moec {

/// Takes bytes of the stored form; `offset` counts from its start. Called by
/// several threads, for disjoint bytes in any order.
using PackSink = llvm::function_ref<llvm::Error(uint64_t offset,
                                                llvm::ArrayRef<uint8_t> bytes)>;

/// Streams the stored form of a parameter to `sink`, in pieces of some MiB: the
/// memory needed does not depend on the parameter's size. Returns the checksum
/// of the stored form, which has `form.bytes()` bytes. Fails as `sink` does, or
/// if an element group of the layout is not of 2, 4 or 8 bytes.
llvm::Expected<uint64_t> packParameter(const ParameterSource &source,
                                       const moert::TensorForm &form,
                                       PackSink sink);

} // namespace moec

#endif // COMPILER_ARTIFACT_PACK_H
