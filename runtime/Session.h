//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Sequences, and the steps that let them grow.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_SESSION_H
#define RUNTIME_SESSION_H

#include "runtime/Model.h"
#include "runtime/ThreadPool.h"

namespace moert {

/// Behind moert_session; the functions do what those of the C API do.
class Session {
public:
  static Status create(const Model &model, const moert_session_options &options,
                       std::unique_ptr<Session> &session);

  Status createSequence(moert_sequence &sequence);
  Status destroySequence(moert_sequence sequence);
  /// -1 for a stale handle.
  int64_t length(moert_sequence sequence) const;
  Status truncate(moert_sequence sequence, int64_t length);

  Status step(const moert_chunk *chunks, int64_t count, Entry entry);
  const float *logits(int64_t chunk, int64_t row) const;
  /// Whether there is such a row; the pointers are to [top_logits].
  bool top(int64_t chunk, int64_t row, const float *&logits,
           const int32_t *&tokens) const;

  /// The best logits of a row that a step gives; 0 if it cannot.
  int64_t topCount() const { return model.info().top_logits; }

  void stats(moert_session_stats &stats) const;
  bool profile(int64_t kernel, moert_kernel_profile &entry) const;
  Status measureMemory(double &bytesPerSecond) {
    return execution->measureMemory(bytesPerSecond);
  }
  ThreadPool &threads() { return pool; }

private:
  /// A place for a sequence: its row of the page table.
  struct Slot {
    moert_sequence handle = 0; ///< 0: free
    int64_t length = 0;
    int64_t lastStep = -1; ///< the last step that had a chunk of it
  };
  /// The logits that a chunk of the last step asked for.
  struct LogitRows {
    int64_t first = 0, count = 0;
  };
  /// Totals of the launches of a program; empty unless profiling.
  struct LaunchTotals {
    std::vector<double> seconds, flops, weightBytes;
    std::vector<int64_t> launches, tasks;
  };

  explicit Session(const Model &model) : model(model) {}
  Status allocate(const moert_session_options &options);
  Status allocatePages(const moert_session_options &options);
  void prepareProfile();

  /// Index of the slot, or -1 for a stale handle.
  int64_t find(moert_sequence sequence) const;
  Status findOrFail(moert_sequence sequence, int64_t &slot) const;

  Status check(const moert_chunk *chunks, int64_t count, StepSize &size);
  Status checkChunk(const moert_chunk *chunks, int64_t index);
  Status checkTokens(const moert_chunk &chunk, int64_t index) const;
  Status reservePages(const moert_chunk *chunks, int64_t count);
  void releasePages(const moert_chunk *chunks, int64_t count);
  Status announcePages(const moert_chunk *chunks, int64_t count);
  void fillInputs(const moert_chunk *chunks, int64_t count);
  /// Row `row` of chunk `chunk` among those that the last step gave; -1 if it
  /// gave none of them, or was of another entry.
  int64_t rowOf(Entry entry, int64_t chunk, int64_t row) const;
  Status execute(StepSize size, Entry entry);
  void recordProfile(size_t version, StepSize size);

  const Model &model;
  ThreadPool pool;
  PageTable pages;
  std::unique_ptr<Execution> execution;
  std::vector<Slot> slots;
  std::vector<int32_t> freeSlots;
  int64_t positionLimit = 0; ///< of one sequence

  std::vector<LaunchTotals> totals; ///< by program

  std::vector<LogitRows> logitRows; ///< [max_sequences]
  int64_t logitChunks = 0;
  Entry lastEntry = Entry::Step;
  int64_t stepNumber = 0;
  int64_t completedSteps = 0, completedTokens = 0, completedLaunches = 0,
          completedCalls = 0;
  double seconds = 0;
};

} // namespace moert

#endif // RUNTIME_SESSION_H
