//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What fusion made of the programs of an artifact: launches, and the bytes
/// that go through memory between them.
///
//===----------------------------------------------------------------------===//

#include "compiler/artifact/InspectForms.h"
#include "compiler/artifact/TextTable.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace moec;
namespace format = moert::format;

namespace {

/// What one program costs between its kernels.
struct RegimeReport {
  std::string name;
  uint64_t maxTokens = 0, launches = 0;
  double launchesPerLayer = 0, moeLaunches = 0, bytesPerTokenLayer = 0;
  std::vector<std::string> groups; ///< kernels of several operations
};

} // namespace

static bool computes(const format::Kernel &kernel, StringRef operation) {
  return StringRef(kernel.computes()->str()).contains(operation);
}

/// Programs for the best logits differ from others in their last launches.
static bool isStep(const format::Program &program) {
  return program.entry()->string_view() == "step";
}

/// Bytes of the buffers that a launch reads and writes, in a step of `tokens`.
static double bufferBytes(const format::Program &program,
                          const format::Launch &launch, uint64_t tokens) {
  double bytes = 0;
  for (const format::Argument *argument : *launch.arguments()) {
    if (argument->kind() != format::ArgumentKind::Buffer)
      continue;
    const format::Buffer &buffer = *program.buffers()->Get(argument->index());
    double rows = static_cast<double>(buffer.extent()->scale()) *
                      static_cast<double>(tokens) +
                  static_cast<double>(buffer.extent()->constant());
    bytes += rows * static_cast<double>(buffer.row_bytes());
  }
  return bytes;
}

/// Layers lie between the launch that embeds and the one that selects rows; the
/// experts' block of a layer reaches from its router to its combine.
static RegimeReport reportProgram(const format::Target &target,
                                  const format::Program &program,
                                  uint64_t layers) {
  RegimeReport report;
  report.name = program.regime()->str();
  report.maxTokens = program.max_tokens();
  report.launches = program.launches()->size();
  uint64_t inLayers = 0, inBlocks = 0;
  bool inBlock = false;
  double bytes = 0;
  for (const format::Launch *launch : *program.launches()) {
    const format::Kernel &kernel = *target.kernels()->Get(launch->kernel());
    if (computes(kernel, " + ") &&
        !is_contained(report.groups, kernel.symbol()->str()))
      report.groups.push_back(kernel.symbol()->str());
    if (computes(kernel, "decoder.select_rows"))
      break;
    if (computes(kernel, "decoder.embed"))
      continue;
    ++inLayers;
    inBlock |= computes(kernel, "moe.router");
    inBlocks += inBlock;
    inBlock &= !computes(kernel, "moe.combine");
    bytes += bufferBytes(program, *launch, report.maxTokens);
  }
  double count = static_cast<double>(std::max<uint64_t>(layers, 1));
  report.launchesPerLayer = static_cast<double>(inLayers) / count;
  report.moeLaunches = static_cast<double>(inBlocks) / count;
  report.bytesPerTokenLayer =
      bytes / count / static_cast<double>(report.maxTokens);
  return report;
}

static void printReport(const RegimeReport &report, json::OStream &json) {
  json.object([&] {
    json.attribute("name", report.name);
    json.attribute("max_tokens", report.maxTokens);
    json.attribute("launches_per_layer", report.launchesPerLayer);
    json.attribute("moe_block_launches", report.moeLaunches);
    json.attribute("launches_per_step", report.launches);
    json.attribute("intermediate_bytes_per_token_layer",
                   report.bytesPerTokenLayer);
    json.attributeArray("groups", [&] {
      for (const std::string &group : report.groups)
        json.value(group);
    });
  });
}

void moec::printFusionJson(const moert::Artifact &artifact,
                           raw_ostream &output) {
  const format::Artifact &table = artifact.table();
  json::OStream json(output, 2);
  json.object([&] {
    json.attributeArray("targets", [&] {
      for (const format::Target *target : *table.targets())
        json.object([&] {
          json.attribute("name", target->name()->str());
          json.attributeArray("regimes", [&] {
            for (const format::Program *program : *target->programs())
              if (isStep(*program))
                printReport(
                    reportProgram(*target, *program, table.model()->layers()),
                    json);
          });
        });
    });
  });
  output << '\n';
}

static std::string oneDecimal(double value) {
  std::string text;
  raw_string_ostream(text) << llvm::format("%.1f", value);
  return text;
}

void moec::printFusionText(const moert::Artifact &artifact,
                           raw_ostream &output) {
  const format::Artifact &table = artifact.table();
  for (const format::Target *target : *table.targets()) {
    output << "target " << target->name()->str() << '\n';
    TextTable rows("lrrrrr");
    rows.add({"regime", "up to tokens", "launches", "of a layer",
              "of its experts", "bytes between, a token and layer"});
    for (const format::Program *program : *target->programs()) {
      if (!isStep(*program))
        continue;
      RegimeReport report =
          reportProgram(*target, *program, table.model()->layers());
      rows.add({report.name, formatCount(report.maxTokens),
                formatCount(report.launches),
                oneDecimal(report.launchesPerLayer),
                oneDecimal(report.moeLaunches),
                oneDecimal(report.bytesPerTokenLayer)});
    }
    rows.print(output, 2);
  }
}
