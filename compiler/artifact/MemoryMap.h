//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The memory plan of the programs of an artifact: what lives where and when.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_MEMORYMAP_H
#define COMPILER_ARTIFACT_MEMORYMAP_H

#include "runtime/artifact/Artifact.h"

#include "llvm/Support/raw_ostream.h"

namespace moec {

enum class MemoryMapForm { Text, Json, Svg };

/// Prints, for each program, the size of the arena, the sum of its buffers, and
/// of each buffer its place, its bytes in the largest step and the launches
/// during which it lives. As SVG: a drawing for each program, launches from
/// left to right, places in the arena from bottom to top.
void printMemoryMap(const moert::Artifact &artifact, MemoryMapForm form,
                    llvm::raw_ostream &output);

} // namespace moec

#endif // COMPILER_ARTIFACT_MEMORYMAP_H
