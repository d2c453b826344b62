//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The state of an mbarrier object (PTX ISA 9.7.13.15), in the 8 bytes of shared
// memory that hold it. NVIDIA's encoding is opaque; in this one a word that was
// never initialised, or was written over, is not an mbarrier.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MBARRIER_H
#define RUNTIME_EMULATOR_MACHINE_MBARRIER_H

#include <cstdint>

namespace emulator {

class Mbarrier {
public:
  /// Of arrivals and of transactions (9.7.13.15.2).
  static constexpr int64_t maxCount = (1 << 20) - 1;

  /// A barrier of `count` arrivals, 1 to maxCount, in its first phase.
  static Mbarrier init(uint32_t count);
  /// Reads an object, or a token that an arrival returned.
  static Mbarrier read(uint64_t word);
  uint64_t word() const;

  /// Whether the word that was read is an mbarrier.
  bool valid() const { return valid_; }
  uint32_t expected() const { return expected_; }
  uint32_t pending() const { return pending_; }
  int64_t transactions() const { return transactions_; }
  /// Parity of the current, incomplete phase.
  unsigned parity() const { return parity_; }

  /// Each is null if done, else what is wrong, and nothing was changed.
  const char *arrive(uint32_t count);
  /// Arrives, and is not expected any more in later phases.
  const char *drop(uint32_t count);
  const char *expect(int64_t bytes);
  const char *complete(int64_t bytes) { return expect(-bytes); }
  /// One more arrival in this phase: cp.async.mbarrier.arrive.
  const char *addPending();

  /// Whether an arrival of `count` would end the phase.
  bool wouldComplete(uint32_t count) const {
    return pending_ == count && transactions_ == 0;
  }

private:
  void advance();

  bool valid_ = false;
  unsigned parity_ = 0;
  uint32_t expected_ = 0, pending_ = 0;
  int64_t transactions_ = 0;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MBARRIER_H
