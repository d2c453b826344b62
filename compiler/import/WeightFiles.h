//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The bytes behind `#moe.bytes`: maps the files of a checkpoint folder, for
/// whoever packs weights.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_WEIGHTFILES_H
#define COMPILER_IMPORT_WEIGHTFILES_H

#include "dialects/MoE/MoE.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>

namespace moec {

/// Gives access to byte ranges of files that stay in one folder. One thread at
/// a time may call it; the bytes may be read by any, until this is destroyed.
class WeightFiles {
public:
  /// `folder` may also name a model in the Hugging Face cache.
  static llvm::Expected<WeightFiles> open(llvm::StringRef folder);
  WeightFiles(WeightFiles &&);
  WeightFiles &operator=(WeightFiles &&);
  ~WeightFiles();

  /// The folder, after a name in the cache has been looked up.
  llvm::StringRef folder() const { return path; }

  /// The bytes of a range, which need not be aligned. They are read from the
  /// file as they are touched. Fails if the range leaves its file, the file
  /// leaves the folder, or the file became shorter.
  llvm::Expected<llvm::ArrayRef<uint8_t>> get(moe::BytesAttr range);

private:
  class MappedFile;

  explicit WeightFiles(std::string path);
  llvm::Expected<MappedFile *> map(llvm::StringRef name);

  std::string path;
  llvm::StringMap<std::unique_ptr<MappedFile>> files;
};

} // namespace moec

#endif // COMPILER_IMPORT_WEIGHTFILES_H
