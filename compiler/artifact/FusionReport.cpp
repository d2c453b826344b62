//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/FusionReport.h"

#include "runtime/artifact/TensorLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <map>

using namespace llvm;
using namespace moec;
namespace format = moert::format;
using moert::StepSize;

void Traffic::add(const Traffic &more) {
  weights += more.weights;
  written += more.written;
  read += more.read;
  other += more.other;
}

namespace {

/// What one launch moves and computes.
struct LaunchReport {
  Traffic traffic;
  double flops;
};

/// Reports one program.
class ProgramReporter {
public:
  ProgramReporter(const moert::Artifact &artifact, const format::Target &target,
                  const format::Program &program)
      : artifact(artifact), target(target), program(program),
        model(*artifact.table().model()) {
    int64_t tokens = program.max_tokens();
    size = {tokens, program.regime()->string_view() == "decode" ? tokens : 1};
    for (const format::Launch *launch : *program.launches())
      launches.push_back(reportLaunch(*launch));
  }

  RegimeReport report();

private:
  /// Whether an operation is among those of a launch's kernel.
  bool computes(const format::Launch &launch, StringRef operation) const;
  LaunchReport reportLaunch(const format::Launch &launch) const;
  double bytesOf(const format::Argument &argument) const;
  double bytesRead(const format::Launch &launch,
                   const format::Argument &argument) const;
  double bytesHandedOn(const format::Launch &launch) const;
  void addArgument(const format::Launch &launch, uint32_t index,
                   Traffic &traffic) const;
  void countLayers(RegimeReport &report) const;
  double weightFloor() const;
  double otherFloor() const;
  void addKernel(const format::Launch &launch, const LaunchReport &moved,
                 RegimeReport &report);
  void drawRooflines(RegimeReport &report) const;
  std::vector<NotFusedReport> listNotFused() const;

  const moert::Artifact &artifact;
  const format::Target &target;
  const format::Program &program;
  const format::Model &model;
  StepSize size;
  std::vector<LaunchReport> launches; ///< in the program's order
  std::map<uint32_t, size_t> entries; ///< by kernel, into RegimeReport::kernels
};

} // namespace

bool ProgramReporter::computes(const format::Launch &launch,
                               StringRef operation) const {
  StringRef list =
      target.kernels()->Get(launch.kernel())->computes()->string_view();
  SmallVector<StringRef> operations;
  list.split(operations, " + ");
  return is_contained(operations, operation);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// What an argument other than a weight holds.
double ProgramReporter::bytesOf(const format::Argument &argument) const {
  double tokens = static_cast<double>(size.tokens);
  double rows = static_cast<double>(size.rows);
  switch (argument.kind()) {
  case format::ArgumentKind::Buffer: {
    const format::Buffer &buffer = *program.buffers()->Get(argument.index());
    return static_cast<double>(evaluate(*buffer.extent(), size)) *
           static_cast<double>(buffer.row_bytes());
  }
  case format::ArgumentKind::Cache:
    return tokens * static_cast<double>(moert::cacheBytesPerPosition(model));
  case format::ArgumentKind::Logits:
    return rows * model.vocabulary() * 4;
  case format::ArgumentKind::Input:
    return (format::InputKind(argument.index()) == format::InputKind::Rows
                ? rows
                : tokens) *
           4;
  case format::ArgumentKind::Top: // of programs that are not reported
  case format::ArgumentKind::Tensor:
    return 0;
  }
  llvm_unreachable("the artifact has been verified");
}

/// What a launch reads of a buffer: of all tokens' rows those that are wanted,
/// where it selects them.
double ProgramReporter::bytesRead(const format::Launch &launch,
                                  const format::Argument &argument) const {
  double bytes = bytesOf(argument);
  return computes(launch, "decoder.select_rows")
             ? bytes * static_cast<double>(size.rows) /
                   static_cast<double>(size.tokens)
             : bytes;
}

/// The sums of experts, f32 [T k, N], that a GPU's kernel puts aside in memory
/// until its last blocks combine them. A CPU's core keeps them in its cache.
double ProgramReporter::bytesHandedOn(const format::Launch &launch) const {
  const format::Kernel &kernel = *target.kernels()->Get(launch.kernel());
  if (!kernel.block() || kernel.block()->scratch_bytes() == 0 ||
      !computes(launch, "moe.combine"))
    return 0;
  double elements = 0;
  for (uint32_t i = kernel.operands(); i < launch.arguments()->size(); ++i) {
    const format::Argument &result = *launch.arguments()->Get(i);
    if (result.kind() != format::ArgumentKind::Buffer)
      continue;
    StringRef row = program.buffers()->Get(result.index())->row_type()->c_str();
    uint64_t columns = 0;
    if (!row.split('x').first.getAsInteger(10, columns))
      elements += static_cast<double>(columns);
  }
  return elements * sizeof(float) * static_cast<double>(size.tokens) *
         model.experts_per_token();
}

/// What a launch moves for its argument `index`. A buffer of one launch alone
/// is written and read by it: parts of a kernel hand on rows there.
void ProgramReporter::addArgument(const format::Launch &launch, uint32_t index,
                                  Traffic &traffic) const {
  const format::Argument &argument = *launch.arguments()->Get(index);
  bool isResult = index >= target.kernels()->Get(launch.kernel())->operands();
  double bytes = bytesOf(argument);
  if (argument.kind() == format::ArgumentKind::Cache) {
    // What appends takes the cache and gives it back, what attends reads it.
    if (isResult || computes(launch, "decoder.attention"))
      traffic.other += bytes;
    return;
  }
  if (argument.kind() != format::ArgumentKind::Buffer) {
    traffic.other += bytes;
    return;
  }
  if (!isResult) {
    traffic.read += bytesRead(launch, argument);
    return;
  }
  traffic.written += bytes;
  const format::Buffer &buffer = *program.buffers()->Get(argument.index());
  if (buffer.first_use() == buffer.last_use())
    traffic.read += bytes;
}

LaunchReport ProgramReporter::reportLaunch(const format::Launch &launch) const {
  moert::LaunchCost cost = moert::launchCost(artifact, launch, size);
  LaunchReport report{{}, cost.flops};
  report.traffic.weights = cost.weightBytes;
  for (uint32_t i = 0; i < launch.arguments()->size(); ++i)
    addArgument(launch, i, report.traffic);
  report.traffic.written += bytesHandedOn(launch);
  report.traffic.read += bytesHandedOn(launch);
  return report;
}

/// Elements of a parameter, without the padding of its layout.
static double elementsOf(const format::Tensor &tensor) {
  double elements = 1;
  for (uint64_t size : *tensor.shape())
    elements *= static_cast<double>(size);
  return elements;
}

/// Each parameter once, though several launches may read it, in several
/// layouts.
double ProgramReporter::weightFloor() const {
  std::map<std::string, double> bytes; // by name
  for (const format::Launch *launch : *program.launches())
    for (const format::Argument *argument : *launch->arguments()) {
      if (argument->kind() != format::ArgumentKind::Tensor)
        continue;
      const format::Tensor &tensor =
          *artifact.table().tensors()->Get(argument->index());
      double own = elementsOf(tensor) *
                   static_cast<double>(moert::elementBytes(tensor.type())) *
                   moert::usedShare(artifact, argument->index(), *launch, size);
      double &most = bytes[tensor.name()->str()];
      most = std::max(most, own);
    }
  double sum = 0;
  for (auto &[name, own] : bytes)
    sum += own;
  return sum;
}

/// Inputs; keys and values, written and read; logits.
double ProgramReporter::otherFloor() const {
  double tokens = static_cast<double>(size.tokens),
         rows = static_cast<double>(size.rows);
  double position = static_cast<double>(moert::cacheBytesPerPosition(model));
  constexpr double indexBytes = 4;
  return indexBytes * (3 * tokens + rows) +
         2 * tokens * position * model.layers() +
         rows * model.vocabulary() * sizeof(float);
}

//===----------------------------------------------------------------------===//
// Layers and kernels
//===----------------------------------------------------------------------===//

/// Layers lie between the launch that embeds and the one that selects rows; the
/// experts' block of a layer reaches from what scores them to what combines
/// them.
void ProgramReporter::countLayers(RegimeReport &report) const {
  uint64_t inLayers = 0, inBlocks = 0, callsInLayers = 0;
  bool inBlock = false;
  Traffic between;
  for (auto [launch, moved] : llvm::zip(*program.launches(), launches)) {
    if (computes(*launch, "decoder.select_rows"))
      break;
    if (computes(*launch, "decoder.embed"))
      continue;
    bool isCall = moert::isLibraryCall(target, *launch);
    callsInLayers += isCall;
    inLayers += !isCall;
    inBlock |= computes(*launch, "moe.router");
    inBlocks += inBlock && !isCall;
    inBlock &= !computes(*launch, "moe.combine");
    between.add(moved.traffic);
  }
  double layers = std::max<double>(model.layers(), 1);
  double places = layers * static_cast<double>(size.tokens);
  report.launchesPerLayer = static_cast<double>(inLayers) / layers;
  report.libraryCallsPerLayer = static_cast<double>(callsInLayers) / layers;
  report.moeLaunches = static_cast<double>(inBlocks) / layers;
  report.writtenPerTokenLayer = between.written / places;
  report.readPerTokenLayer = between.read / places;
}

void ProgramReporter::addKernel(const format::Launch &launch,
                                const LaunchReport &moved,
                                RegimeReport &report) {
  auto [entry, isNew] =
      entries.try_emplace(launch.kernel(), report.kernels.size());
  if (isNew) {
    const format::Kernel &kernel = *target.kernels()->Get(launch.kernel());
    KernelReport made;
    made.kernel = kernel.symbol()->str();
    made.computes = kernel.computes()->str();
    if (kernel.fusion())
      made.fusion = kernel.fusion()->str();
    report.kernels.push_back(std::move(made));
  }
  KernelReport &kernel = report.kernels[entry->second];
  ++kernel.launches;
  kernel.traffic.add(moved.traffic);
  kernel.flops += moved.flops;
}

/// The time of each kernel: the longer of its traffic and its arithmetic, and
/// its launches.
void ProgramReporter::drawRooflines(RegimeReport &report) const {
  const format::Rates &rates = *target.rates();
  for (KernelReport &kernel : report.kernels) {
    double memory = kernel.traffic.total() / rates.bytes_per_second();
    double compute = kernel.flops / rates.flops_per_second();
    double launch =
        static_cast<double>(kernel.launches) * rates.launch_seconds();
    kernel.seconds = std::max(memory, compute) + launch;
    kernel.limit = launch > std::max(memory, compute) ? "launch"
                   : compute > memory                 ? "compute"
                                                      : "memory";
    report.seconds += kernel.seconds;
  }
}

std::vector<NotFusedReport> ProgramReporter::listNotFused() const {
  std::vector<NotFusedReport> list;
  if (!program.not_fused())
    return list;
  for (const format::NotFused *candidate : *program.not_fused()) {
    list.push_back({candidate->fusion()->str(), candidate->reason()->str(),
                    flatbuffers::GetString(candidate->operation()),
                    flatbuffers::GetString(candidate->location()),
                    candidate->count()});
  }
  return list;
}

RegimeReport ProgramReporter::report() {
  RegimeReport report;
  report.name = program.regime()->str();
  report.maxTokens = program.max_tokens();
  for (const format::Launch *launch : *program.launches())
    ++(moert::isLibraryCall(target, *launch) ? report.libraryCalls
                                             : report.launches);
  countLayers(report);
  for (auto [launch, moved] : llvm::zip(*program.launches(), launches)) {
    report.traffic.add(moved.traffic);
    addKernel(*launch, moved, report);
  }
  report.floorBytes = weightFloor() + otherFloor();
  drawRooflines(report);
  report.notFused = listNotFused();
  return report;
}

/// Programs for the best logits differ from others in their last launches.
static bool isStep(const format::Program &program) {
  return program.entry()->string_view() == "step";
}

std::vector<TargetReport> moec::reportFusion(const moert::Artifact &artifact) {
  std::vector<TargetReport> reports;
  for (const format::Target *target : *artifact.table().targets()) {
    TargetReport report{target->name()->str(), *target->rates(), {}};
    for (const format::Program *program : *target->programs())
      if (isStep(*program))
        report.regimes.push_back(
            ProgramReporter(artifact, *target, *program).report());
    reports.push_back(std::move(report));
  }
  return reports;
}
