//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A program of an artifact, bound to the memory of a session.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_PROGRAM_H
#define RUNTIME_PROGRAM_H

#include "runtime/ThreadPool.h"
#include "runtime/abi/Kernel.h"
#include "runtime/artifact/Cost.h"

#include <atomic>
#include <memory>
#include <vector>

namespace moert {
class Artifact;
class HugeWeights;

/// What a program's arguments point to.
struct StepMemory {
  const Artifact *artifact;
  const HugeWeights *weights; ///< null: those of the artifact
  uint8_t *cache;     ///< pages of the layers, see runtime/abi/Kernel.h
  int64_t layerBytes; ///< of the pages of a layer
  uint8_t *arena;
  int32_t *tokens; ///< [T]
  int32_t *rows;   ///< [R]
  moert_batch *batch;
  float *logits;      ///< [R, vocabulary]
  float *topLogits;   ///< [R, top_logits]
  int32_t *topTokens; ///< [R, top_logits]
  uint8_t *scratch;
  uint64_t scratchPitch; ///< from one thread's to the next one's
};

/// Tasks that a thread takes next, where `remaining` of a launch's `tasks` are
/// left: few enough that all threads end together, however unevenly the machine
/// runs them, and however unequal tasks are. Those of an expert without rows
/// take no time. Multiples of `grain`, unless threads would have nothing to do.
int64_t tasksToTake(int64_t remaining, int64_t tasks, int64_t grain,
                    int threads);

/// The launches of a program with all their pointers, made once. Running it
/// allocates nothing.
class Program {
public:
  /// All arguments outlive the program. `kernels` are the target's.
  Program(const format::Program &table,
          const std::vector<moert_kernel> &kernels, const StepMemory &memory);

  /// Runs all launches in order on the threads of `pool`. Returns the index of
  /// the launch that failed, after which none ran, or -1. Where `seconds` is
  /// not null, adds to seconds[i] the time that launch i took.
  int64_t run(ThreadPool &pool, StepSize size, double *seconds);

  const format::Program &table() const { return program; }
  /// What launch `index` reported in the last run.
  int32_t launchStatus(int64_t index) const { return steps[index].status; }
  /// Tasks of launch `index` in the last run.
  int64_t launchTasks(int64_t index) const { return steps[index].tasks; }
  int64_t size() const { return static_cast<int64_t>(launches.size()); }

private:
  struct Launch {
    moert_kernel kernel;
    format::Extent rows, tasks;
    int64_t grain;
    std::vector<void *> arguments;
  };
  /// Of a launch, what changes with every step.
  struct alignas(64) Step {
    moert_launch launch{};
    int64_t tasks = 0;
    int32_t status = 0;
    int64_t finished = 0; ///< counted by the kernel, see moert_launch
    alignas(64) std::atomic<int64_t> next{0}; ///< task that nobody has claimed
    std::atomic<int64_t> done{0};             ///< tasks that are complete
  };

  void *resolve(const format::Argument &argument) const;
  void walk(int thread);
  bool claim(int64_t index, int64_t &begin, int64_t &end);
  void runLaunch(int64_t index, void *scratch);

  const format::Program &program;
  StepMemory memory;
  std::vector<Launch> launches;
  std::unique_ptr<Step[]> steps;
  int64_t threads = 1;
  double *times = nullptr;
};

} // namespace moert

#endif // RUNTIME_PROGRAM_H
