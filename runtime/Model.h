//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An artifact, opened for one of its targets.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_MODEL_H
#define RUNTIME_MODEL_H

#include "runtime/CodeImage.h"
#include "runtime/artifact/Cost.h"
#include "runtime/artifact/Artifact.h"
#include "runtime/text/Tokenizer.h"

#include <memory>
#include <vector>

namespace moert {

/// What a step gives: logits, or the best of them alone.
enum class Entry { Step, Top };

/// Read-only once open.
class Model {
public:
  /// See moert_model_open.
  static Status open(const std::string &path,
                     const moert_model_options &options,
                     std::unique_ptr<Model> &model);

  const moert_model_info &info() const { return information; }
  const Artifact &artifact() const { return *file; }
  const format::Model &table() const { return *file->table().model(); }
  const format::Target &target() const { return *chosen; }
  const std::vector<moert_kernel> &kernels() const { return functions; }
  /// Versions of an entry point, in ascending order of the tokens they accept;
  /// none of Top if the artifact has no such entry.
  using Programs = std::vector<const format::Program *>;
  const Programs &programs(Entry entry = Entry::Step) const {
    return versions[static_cast<size_t>(entry)];
  }
  /// The version for a step of `tokens` <= max_step_tokens tokens.
  size_t selectProgram(int64_t tokens, Entry entry = Entry::Step) const;
  /// Null if there is none.
  const Tokenizer *tokenizer() const { return text.get(); }

private:
  Model() = default;
  Status chooseTarget(const char *name);
  Status loadCode();
  Status loadTokenizer();
  void describe();

  std::unique_ptr<Artifact> file;
  const format::Target *chosen = nullptr;
  CodeImage code;
  std::vector<moert_kernel> functions;
  Programs versions[2]; ///< by Entry
  std::unique_ptr<Tokenizer> text;
  moert_model_info information{};
};

} // namespace moert

#endif // RUNTIME_MODEL_H
