//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef TEST_BENCH_TIMING_H
#define TEST_BENCH_TIMING_H

#include <algorithm>
#include <time.h>
#include <vector>

namespace moec::bench {

/// What now() reads: time that goes by, or that of the process's threads.
inline clockid_t clockId = CLOCK_MONOTONIC;

/// Seconds since some moment.
inline double now() {
  timespec time;
  clock_gettime(clockId, &time);
  return double(time.tv_sec) + time.tv_nsec * 1e-9;
}

/// Of at least one value; the upper one of two.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

} // namespace moec::bench

#endif // TEST_BENCH_TIMING_H
