//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Takes values out of a configuration and remembers the first that is wrong,
/// so that a reader of many keys tests for failure once.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_CONFIGVALUES_H
#define COMPILER_IMPORT_CONFIGVALUES_H

#include "compiler/import/Json.h"

#include <string>

namespace moec {

class ConfigValues {
public:
  /// `values` is an object; messages begin with `file`.
  ConfigValues(Json values, llvm::StringRef file)
      : values(std::move(values)), file(file) {}

  /// The value of a key; null if it is absent or null.
  const Json *find(llvm::StringRef key) const;
  bool isAbsent(llvm::StringRef key) const;

  /// A size in [1, 2^31). Without `otherwise` the key is required; a null is
  /// as good as an absent key. After a failure it is 1.
  int64_t size(llvm::StringRef key, std::optional<int64_t> otherwise = {});
  /// The size under either name of one key; both may stand if they agree.
  int64_t size(llvm::StringRef key, llvm::StringRef alias, int64_t otherwise);
  /// A finite number above zero, also as a float. After a failure it is 1.
  double positive(llvm::StringRef key, double otherwise);
  bool flag(llvm::StringRef key, bool otherwise);
  /// A string; empty if it is absent, null or wrong.
  std::string text(llvm::StringRef key);
  /// A token id below `vocabulary`.
  int64_t token(llvm::StringRef key, const Json &value, int64_t vocabulary);

  /// Remembers that something is wrong, unless something was before.
  void refuse(const llvm::Twine &what);
  bool failed() const { return !refusal.empty(); }
  llvm::Error takeError();

private:
  Json values;
  std::string file;
  std::string refusal;
};

} // namespace moec

#endif // COMPILER_IMPORT_CONFIGVALUES_H
