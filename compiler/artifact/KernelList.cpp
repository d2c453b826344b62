//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The kernels of an artifact: what one launch of each moves, computes and takes
// at best, and what its blocks take of a GPU.
//
//===----------------------------------------------------------------------===//

#include "compiler/artifact/FusionReport.h"
#include "compiler/artifact/InspectForms.h"
#include "compiler/artifact/TextTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <map>

using namespace llvm;
using namespace moec;
namespace format = moert::format;

namespace {

/// The kernels of a target by their names, and what there is to say of them.
struct Kernels {
  std::map<std::string, const format::Kernel *> byName;
  bool areOfGpu = false, haveMethods = false;

  explicit Kernels(const format::Target &target) {
    for (const format::Kernel *kernel : *target.kernels()) {
      byName[kernel->symbol()->str()] = kernel;
      areOfGpu |= kernel->block() || kernel->library();
      haveMethods |= kernel->method() != nullptr;
    }
    haveMethods |= areOfGpu;
  }
  const format::Kernel &at(const std::string &name) const {
    return *byName.at(name);
  }
};

std::string methodOf(const format::Kernel &kernel) {
  return kernel.method() ? kernel.method()->str() : "";
}

/// Warps that a multiprocessor holds of the kernel.
uint32_t residentWarps(const format::Block &block) {
  return block.resident_blocks() * ((block.threads() + 31) / 32);
}

/// Those of a library's kernels are its own.
void addResources(const format::Kernel &kernel,
                  std::vector<std::string> &cells) {
  if (!kernel.block()) {
    cells.insert(cells.end(), 5, "-");
    return;
  }
  const format::Block &block = *kernel.block();
  for (uint32_t n : {block.threads(), block.registers(),
                     block.shared_bytes() + block.static_bytes(),
                     block.local_bytes(), residentWarps(block)})
    cells.push_back(formatCount(n));
}

void printRegime(const RegimeReport &regime, const Kernels &kernels,
                 raw_ostream &output) {
  bool areOfGpu = kernels.areOfGpu, haveMethods = kernels.haveMethods;
  TextTable rows(std::string(areOfGpu ? "lrrrrrrrrrl" : "lrrrrl") +
                 (haveMethods ? "l" : ""));
  std::vector<std::string> head = {"kernel"};
  if (areOfGpu)
    for (const char *name :
         {"threads", "registers", "shared", "local", "warps"})
      head.push_back(name);
  for (const char *name :
       {"launches", "MB each", "MFLOP each", "us each", "limit"})
    head.push_back(name);
  if (haveMethods)
    head.push_back("method");
  rows.add(head);
  for (const KernelReport &kernel : regime.kernels) {
    std::vector<std::string> cells = {kernel.kernel};
    if (areOfGpu)
      addResources(kernels.at(kernel.kernel), cells);
    double count = static_cast<double>(kernel.launches);
    cells.push_back(utostr(kernel.launches));
    for (double number :
         {kernel.traffic.total() / count / 1e6, kernel.flops / count / 1e6,
          kernel.seconds / count * 1e6})
      cells.push_back(formatv("{0:f2}", number).str());
    cells.push_back(kernel.limit);
    if (haveMethods)
      cells.push_back(methodOf(kernels.at(kernel.kernel)));
    rows.add(cells);
  }
  output << "  " << regime.name << ", " << regime.maxTokens << " tokens\n";
  rows.print(output, 4);
}

void writeKernel(json::OStream &json, const KernelReport &kernel,
                 const Kernels &kernels) {
  double count = static_cast<double>(kernel.launches);
  json.attribute("kernel", kernel.kernel);
  json.attribute("computes", kernel.computes);
  json.attribute("launches", kernel.launches);
  json.attribute("bytes", kernel.traffic.total() / count);
  json.attribute("flops", kernel.flops / count);
  json.attribute("seconds", kernel.seconds / count);
  json.attribute("limit", kernel.limit);
  const format::Kernel &made = kernels.at(kernel.kernel);
  if (kernels.haveMethods)
    json.attribute("method", methodOf(made));
  if (!made.block())
    return;
  const format::Block &own = *made.block();
  json.attribute("threads", own.threads());
  json.attribute("registers", own.registers());
  json.attribute("shared_bytes", own.shared_bytes() + own.static_bytes());
  json.attribute("local_bytes", own.local_bytes());
  json.attribute("resident_warps", residentWarps(own));
  json.attributeArray("layouts", [&] {
    if (const auto *layouts = made.layouts())
      for (const flatbuffers::String *layout : *layouts)
        json.value(layout->str());
  });
}

} // namespace

void moec::printKernelText(const moert::Artifact &artifact,
                           raw_ostream &output) {
  std::vector<TargetReport> reports = reportFusion(artifact);
  for (auto [target, report] : zip(*artifact.table().targets(), reports)) {
    output << "target " << report.name << '\n';
    Kernels kernels(*target);
    for (const RegimeReport &regime : report.regimes)
      printRegime(regime, kernels, output);
  }
}

void moec::printKernelJson(const moert::Artifact &artifact,
                           raw_ostream &output) {
  std::vector<TargetReport> reports = reportFusion(artifact);
  json::OStream json(output, /*IndentSize=*/2);
  json.object([&] {
    json.attributeArray("targets", [&] {
      for (auto [target, report] : zip(*artifact.table().targets(), reports)) {
        Kernels kernels(*target);
        const TargetReport &own = report;
        json.object([&] {
          json.attribute("name", own.name);
          json.attributeArray("regimes", [&] {
            for (const RegimeReport &regime : own.regimes)
              json.object([&] {
                json.attribute("name", regime.name);
                json.attribute("tokens", regime.maxTokens);
                json.attributeArray("kernels", [&] {
                  for (const KernelReport &kernel : regime.kernels)
                    json.object([&] { writeKernel(json, kernel, kernels); });
                });
              });
          });
        });
      }
    });
  });
  output << '\n';
}
