//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Finds models that Hugging Face's tools have downloaded.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_HUBCACHE_H
#define COMPILER_IMPORT_HUBCACHE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// The folder of a checkpoint: `name` itself if it is a folder, else the
/// snapshot of the model ORGANIZATION/MODEL[@REVISION] in the cache, which is
/// $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub,
/// $XDG_CACHE_HOME/huggingface/hub or ~/.cache/huggingface/hub: the first that
/// is set. The revision (`main` if none is given) is a branch, a tag or a
/// commit.
llvm::Expected<std::string> findCheckpointFolder(llvm::StringRef name);

} // namespace moec

#endif // COMPILER_IMPORT_HUBCACHE_H
