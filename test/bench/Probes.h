//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What the machine can do at best, measured beside kernels.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_BENCH_PROBES_H
#define TEST_BENCH_PROBES_H

#include "codegen/Target.h"

namespace moec::bench {

/// Reads the bytes once, in order, as fast as vector loads go.
void readPlain(const char *data, int64_t bytes);
/// The same with software prefetches.
void readPrefetching(const char *data, int64_t bytes);

/// The multiplications that targets use, all f32 sums.
enum class Multiply { TilesBF16, DotBF16, Fma512, Fma256 };
/// The one that code for a target uses, of bf16 or of other weights. Ends the
/// process if the target has tiles, and this machine does not let it use any.
Multiply multiplyOf(const Target &target, bool isBF16);
/// Multiplies in registers `count` times; returns the floating-point operations
/// done.
double multiplyInRegisters(Multiply multiply, int64_t count);

} // namespace moec::bench

#endif // TEST_BENCH_PROBES_H
