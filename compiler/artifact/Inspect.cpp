//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Inspect.h"

#include "compiler/artifact/InspectForms.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace moec;
namespace format = moert::format;

std::string moec::describeExtent(const format::Extent &extent) {
  std::string symbol =
      extent.symbol() == format::Symbol::Rows ? "rows" : "tokens";
  int64_t scale = extent.scale(), constant = extent.constant();
  if (scale == 0)
    return itostr(constant);
  std::string product = scale == 1 ? symbol : itostr(scale) + " * " + symbol;
  return constant == 0 ? product : product + " + " + itostr(constant);
}

std::string moec::describeArgument(const format::Artifact &table,
                                   const format::Program &program,
                                   const format::Argument &argument) {
  uint32_t index = argument.index();
  switch (argument.kind()) {
  case format::ArgumentKind::Buffer:
    return "buffer " + program.buffers()->Get(index)->name()->str();
  case format::ArgumentKind::Tensor:
    return "tensor " + table.tensors()->Get(index)->name()->str();
  case format::ArgumentKind::Input:
    return "input " +
           StringRef(format::EnumNameInputKind(format::InputKind(index)))
               .lower();
  case format::ArgumentKind::Cache:
    return "cache of layer " + utostr(index);
  case format::ArgumentKind::Logits:
    return "logits";
  case format::ArgumentKind::Top:
    return index == 0 ? "best logits" : "best tokens";
  }
  llvm_unreachable("the artifact has been verified");
}

std::string moec::describeChecksum(uint64_t checksum) {
  return "0x" + utohexstr(checksum, /*LowerCase=*/true, /*Width=*/16);
}

std::string moec::describe(format::SegmentKind kind) {
  return StringRef(format::EnumNameSegmentKind(kind)).lower();
}

std::string moec::describe(format::WeightUse use) {
  return StringRef(format::EnumNameWeightUse(use)).lower();
}

Error moec::inspectArtifact(const InspectOptions &options,
                            raw_ostream &output) {
  std::string violation;
  std::unique_ptr<moert::Artifact> artifact =
      moert::Artifact::open(options.path, moert::VerifyDepth::Load, violation);
  if (!artifact)
    return createStringError(violation);
  if (options.fusionReport) {
    (options.json ? printFusionJson : printFusionText)(*artifact, output);
    return Error::success();
  }
  if (options.kernels) {
    (options.json ? printKernelJson : printKernelText)(*artifact, output);
    return Error::success();
  }
  if (options.memoryMap) {
    printMemoryMap(*artifact, *options.memoryMap, output);
    return Error::success();
  }
  if (options.json)
    printJson(*artifact, output);
  else
    printText(*artifact, output);
  return Error::success();
}
