//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An artifact, opened for one of its targets on the device that runs it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_MODEL_H
#define RUNTIME_MODEL_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"
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
  const Device &device() const { return *where; }
  /// Versions of an entry point, in ascending order of the tokens they accept;
  /// none of Top if the artifact has no such entry.
  const ProgramTables &programs(Entry entry = Entry::Step) const {
    return versions[static_cast<size_t>(entry)];
  }
  /// The versions of all entries: those of Step, then those of Top.
  const ProgramTables &allPrograms() const { return all; }
  /// The version for a step of `tokens` <= max_step_tokens tokens, as an index
  /// into the programs of the entry.
  size_t selectProgram(int64_t tokens, Entry entry = Entry::Step) const;
  /// Null if there is none.
  const Tokenizer *tokenizer() const { return text.get(); }

private:
  Model() = default;
  Status findPrograms();
  Status loadTokenizer();
  void describe();

  std::unique_ptr<Artifact> file;
  const format::Target *chosen = nullptr;
  ProgramTables versions[2]; ///< by Entry
  ProgramTables all;
  std::unique_ptr<Device> where;
  std::unique_ptr<Tokenizer> text;
  moert_model_info information{};
};

} // namespace moert

#endif // RUNTIME_MODEL_H
