//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How a long job says how far it is.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_PROGRESS_H
#define COMPILER_PROGRESS_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace moec {

/// Takes reports and drops them; a tool derives what shows them.
class Progress {
public:
  virtual ~Progress() = default;

  /// A part of the job begins: "compiling kernels for znver4".
  virtual void begin(llvm::StringRef part) {}
  /// Bytes of the part that are done, of all.
  virtual void advance(uint64_t done, uint64_t total) {}
  /// The job ended, well or not.
  virtual void end() {}
};

} // namespace moec

#endif // COMPILER_PROGRESS_H
