//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The two ways to show an artifact, and what both say in the same words.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_INSPECTFORMS_H
#define COMPILER_ARTIFACT_INSPECTFORMS_H

#include "runtime/artifact/Artifact.h"

#include "llvm/Support/raw_ostream.h"

#include <string>

namespace moec {

/// "2 * tokens + 9"
std::string describeExtent(const moert::format::Extent &extent);

/// What an argument of a launch is: "buffer swiglu_96.7", "cache of layer 0".
std::string describeArgument(const moert::format::Artifact &table,
                             const moert::format::Program &program,
                             const moert::format::Argument &argument);

/// "0x0123456789abcdef"
std::string describeChecksum(uint64_t checksum);

/// Lower-case names of the format's enums.
std::string describe(moert::format::SegmentKind kind);
std::string describe(moert::format::WeightUse use);

void printText(const moert::Artifact &artifact, llvm::raw_ostream &output);
void printJson(const moert::Artifact &artifact, llvm::raw_ostream &output);

/// What fusion made of the programs.
void printFusionText(const moert::Artifact &artifact,
                     llvm::raw_ostream &output);
void printFusionJson(const moert::Artifact &artifact,
                     llvm::raw_ostream &output);

/// The kernels: resources, and rooflines of a launch.
void printKernelText(const moert::Artifact &artifact,
                     llvm::raw_ostream &output);
void printKernelJson(const moert::Artifact &artifact,
                     llvm::raw_ostream &output);

} // namespace moec

#endif // COMPILER_ARTIFACT_INSPECTFORMS_H
