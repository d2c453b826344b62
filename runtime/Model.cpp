//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Model.h"

#include "runtime/CpuFeatures.h"

#include <cstring>
#include <unistd.h>

using namespace moert;

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

/// What the target needs and this CPU lacks; empty if nothing.
static std::string missingFeatures(const format::Target &target) {
  std::string missing;
  for (const flatbuffers::String *feature : *target.features()) {
    if (cpuHasFeature(feature->string_view()))
      continue;
    missing += (missing.empty() ? "" : ", ") + feature->str();
  }
  return missing;
}

static std::string targetNames(const format::Artifact &table) {
  std::string names;
  for (const format::Target *target : *table.targets())
    names += (names.empty() ? "" : ", ") + target->name()->str();
  return names;
}

/// Picks the target of that name, or the most demanding one that runs here.
Status Model::chooseTarget(const char *name) {
  const format::Artifact &table = file->table();
  std::string lacking;
  for (const format::Target *target : *table.targets()) {
    if (name && target->name()->string_view() != name)
      continue;
    std::string missing = missingFeatures(*target);
    if (!missing.empty()) {
      lacking += (lacking.empty() ? "" : "; ") + ("'" + target->name()->str()) +
                 "' needs " + missing;
      continue;
    }
    if (!chosen || target->features()->size() >= chosen->features()->size())
      chosen = target;
  }
  if (chosen)
    return {};
  if (!lacking.empty())
    return {MOERT_UNSUPPORTED,
            file->path() + ": this CPU cannot run " +
                (name ? "the target: " : "any target of the artifact: ") +
                lacking +
                (name ? "; the artifact has " + targetNames(table)
                      : "; compile it with --target=host")};
  return {MOERT_INVALID, file->path() + ": the artifact has no target '" +
                             (name ? name : "") + "'; it has " +
                             targetNames(table)};
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Status Model::loadCode() {
  ByteSpan bytes = file->segment(chosen->code());
  Status status = code.load(bytes.data, bytes.size);
  if (!status.ok())
    return status;
  for (const format::Kernel *kernel : *chosen->kernels()) {
    moert_kernel function;
    status = code.find(kernel->symbol()->str(), function);
    if (!status.ok())
      return status;
    functions.push_back(function);
  }
  for (const format::Program *program : *chosen->programs())
    for (Entry entry : {Entry::Step, Entry::Top})
      if (program->entry()->string_view() ==
          (entry == Entry::Step ? "step" : "top"))
        versions[static_cast<size_t>(entry)].push_back(program);
  if (programs().empty())
    return {MOERT_BAD_ARTIFACT,
            "target '" + chosen->name()->str() + "' has no program 'step'"};
  return {};
}

Status Model::loadTokenizer() {
  ByteSpan bytes = file->tokenizer();
  if (bytes.size == 0)
    return {};
  return Tokenizer::create(
      {reinterpret_cast<const char *>(bytes.data), bytes.size}, text);
}

void Model::describe() {
  const format::Model &model = table();
  moert_model_info &i = information;
  i.architecture = model.architecture()->c_str();
  i.producer = file->table().producer()->c_str();
  i.target = chosen->name()->c_str();
  i.vocabulary = model.vocabulary();
  i.max_positions = model.max_positions();
  i.max_step_tokens = programs().back()->max_tokens();
  i.layers = model.layers();
  i.hidden = model.hidden();
  i.window = model.window();
  i.experts = model.experts();
  i.experts_per_token = model.experts_per_token();
  i.parameters = static_cast<int64_t>(model.parameters());
  i.bos = model.bos();
  i.eos = model.eos() ? model.eos()->data() : nullptr;
  i.eos_count = model.eos() ? model.eos()->size() : 0;
  for (const format::Tensor *tensor : *file->table().tensors())
    i.weight_bytes += static_cast<int64_t>(tensor->length());
  i.cache_bytes_per_position = i.layers * cacheBytesPerPosition(model);
  i.has_tokenizer = text != nullptr;
  i.top_logits = model.top_logits();
}

Status Model::open(const std::string &path, const moert_model_options &options,
                   std::unique_ptr<Model> &model) {
  std::unique_ptr<Model> made(new Model());
  std::string error;
  made->file = Artifact::open(
      path, options.verify_weights ? VerifyDepth::Deep : VerifyDepth::Load,
      error);
  if (!made->file)
    return {access(path.c_str(), R_OK) == 0 ? MOERT_BAD_ARTIFACT : MOERT_IO,
            error};
  Status status = made->chooseTarget(options.target);
  if (!status.ok())
    return status;
  status = made->loadCode();
  if (status.ok())
    status = made->loadTokenizer();
  if (!status.ok())
    return {status.code, path + ": " + status.message};
  made->describe();
  model = std::move(made);
  return {};
}

size_t Model::selectProgram(int64_t tokens, Entry entry) const {
  const Programs &all = programs(entry);
  size_t i = 0;
  while (i + 1 < all.size() && all[i]->max_tokens() < tokens)
    ++i;
  return i;
}
