//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/InspectForms.h"
#include "compiler/artifact/MemoryNeeds.h"
#include "compiler/artifact/TextTable.h"
#include "runtime/abi/Header.h"
#include "runtime/artifact/TensorLayout.h"

#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace llvm;
using namespace moec;
namespace format = moert::format;

static std::string describeEos(const format::Model &model) {
  if (!model.eos() || model.eos()->size() == 0)
    return "none";
  std::string text;
  for (int32_t token : *model.eos())
    text += (text.empty() ? "" : ", ") + itostr(token);
  return text;
}

static void printModel(const moert::Artifact &artifact, raw_ostream &output) {
  const format::Model &model = *artifact.table().model();
  TextTable rows("ll");
  auto count = [&](const char *what, uint64_t value) {
    rows.add({what, formatCount(value)});
  };
  rows.add({"architecture", model.architecture()->str()});
  count("parameters", model.parameters());
  count("vocabulary", model.vocabulary());
  count("hidden", model.hidden());
  count("layers", model.layers());
  rows.add({"experts", model.experts()
                           ? formatCount(model.experts()) + ", " +
                                 formatCount(model.experts_per_token()) +
                                 " for each token"
                           : "none"});
  rows.add({"cache", std::string(moert::dataTypeName(model.cache_type())) +
                         ", " + formatCount(model.kv_heads()) + " heads of " +
                         formatCount(model.head_dim())});
  count("positions", model.max_positions());
  rows.add({"window", model.window() ? formatCount(model.window()) : "none"});
  rows.add({"begin of text", model.bos() < 0 ? "none" : itostr(model.bos())});
  rows.add({"end of text", describeEos(model)});
  uint64_t tokenizer = artifact.tokenizer().size;
  rows.add({"tokenizer",
            tokenizer ? "SentencePiece, " + formatBytes(tokenizer) : "none"});
  output << "\nmodel\n";
  rows.print(output, 2);
}

/// Powers of 4 from 1024 on, and the most that the model can.
static std::set<uint64_t> chooseContexts(uint64_t most) {
  std::set<uint64_t> contexts = {most};
  for (uint64_t context = 1024; context < most; context *= 4)
    contexts.insert(context);
  return contexts;
}

static void printMemory(const format::Artifact &table, raw_ostream &output) {
  MemoryNeeds needs(table);
  TextTable terms("lrl");
  terms.add({"weights", formatBytes(needs.weights), "mapped from the file"});
  terms.add({"arena", formatBytes(needs.arena), "buffers of a step"});
  if (needs.workspace > 0)
    terms.add({"workspace", formatBytes(needs.workspace), "of cuBLASLt"});
  terms.add({"scratch", formatBytes(needs.scratch), "for each thread"});
  terms.add({"logits", formatBytes(needs.logitsRow), "for each sequence"});
  terms.add({"cache", formatBytes(needs.cachePosition),
             "for each position of a sequence, in pages of " +
                 utostr(needs.pagePositions)});
  output << "\nmemory\n";
  terms.print(output, 2);

  TextTable totals("rrrr");
  totals.add({"context", "1 sequence", "4 sequences", "16 sequences"});
  for (uint64_t context : chooseContexts(table.model()->max_positions())) {
    std::vector<std::string> row = {formatCount(context)};
    for (uint64_t batch : {1, 4, 16})
      row.push_back(formatBytes(needs.total(context, batch, /*threads=*/1)));
    totals.add(row);
  }
  output << "  weights + arena + " << (needs.workspace > 0 ? "workspace + " : "")
         << "threads * scratch + sequences * logits\n"
            "    + sequences * context, in whole pages, * cache; one thread:\n";
  totals.print(output, 2);
}

static void printProgram(const format::Artifact &table,
                         const format::Target &target,
                         const format::Program &program, raw_ostream &output) {
  output << "  program " << program.entry()->str() << ", "
         << program.regime()->str() << ": up to "
         << formatCount(program.max_tokens()) << " tokens, "
         << program.launches()->size() << " launches, arena of "
         << formatBytes(program.arena_bytes()) << '\n';
  TextTable rows("rlll");
  rows.add({"", "kernel", "tasks", "reads -> writes"});
  uint32_t index = 0;
  for (const format::Launch *launch : *program.launches()) {
    const format::Kernel &kernel = *target.kernels()->Get(launch->kernel());
    std::string arguments;
    for (uint32_t i = 0; i < launch->arguments()->size(); ++i) {
      const char *between = i == kernel.operands() ? " -> " : ", ";
      arguments +=
          (i ? between : "") +
          describeArgument(table, program, *launch->arguments()->Get(i));
    }
    rows.add({utostr(index++), kernel.symbol()->str(),
              describeExtent(*launch->tasks()), arguments});
  }
  rows.print(output, 4);
}

static void printTarget(const moert::Artifact &artifact,
                        const format::Target &target, raw_ostream &output) {
  std::string features;
  for (const flatbuffers::String *feature : *target.features())
    features += (features.empty() ? "" : ", ") + feature->str();
  output << "\ntarget " << target.name()->str() << '\n';
  TextTable rows("ll");
  bool isGpu = target.machine() == format::Machine::Nvidia;
  rows.add({"needs", isGpu              ? "an NVIDIA GPU of this architecture"
                     : features.empty() ? "any x86-64"
                                        : features});
  rows.add({"code", formatBytes(artifact.segment(target.code()).size)});
  if (!isGpu)
    rows.add({"scratch", formatBytes(target.scratch_bytes()) + " a thread"});
  rows.add({"deterministic",
            target.batch_invariant()
                ? "batch: bits of a token do not depend on others of its step"
                : "run: the same steps give the same bits"});
  rows.print(output, 2);
  output << "  kernels\n";
  TextTable kernels("ll");
  for (const format::Kernel *kernel : *target.kernels())
    kernels.add({kernel->symbol()->str(),
                 kernel->computes()->str() +
                     (kernel->library() ? ", by cuBLASLt" : "")});
  kernels.print(output, 4);
  for (const format::Program *program : *target.programs())
    printProgram(artifact.table(), target, *program, output);
}

static void printTensors(const format::Artifact &table, raw_ostream &output) {
  TextTable rows("lllr");
  for (const format::Tensor *tensor : *table.tensors()) {
    moert::TensorForm form = moert::TensorForm::of(*tensor);
    rows.add({tensor->name()->str(), form.typeName(), form.layoutName(),
              formatBytes(tensor->length())});
  }
  output << "\ntensors\n";
  rows.print(output, 2);
}

static void printSegments(const format::Artifact &table, raw_ostream &output) {
  TextTable rows("rlrr");
  rows.add({"", "kind", "offset", "bytes"});
  uint32_t index = 0;
  for (const format::Segment *segment : *table.segments())
    rows.add({utostr(index++), describe(segment->kind()),
              utostr(segment->offset()), utostr(segment->length())});
  output << "\nsegments\n";
  rows.print(output, 2);
}

void moec::printText(const moert::Artifact &artifact, raw_ostream &output) {
  const format::Artifact &table = artifact.table();
  output << artifact.path() << ": " << formatBytes(artifact.file().size)
         << ", written by " << table.producer()->str() << '\n';
  printModel(artifact, output);
  printMemory(table, output);
  for (const format::Target *target : *table.targets())
    printTarget(artifact, *target, output);
  printTensors(table, output);
  printSegments(table, output);
}
