//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The order in which the clusters of a grid start.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_CLUSTERORDER_H
#define RUNTIME_EMULATOR_MACHINE_CLUSTERORDER_H

#include "runtime/emulator/machine/Settings.h"

#include <cstdint>

namespace emulator {

inline uint64_t splitMix(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
  value = (value ^ value >> 27) * 0x94D049BB133111EBu;
  return value ^ value >> 31;
}

/// The cluster that is started as the n-th: a permutation of 0 to count - 1.
class ClusterOrder {
public:
  ClusterOrder(const Settings &settings, uint64_t count)
      : order_(settings.order), seed_(settings.seed), count_(count) {
    while (uint64_t(1) << (2 * halfBits_) < count)
      ++halfBits_;
  }

  uint64_t operator()(uint64_t n) const {
    if (order_ == Order::Reverse)
      return count_ - 1 - n;
    if (order_ != Order::Random)
      return n;
    // A Feistel network permutes a power of four; values outside are walked.
    do
      n = permute(n);
    while (n >= count_);
    return n;
  }

private:
  uint64_t permute(uint64_t n) const {
    uint64_t mask = (uint64_t(1) << halfBits_) - 1;
    uint64_t left = n >> halfBits_, right = n & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      uint64_t next = left ^ (splitMix(right + (round << 40) + seed_) & mask);
      left = right;
      right = next;
    }
    return left << halfBits_ | right;
  }

  Order order_;
  uint64_t seed_, count_;
  unsigned halfBits_ = 0;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_CLUSTERORDER_H
