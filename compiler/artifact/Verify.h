//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// `moec verify`: whether artifacts are intact.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_VERIFY_H
#define COMPILER_ARTIFACT_VERIFY_H

#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace moec {

struct VerifyOptions {
  std::vector<std::string> paths;
  bool deep = false; ///< read the weights, too
};

/// Prints one line for each file: to `output` if it is intact, to `errors` what
/// is wrong if not. Shows progress in `errors` if that is a terminal. Returns
/// the exit code: 0, or 1 if a file is not intact.
int verifyArtifacts(const VerifyOptions &options, llvm::raw_ostream &output,
                    llvm::raw_ostream &errors);

} // namespace moec

#endif // COMPILER_ARTIFACT_VERIFY_H
