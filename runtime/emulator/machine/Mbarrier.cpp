//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Bits of the word: 0-19 expected arrivals, 20-39 pending arrivals, 40-60
// transactions (two's complement), 61 parity, 62-63 the mark 01. Neither zeros
// nor the 0xCD of fresh memory have that mark.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Mbarrier.h"

namespace emulator {

namespace {

constexpr unsigned pendingShift = 20, transactionShift = 40, parityShift = 61,
                   markShift = 62;
constexpr uint64_t countMask = (1 << 20) - 1;
constexpr uint64_t transactionMask = (1 << 21) - 1;
constexpr uint64_t mark = 1;

} // namespace

Mbarrier Mbarrier::init(uint32_t count) {
  Mbarrier barrier;
  barrier.valid_ = count >= 1 && count <= maxCount;
  barrier.expected_ = barrier.pending_ = count;
  return barrier;
}

Mbarrier Mbarrier::read(uint64_t word) {
  Mbarrier barrier;
  barrier.expected_ = word & countMask;
  barrier.pending_ = word >> pendingShift & countMask;
  const int64_t field = word >> transactionShift & transactionMask;
  barrier.transactions_ = field <= maxCount ? field : field - (1 << 21);
  barrier.parity_ = word >> parityShift & 1;
  barrier.valid_ =
      word >> markShift == mark && barrier.transactions_ >= -maxCount;
  return barrier;
}

uint64_t Mbarrier::word() const {
  const uint64_t field = static_cast<uint64_t>(transactions_) & transactionMask;
  return mark << markShift | uint64_t(parity_) << parityShift |
         field << transactionShift | uint64_t(pending_) << pendingShift |
         expected_;
}

void Mbarrier::advance() {
  if (pending_ || transactions_)
    return;
  parity_ ^= 1;
  pending_ = expected_;
}

const char *Mbarrier::arrive(uint32_t count) {
  if (count < 1 || count > maxCount)
    return "an arrival's count must be 1 to 1048575";
  if (count > pending_)
    return "more threads arrive at the mbarrier than it expects";
  pending_ -= count;
  advance();
  return nullptr;
}

const char *Mbarrier::drop(uint32_t count) {
  if (count > expected_)
    return "more arrivals are dropped than the mbarrier expects";
  const uint32_t before = expected_;
  expected_ -= count; // the phase that may begin now expects fewer
  const char *wrong = arrive(count);
  if (wrong)
    expected_ = before;
  return wrong;
}

const char *Mbarrier::expect(int64_t bytes) {
  const int64_t sum = transactions_ + bytes;
  if (sum < -maxCount || sum > maxCount)
    return "the mbarrier's transaction count leaves its range of 20 bits";
  transactions_ = sum;
  advance();
  return nullptr;
}

const char *Mbarrier::addPending() {
  if (pending_ == maxCount)
    return "the mbarrier's pending count leaves its range of 20 bits";
  ++pending_;
  return nullptr;
}

} // namespace emulator
