//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/InspectForms.h"
#include "compiler/artifact/MemoryNeeds.h"
#include "runtime/abi/Header.h"
#include "runtime/artifact/TensorLayout.h"

#include "llvm/Support/JSON.h"

#include <cstring>

using namespace llvm;
using namespace moec;
namespace format = moert::format;

namespace {

/// Writes one JSON object; keys keep the order below.
class JsonForm {
public:
  JsonForm(const moert::Artifact &artifact, raw_ostream &output)
      : artifact(artifact), table(artifact.table()), json(output, 2) {}

  void print();

private:
  void printHeader();
  void printModel();
  void printMemory();
  void printBlock(const format::Block &block);
  void printLibrary(const format::LibraryProduct &call);
  void printTarget(const format::Target &target);
  void printProgram(const format::Target &target,
                    const format::Program &program);
  void printLaunch(const format::Target &target, const format::Program &program,
                   const format::Launch &launch);
  void printTensor(const format::Tensor &tensor);
  void printSegment(const format::Segment &segment);

  void text(StringRef key, const flatbuffers::String *value) {
    json.attribute(key, StringRef(value->c_str(), value->size()));
  }
  void extent(StringRef key, const format::Extent &value) {
    json.attributeObject(key, [&] {
      json.attribute("scale", value.scale());
      json.attribute(
          "symbol", value.symbol() == format::Symbol::Rows ? "rows" : "tokens");
      json.attribute("constant", value.constant());
    });
  }
  template <typename Vector, typename Print>
  void array(StringRef key, const Vector *values, Print print) {
    json.attributeArray(key, [&] {
      for (const auto *value : *values)
        json.object([&] { print(*value); });
    });
  }

  const moert::Artifact &artifact;
  const format::Artifact &table;
  json::OStream json;
};

} // namespace

void JsonForm::printHeader() {
  moert_header header;
  std::memcpy(&header, artifact.file().data, sizeof(header));
  json.attribute("path", artifact.path());
  json.attribute("bytes", header.file_size);
  json.attribute("format",
                 (Twine(header.major) + "." + Twine(header.minor)).str());
  text("producer", table.producer());
  json.attribute("kernel_abi", table.kernel_abi());
}

void JsonForm::printModel() {
  const format::Model &model = *table.model();
  json.attributeObject("model", [&] {
    text("architecture", model.architecture());
    json.attribute("parameters", model.parameters());
    json.attribute("vocabulary", model.vocabulary());
    json.attribute("hidden", model.hidden());
    json.attribute("layers", model.layers());
    json.attribute("kv_heads", model.kv_heads());
    json.attribute("head_dim", model.head_dim());
    json.attribute("cache_type", moert::dataTypeName(model.cache_type()));
    json.attribute("max_positions", model.max_positions());
    json.attribute("window", model.window());
    json.attribute("experts", model.experts());
    json.attribute("experts_per_token", model.experts_per_token());
    json.attribute("top_logits", model.top_logits());
    json.attribute("bos", model.bos());
    json.attributeArray("eos", [&] {
      if (model.eos())
        for (int32_t token : *model.eos())
          json.value(token);
    });
    json.attribute("tokenizer_bytes", artifact.tokenizer().size);
  });
}

void JsonForm::printMemory() {
  MemoryNeeds needs(table);
  json.attributeObject("memory", [&] {
    json.attribute("formula",
                   "weights + arena + workspace + threads * scratch + "
                   "batch * logits_row + batch * round_up(context, page_positions) * "
                   "cache_position");
    json.attribute("weights", needs.weights);
    json.attribute("arena", needs.arena);
    json.attribute("workspace", needs.workspace);
    json.attribute("scratch", needs.scratch);
    json.attribute("logits_row", needs.logitsRow);
    json.attribute("cache_position", needs.cachePosition);
    json.attribute("page_positions", needs.pagePositions);
  });
}

void JsonForm::printLaunch(const format::Target &target,
                           const format::Program &program,
                           const format::Launch &launch) {
  text("kernel", target.kernels()->Get(launch.kernel())->symbol());
  json.attributeArray("arguments", [&] {
    for (const format::Argument *argument : *launch.arguments())
      json.value(describeArgument(table, program, *argument));
  });
  extent("rows", *launch.rows());
  extent("tasks", *launch.tasks());
  json.attribute("grain", launch.grain());
  extent("flops", *launch.flops());
  json.attribute("weight_use", describe(launch.weight_use()));
}

void JsonForm::printProgram(const format::Target &target,
                            const format::Program &program) {
  text("entry", program.entry());
  text("regime", program.regime());
  json.attribute("max_tokens", program.max_tokens());
  json.attribute("arena_bytes", program.arena_bytes());
  array("buffers", program.buffers(), [&](const format::Buffer &buffer) {
    text("name", buffer.name());
    text("row_type", buffer.row_type());
    extent("rows", *buffer.extent());
    json.attribute("row_bytes", buffer.row_bytes());
    json.attribute("offset", buffer.offset());
    json.attribute("first_use", buffer.first_use());
    json.attribute("last_use", buffer.last_use());
  });
  array("launches", program.launches(), [&](const format::Launch &launch) {
    printLaunch(target, program, launch);
  });
}

void JsonForm::printBlock(const format::Block &block) {
  json.attribute("threads", block.threads());
  json.attribute("tasks", block.tasks());
  json.attribute("shared_bytes", block.shared_bytes() + block.static_bytes());
  json.attribute("registers", block.registers());
  json.attribute("local_bytes", block.local_bytes());
  json.attribute("resident_blocks", block.resident_blocks());
  json.attribute("scratch_bytes", block.scratch_bytes());
}

void JsonForm::printLibrary(const format::LibraryProduct &call) {
  json.attribute("rows", call.rows());
  json.attribute("weight", call.weight());
  json.attribute("residual", call.residual());
  json.attribute("type", moert::dataTypeName(call.type()));
  json.attribute("columns", call.columns());
  json.attribute("depth", call.depth());
  json.attribute("workspace_bytes", call.workspace_bytes());
}

void JsonForm::printTarget(const format::Target &target) {
  text("name", target.name());
  json.attributeArray("features", [&] {
    for (const flatbuffers::String *feature : *target.features())
      json.value(feature->str());
  });
  json.attribute("machine", format::EnumNameMachine(target.machine()));
  json.attribute("batch_invariant", target.batch_invariant());
  json.attribute("code_segment", target.code());
  json.attribute("scratch_bytes", target.scratch_bytes());
  array("kernels", target.kernels(), [&](const format::Kernel &kernel) {
    text("symbol", kernel.symbol());
    text("computes", kernel.computes());
    json.attribute("operands", kernel.operands());
    json.attribute("results", kernel.results());
    if (const format::Block *block = kernel.block())
      json.attributeObject("block", [&] { printBlock(*block); });
    if (const format::LibraryProduct *call = kernel.library())
      json.attributeObject("library", [&] { printLibrary(*call); });
    if (kernel.method())
      text("method", kernel.method());
    if (const auto *maps = kernel.tensor_maps())
      json.attributeArray("tensor_maps", [&] {
        for (const format::TensorMap *map : *maps)
          json.object([&] {
            json.attribute("operand", map->operand());
            json.attribute("box_rows", map->box_rows());
          });
      });
  });
  array("programs", target.programs(),
        [&](const format::Program &program) { printProgram(target, program); });
}

void JsonForm::printTensor(const format::Tensor &tensor) {
  text("name", tensor.name());
  json.attribute("type", moert::dataTypeName(tensor.type()));
  json.attributeArray("shape", [&] {
    for (uint64_t dimension : *tensor.shape())
      json.value(dimension);
  });
  json.attribute("layout", moert::TensorForm::of(tensor).layoutName());
  json.attribute("segment", tensor.segment());
  json.attribute("offset", tensor.offset());
  json.attribute("bytes", tensor.length());
  json.attribute("checksum", describeChecksum(tensor.checksum()));
}

void JsonForm::printSegment(const format::Segment &segment) {
  json.attribute("kind", describe(segment.kind()));
  json.attribute("offset", segment.offset());
  json.attribute("bytes", segment.length());
  if (segment.kind() != format::SegmentKind::Weights)
    json.attribute("checksum", describeChecksum(segment.checksum()));
}

void JsonForm::print() {
  json.object([&] {
    printHeader();
    printModel();
    printMemory();
    array("targets", table.targets(),
          [&](const format::Target &target) { printTarget(target); });
    array("tensors", table.tensors(),
          [&](const format::Tensor &tensor) { printTensor(tensor); });
    array("segments", table.segments(),
          [&](const format::Segment &segment) { printSegment(segment); });
  });
  json.flush();
}

void moec::printJson(const moert::Artifact &artifact, raw_ostream &output) {
  JsonForm(artifact, output).print();
  output << '\n';
}
