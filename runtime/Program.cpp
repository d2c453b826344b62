//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Program.h"

#include "runtime/artifact/Artifact.h"
#include "runtime/device/HugeWeights.h"

#include <algorithm>
#include <chrono>

using namespace moert;

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

/// moert_launch::await.
static void awaitCounter(const int64_t *counter, int64_t value) {
  Backoff backoff;
  while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < value)
    backoff.pause();
}

void *Program::resolve(const format::Argument &argument) const {
  switch (argument.kind()) {
  case format::ArgumentKind::Buffer:
    return memory.arena + program.buffers()->Get(argument.index())->offset();
  case format::ArgumentKind::Tensor:
    return const_cast<uint8_t *>(
        memory.weights ? memory.weights->tensor(argument.index())
                       : memory.artifact->tensor(argument.index()).data);
  case format::ArgumentKind::Cache:
    return memory.cache + argument.index() * memory.layerBytes;
  case format::ArgumentKind::Logits:
    return memory.logits;
  case format::ArgumentKind::Top:
    if (argument.index() == 0)
      return memory.topLogits;
    return memory.topTokens;
  case format::ArgumentKind::Input:
    break;
  }
  switch (static_cast<format::InputKind>(argument.index())) {
  case format::InputKind::Tokens:
    return memory.tokens;
  case format::InputKind::Rows:
    return memory.rows;
  case format::InputKind::Batch:
    return memory.batch;
  }
  return nullptr;
}

Program::Program(const format::Program &table,
                 const std::vector<moert_kernel> &kernels,
                 const StepMemory &memory)
    : program(table), memory(memory) {
  const auto &list = *table.launches();
  launches.reserve(list.size());
  for (const format::Launch *l : list) {
    Launch launch{kernels[l->kernel()],
                  *l->rows(),
                  *l->tasks(),
                  std::max<int64_t>(l->grain(), 1),
                  {}};
    for (const format::Argument *argument : *l->arguments())
      launch.arguments.push_back(resolve(*argument));
    launches.push_back(std::move(launch));
  }
  steps = std::make_unique<Step[]>(launches.size());
  for (size_t i = 0; i < launches.size(); ++i)
    steps[i].launch = {launches[i].arguments.data(), 0, &steps[i].status,
                       &steps[i].finished, awaitCounter};
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

int64_t moert::tasksToTake(int64_t remaining, int64_t tasks, int64_t grain,
                           int threads) {
  if (threads == 1)
    return remaining;
  grain = std::min(grain, std::max<int64_t>(tasks / threads, 1));
  int64_t share = remaining / (16 * threads) / grain * grain;
  return std::min(std::max(share, grain), remaining);
}

/// Takes the next range of tasks. What a task computes does not depend on it.
bool Program::claim(int64_t index, int64_t &begin, int64_t &end) {
  Step &step = steps[index];
  begin = step.next.load(std::memory_order_relaxed);
  do {
    int64_t remaining = step.tasks - begin;
    if (remaining <= 0)
      return false;
    end = begin +
          tasksToTake(remaining, step.tasks, launches[index].grain, threads);
  } while (
      !step.next.compare_exchange_weak(begin, end, std::memory_order_relaxed));
  return true;
}

void Program::runLaunch(int64_t index, void *scratch) {
  Step &step = steps[index];
  int64_t finished = 0, begin, end;
  while (claim(index, begin, end)) {
    launches[index].kernel(&step.launch, begin, end, scratch);
    finished += end - begin;
  }
  if (finished > 0)
    step.done.fetch_add(finished, std::memory_order_acq_rel);
}

void Program::walk(int thread) {
  using Clock = std::chrono::steady_clock;
  uint8_t *scratch = memory.scratch + thread * memory.scratchPitch;
  bool measure = times && thread == 0;
  Clock::time_point start = measure ? Clock::now() : Clock::time_point();
  for (int64_t i = 0; i < size(); ++i) {
    Step &step = steps[i];
    if (step.tasks > 0)
      runLaunch(i, scratch);
    Backoff backoff;
    while (step.done.load(std::memory_order_acquire) != step.tasks)
      backoff.pause();
    if (measure) {
      Clock::time_point now = Clock::now();
      times[i] += std::chrono::duration<double>(now - start).count();
      start = now;
    }
    // The launches after a failed one would work on garbage.
    if (step.status != MOERT_KERNEL_OK)
      return;
  }
}

int64_t Program::run(ThreadPool &pool, StepSize size, double *seconds) {
  for (int64_t i = 0; i < this->size(); ++i) {
    Step &step = steps[i];
    step.launch.rows = evaluate(launches[i].rows, size);
    // Nothing to compute for no rows, as of logits that nobody wants.
    step.tasks = step.launch.rows == 0 ? 0 : evaluate(launches[i].tasks, size);
    step.status = MOERT_KERNEL_OK;
    step.finished = 0;
    step.next.store(0, std::memory_order_relaxed);
    step.done.store(0, std::memory_order_relaxed);
  }
  threads = pool.size();
  times = seconds;
  pool.run([](void *self,
              int thread) { static_cast<Program *>(self)->walk(thread); },
           this, ThreadPool::Join::InTime);
  for (int64_t i = 0; i < this->size(); ++i)
    if (steps[i].status != MOERT_KERNEL_OK)
      return i;
  return -1;
}
