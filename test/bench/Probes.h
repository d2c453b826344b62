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

#include <cstdint>

namespace moec::bench {

/// Reads the bytes once, in order, as fast as vector loads go.
void readPlain(const char *data, int64_t bytes);
/// The same with software prefetches.
void readPrefetching(const char *data, int64_t bytes);

/// The multiplications that targets use, all f32 sums.
enum class Multiply { DotBF16, Fma512, Fma256 };
/// Whether the CPU has the instruction.
bool canMultiply(Multiply multiply);
/// Multiplies in registers `count` times; returns the floating-point operations
/// done.
double multiplyInRegisters(Multiply multiply, int64_t count);

} // namespace moec::bench

#endif // TEST_BENCH_PROBES_H
