//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Verify.h"

#include "runtime/abi/Kernel.h"

#include <cmath>
#include <map>
#include <set>

using namespace moert;

/// Names of CPU features: "avx2", "sse4.2".
static bool verifyFeatures(const Report &report, const format::Target &target,
                           const std::string &entry) {
  for (const flatbuffers::String *feature : *target.features())
    if (!isPrintable(*feature))
      return report.damaged(entry, "a CPU feature is not a printable text");
  return true;
}

/// How a GPU's blocks compute a kernel; the limits are those of all GPUs.
static bool verifyBlock(const Report &report, const format::Target &target,
                        uint32_t index, const std::string &entry) {
  const format::Block *block = target.kernels()->Get(index)->block();
  bool isGpu = target.machine() == format::Machine::Nvidia;
  bool hasLibrary = target.kernels()->Get(index)->library() != nullptr;
  if ((isGpu && !hasLibrary) != (block != nullptr))
    return report.damaged(entry, "kernel ", index,
                          block ? " has a block of a GPU" : " has no block");
  if (!block)
    return true;
  if (block->threads() < 1 || block->threads() > Limits::blockThreads)
    return report.damaged(entry, "a block of kernel ", index, " has ",
                          block->threads(), " threads, but must have 1 to ",
                          Limits::blockThreads);
  if (block->tasks() < 1)
    return report.damaged(entry, "a block of kernel ", index,
                          " computes no task");
  if (block->shared_bytes() > Limits::blockShared)
    return report.damaged(entry, "a block of kernel ", index, " has ",
                          block->shared_bytes(),
                          " bytes of shared memory, but at most ",
                          Limits::blockShared, " are allowed");
  if (block->scratch_bytes() > Limits::scratch)
    return report.damaged(entry, "kernel ", index, " has scratch of ",
                          block->scratch_bytes(), " bytes, but at most ",
                          Limits::scratch, " are allowed");
  return true;
}

/// A kernel that is a call of a library.
static bool verifyLibrary(const Report &report, const format::Target &target,
                          uint32_t index, const std::string &entry) {
  const format::Kernel &kernel = *target.kernels()->Get(index);
  const format::LibraryProduct *call = kernel.library();
  if (!call)
    return true;
  if (target.machine() != format::Machine::Nvidia)
    return report.damaged(entry, "kernel ", index,
                          " is a library's, which no CPU's is");
  if (kernel.results() != 1)
    return report.damaged(entry, "kernel ", index, " is a library's, but has ",
                          kernel.results(), " results");
  if (call->rows() >= kernel.operands() || call->weight() >= kernel.operands() ||
      call->residual() > kernel.operands())
    return report.damaged(entry, "kernel ", index, " multiplies operand ",
                          call->rows(), " with operand ", call->weight(),
                          " and adds ", call->residual(), ", but there are ",
                          kernel.operands());
  if (call->type() != format::DataType::F32 &&
      call->type() != format::DataType::BF16)
    return report.damaged(entry, "kernel ", index, " multiplies type ",
                          static_cast<uint32_t>(call->type()),
                          ", but a library's must be F32 or BF16");
  for (uint64_t size : {call->columns(), call->depth()})
    if (size == 0 || size > Limits::dimension)
      return report.damaged(entry, "kernel ", index, " multiplies matrices of ",
                            call->columns(), " x ", call->depth(),
                            ", but sizes must be 1 to ", Limits::dimension);
  if (call->workspace_bytes() > Limits::scratch)
    return report.damaged(entry, "kernel ", index, " has a workspace of ",
                          call->workspace_bytes(), " bytes, but at most ",
                          Limits::scratch, " are allowed");
  return true;
}

static bool verifyTensorMaps(const Report &report, const format::Kernel &kernel,
                             uint32_t index, const std::string &entry) {
  if (!kernel.tensor_maps())
    return true;
  if (!kernel.block())
    return report.damaged(entry, "kernel ", index,
                          " has tensor maps, but no block of a GPU");
  for (const format::TensorMap *map : *kernel.tensor_maps()) {
    if (map->operand() >= kernel.operands())
      return report.damaged(entry, "kernel ", index, " has a tensor map of operand ",
                            map->operand(), ", but there are ", kernel.operands());
    if (map->box_rows() < 1 || map->box_rows() > Limits::boxRows)
      return report.damaged(entry, "kernel ", index, " has boxes of ",
                            map->box_rows(), " rows, but they must have 1 to ",
                            Limits::boxRows);
  }
  return true;
}

/// The code segment and the kernels that it exports.
static bool verifyKernels(const Report &report, const format::Artifact &table,
                          const format::Target &target,
                          const std::string &entry) {
  uint32_t count = table.segments()->size();
  if (target.code() >= count)
    return report.damaged(entry, "code is segment ", target.code(),
                          ", but there are ", count);
  format::SegmentKind kind = table.segments()->Get(target.code())->kind();
  if (kind != format::SegmentKind::Code)
    return report.damaged(entry, "code is segment ", target.code(),
                          ", but its kind is ",
                          format::EnumNameSegmentKind(kind));
  std::set<std::string> symbols;
  for (uint32_t i = 0; i < target.kernels()->size(); ++i) {
    const format::Kernel &kernel = *target.kernels()->Get(i);
    if (!isIdentifier(*kernel.symbol()))
      return report.damaged(entry, "the symbol of kernel ", i,
                            " is not an identifier");
    if (!isPrintable(*kernel.computes()))
      return report.damaged(entry, "what kernel ", i,
                            " computes is not a printable text");
    if (kernel.fusion() && !isPrintable(*kernel.fusion()))
      return report.damaged(entry, "the fusion of kernel ", i,
                            " is not a printable text");
    if (kernel.layouts())
      for (const flatbuffers::String *layout : *kernel.layouts())
        if (!isPrintable(*layout))
          return report.damaged(entry, "a layout of kernel ", i,
                                " is not a printable text");
    if (!symbols.insert(kernel.symbol()->str()).second)
      return report.damaged(entry, "kernel ", i, " has the symbol ",
                            kernel.symbol()->str(), " of a kernel before it");
    if (kernel.method() && !isPrintable(*kernel.method()))
      return report.damaged(entry, "the method of kernel ", i,
                            " is not a printable text");
    if (!verifyBlock(report, target, i, entry) ||
        !verifyLibrary(report, target, i, entry) ||
        !verifyTensorMaps(report, kernel, i, entry))
      return false;
  }
  return true;
}

static bool verifyRates(const Report &report, const format::Target &target,
                        const std::string &entry) {
  const format::Rates &rates = *target.rates();
  for (auto [name, rate] :
       {std::pair("bytes_per_second", rates.bytes_per_second()),
        std::pair("flops_per_second", rates.flops_per_second()),
        std::pair("launch_seconds", rates.launch_seconds())})
    if (!(rate > 0) || std::isinf(rate))
      return report.damaged(entry, "its rate ", name, " is ", rate,
                            ", but must be a positive number");
  if (rates.on_chip_bytes() == 0)
    return report.damaged(entry, "its rate on_chip_bytes is 0");
  return true;
}

/// A text for people that may be missing.
static bool isPrintableIfThere(const flatbuffers::String *text) {
  return !text || isPrintable(*text);
}

/// Why fusions were not made, and where: text for people.
static bool verifyReasons(const Report &report, const format::Program &program,
                          uint32_t index, const std::string &entry) {
  if (!program.not_fused())
    return true;
  for (const format::NotFused *candidate : *program.not_fused()) {
    if (!isPrintable(*candidate->fusion()) ||
        !isPrintable(*candidate->reason()))
      return report.damaged(entry, "program ", index,
                            " was not fused for a reason that is not a "
                            "printable text");
    if (!isPrintableIfThere(candidate->operation()) ||
        !isPrintableIfThere(candidate->location()))
      return report.damaged(entry, "program ", index,
                            " was not fused at a place that is not a "
                            "printable text");
    if (candidate->count() == 0)
      return report.damaged(entry, "program ", index,
                            " was not fused at 0 places");
  }
  return true;
}

/// Programs as versions of entry points: names and order.
static bool verifyVersions(const Report &report, const format::Model &model,
                           const format::Target &target,
                           const std::string &entry) {
  std::map<std::string, uint32_t> largest; // max_tokens of an entry so far
  std::set<std::string> names;
  for (uint32_t i = 0; i < target.programs()->size(); ++i) {
    const format::Program &program = *target.programs()->Get(i);
    if (!isPrintable(*program.entry()) || !isPrintable(*program.regime()))
      return report.damaged(entry, "program ", i,
                            " has a name that is not a printable text");
    if (!verifyReasons(report, program, i, entry))
      return false;
    std::string name = program.entry()->str();
    if (!names.insert(name + "\n" + program.regime()->str()).second)
      return report.damaged(entry, "there are two programs '", name, "' for '",
                            program.regime()->str(), "'");
    uint32_t most = program.max_tokens();
    if (most == 0 || most > Limits::stepTokens)
      return report.damaged(entry, "program ", i, " is for at most ", most,
                            " tokens, but must be for 1 to ",
                            Limits::stepTokens);
    if (most <= largest[name])
      return report.damaged(entry, "program ", i, " is for at most ", most,
                            " tokens, but one before it for ", largest[name]);
    largest[name] = most;
  }
  if (largest.count("step") == 0)
    return report.damaged(entry, "has no program 'step'");
  uint32_t top = largest.count("top") ? largest["top"] : 0;
  uint32_t expected = model.top_logits() ? largest["step"] : 0;
  if (top != expected)
    return report.damaged(entry, "programs 'top' are for at most ", top,
                          " tokens, but with ", model.top_logits(),
                          " top logits must be for ", expected);
  return true;
}

bool moert::verifyTargets(const Report &report, const format::Artifact &table) {
  if (table.targets()->size() == 0)
    return report.damaged("there is no target");
  std::set<std::string> names;
  for (uint32_t i = 0; i < table.targets()->size(); ++i) {
    const format::Target &target = *table.targets()->Get(i);
    if (!isPrintable(*target.name()))
      return report.damaged("target ", i, ": name is not a printable text");
    std::string entry = "target '" + target.name()->str() + "': ";
    if (!names.insert(target.name()->str()).second)
      return report.damaged(entry, "there are two of this name");
    if (!isEnum(target.machine()))
      return report.damaged(entry, "its machine is number ",
                            static_cast<int>(target.machine()),
                            ", which does not exist");
    if (target.scratch_bytes() > Limits::scratch)
      return report.damaged(entry, "scratch of ", target.scratch_bytes(),
                            " bytes, but at most ", Limits::scratch,
                            " are allowed");
    if (!verifyRates(report, target, entry) ||
        !verifyFeatures(report, target, entry) ||
        !verifyKernels(report, table, target, entry) ||
        !verifyVersions(report, *table.model(), target, entry) ||
        !verifyPrograms(report, table, target))
      return false;
  }
  return true;
}
