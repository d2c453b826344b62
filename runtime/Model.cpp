//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Model.h"

#include "runtime/device/DeviceChoice.h"

#include <cstring>
#include <unistd.h>

using namespace moert;

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Status Model::findPrograms() {
  for (const format::Program *program : *chosen->programs())
    for (Entry entry : {Entry::Step, Entry::Top})
      if (program->entry()->string_view() ==
          (entry == Entry::Step ? "step" : "top"))
        versions[static_cast<size_t>(entry)].push_back(program);
  if (programs().empty())
    return {MOERT_BAD_ARTIFACT,
            "target '" + chosen->name()->str() + "' has no program 'step'"};
  all = programs();
  all.insert(all.end(), programs(Entry::Top).begin(),
             programs(Entry::Top).end());
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
  i.device = where->name().c_str();
  i.device_description = where->description().c_str();
  i.flops_per_second = chosen->rates()->flops_per_second();
  for (const flatbuffers::String *feature : *chosen->features())
    i.uses_amx |= feature->string_view() == "amx-bf16";
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
  DeviceChoice choice;
  Status status = chooseDevice(*made->file, options, choice);
  if (!status.ok())
    return status;
  if (options.huge_pages && choice.gpu.driver)
    return {MOERT_INVALID, path +
                               ": huge pages are for weights that a CPU "
                               "reads; those of " +
                               choice.gpu.name + " are in its own memory"};
  choice.usesHugePages = options.huge_pages != 0;
  made->chosen = choice.target;
  status = made->findPrograms();
  if (status.ok())
    status = made->loadTokenizer();
  if (status.ok())
    status =
        choice.create({made->file.get(), made->chosen, made->all}, made->where);
  if (!status.ok())
    return {status.code, path + ": " + status.message};
  made->describe();
  model = std::move(made);
  return {};
}

size_t Model::selectProgram(int64_t tokens, Entry entry) const {
  const ProgramTables &tables = programs(entry);
  size_t i = 0;
  while (i + 1 < tables.size() && tables[i]->max_tokens() < tokens)
    ++i;
  return i;
}
