//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The tiny artifact, opened by the tools.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_TOOLS_TINYMODEL_H
#define TEST_RUNTIME_TOOLS_TINYMODEL_H

#include "runtime/tools/Failure.h"
#include "runtime/tools/Model.h"
#include "test/runtime/TinyArtifact.h"

#include <algorithm>
#include <cstdio>

namespace moert::tools {

/// A file that is removed in the end.
struct TinyFile {
  explicit TinyFile(const tiny::Variant &variant = {})
      : path(tiny::write(variant)) {}
  ~TinyFile() { std::remove(path.c_str()); }
  TinyFile(const TinyFile &) = delete;

  const std::string path;
};

/// An opened artifact.
struct TinyModel : TinyFile, Model {
  explicit TinyModel(const tiny::Variant &variant = {})
      : TinyFile(variant), Model({path}) {}
};

/// The likeliest token after `tokens`.
inline int32_t likeliest(const Tokens &tokens) {
  std::vector<float> logits = tiny::reference(tokens);
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

/// What the Failure that `function` throws says.
template <typename Function> std::string failureOf(Function function) {
  try {
    function();
  } catch (const Failure &failure) {
    return failure.what();
  }
  return "";
}

} // namespace moert::tools

#endif // TEST_RUNTIME_TOOLS_TINYMODEL_H
