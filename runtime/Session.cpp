//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include <algorithm>

using namespace moert;

static constexpr int32_t defaultSequences = 64;
static constexpr int32_t mostSequences = 1 << 20;
static constexpr int32_t mostThreads = 1024;

/// Handles are numbered through the process, so one session's mean nothing to
/// another. The lower bits are the slot.
static constexpr int slotBits = 20;
static std::atomic<uint64_t> nextSerial{1};

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

static Status outOfRange(const char *option, int64_t value, int64_t most) {
  return {MOERT_INVALID, std::string(option) + " is " + std::to_string(value) +
                             ", but must be from 0 (the default) to " +
                             std::to_string(most)};
}

/// Positions that fit `memory` bytes, for `sequences` full ones at most.
static int64_t defaultPositions(int64_t sequences, int64_t positionLimit,
                                int64_t memory, int64_t positionBytes) {
  int64_t fitting = memory / std::max<int64_t>(positionBytes, 1);
  return std::max<int64_t>(std::min(sequences * positionLimit, fitting), 1);
}

Status Session::allocatePages(const moert_session_options &options) {
  const moert_model_info &info = model.info();
  int64_t sequences =
      options.max_sequences ? options.max_sequences : defaultSequences;
  positionLimit = std::min<int64_t>(info.max_positions, INT32_MAX);
  int64_t wanted = options.cache_positions
                       ? options.cache_positions
                       : defaultPositions(sequences, positionLimit,
                                          model.device().cacheBytes(),
                                          info.cache_bytes_per_position);
  slots.resize(static_cast<size_t>(sequences));
  logitRows.resize(slots.size());
  for (int64_t i = sequences; i > 0; --i)
    freeSlots.push_back(static_cast<int32_t>(i - 1));
  // Each sequence may leave a part of its last page unused.
  CacheShape shape{};
  shape.layers = info.layers;
  shape.layerPageBytes =
      cacheBytesPerPosition(model.table()) * int64_t(MOERT_PAGE_TOKENS);
  shape.sequences = sequences;
  shape.pagesPerSequence = pagesFor(positionLimit);
  shape.pages = pagesFor(wanted);
  return pages.create(shape);
}

void Session::prepareProfile() {
  for (const format::Program *program : model.allPrograms()) {
    size_t n = program->launches()->size();
    totals.push_back({std::vector<double>(n), std::vector<double>(n),
                      std::vector<double>(n), std::vector<int64_t>(n),
                      std::vector<int64_t>(n)});
  }
}

Status Session::allocate(const moert_session_options &options) {
  if (options.threads < 0 || options.threads > mostThreads)
    return outOfRange("threads", options.threads, mostThreads);
  if (options.max_sequences < 0 || options.max_sequences > mostSequences)
    return outOfRange("max_sequences", options.max_sequences, mostSequences);
  constexpr int64_t mostPositions = int64_t(INT32_MAX) * MOERT_PAGE_TOKENS;
  if (options.cache_positions < 0 || options.cache_positions > mostPositions)
    return outOfRange("cache_positions", options.cache_positions,
                      mostPositions);
  int threads = options.threads ? options.threads
                : model.device().usesThreads()
                    ? std::min(ThreadPool::availableCpus(), mostThreads)
                    : 1;
  Status status = pool.start(threads);
  if (status.ok())
    status = allocatePages(options);
  if (status.ok())
    status = model.device().createExecution(pages, pool, execution);
  if (status.ok() && options.profile)
    prepareProfile();
  return status;
}

Status Session::create(const Model &model, const moert_session_options &options,
                       std::unique_ptr<Session> &session) {
  std::unique_ptr<Session> made(new Session(model));
  Status status = made->allocate(options);
  if (status.ok())
    session = std::move(made);
  return status;
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

int64_t Session::find(moert_sequence sequence) const {
  uint64_t slot = sequence & ((uint64_t(1) << slotBits) - 1);
  if (sequence == 0 || slot >= slots.size() || slots[slot].handle != sequence)
    return -1;
  return static_cast<int64_t>(slot);
}

Status Session::findOrFail(moert_sequence sequence, int64_t &slot) const {
  slot = find(sequence);
  if (slot < 0)
    return {MOERT_INVALID, "the session has no sequence " +
                               std::to_string(sequence) +
                               "; it was destroyed, or is another session's"};
  return {};
}

Status Session::createSequence(moert_sequence &sequence) {
  if (freeSlots.empty())
    return {MOERT_LIMIT, "the session already has " +
                             std::to_string(slots.size()) +
                             " sequences; destroy one, or create the session "
                             "with more max_sequences"};
  int32_t slot = freeSlots.back();
  freeSlots.pop_back();
  sequence = nextSerial.fetch_add(1) << slotBits | static_cast<uint64_t>(slot);
  slots[slot] = {sequence, 0, -1};
  return {};
}

Status Session::destroySequence(moert_sequence sequence) {
  int64_t slot;
  Status status = findOrFail(sequence, slot);
  if (!status.ok())
    return status;
  pages.shrink(slot, pagesFor(slots[slot].length), 0);
  slots[slot] = {};
  freeSlots.push_back(static_cast<int32_t>(slot));
  return {};
}

int64_t Session::length(moert_sequence sequence) const {
  int64_t slot = find(sequence);
  return slot < 0 ? -1 : slots[slot].length;
}

Status Session::truncate(moert_sequence sequence, int64_t length) {
  int64_t slot;
  Status status = findOrFail(sequence, slot);
  if (!status.ok())
    return status;
  int64_t &current = slots[slot].length;
  if (length < 0 || length > current)
    return {MOERT_INVALID, "cannot truncate a sequence of " +
                               std::to_string(current) + " tokens to " +
                               std::to_string(length)};
  pages.shrink(slot, pagesFor(current), pagesFor(length));
  current = length;
  return {};
}

//===----------------------------------------------------------------------===//
// Accounting
//===----------------------------------------------------------------------===//

void Session::stats(moert_session_stats &stats) const {
  stats = {};
  stats.threads = pool.size();
  stats.weight_bytes = model.info().weight_bytes;
  stats.arena_bytes = execution->memory().arena;
  stats.logits_bytes = execution->memory().logits;
  stats.scratch_bytes = execution->memory().scratch;
  stats.cache_bytes = pages.reservedBytes();
  stats.cache_bytes_used = pages.usedBytes();
  stats.cache_positions = pages.shape().pages * MOERT_PAGE_TOKENS;
  stats.launches = model.programs()[model.selectProgram(1)]->launches()->size();
  stats.launched = completedLaunches;
  stats.library_calls = completedCalls;
  stats.steps = completedSteps;
  stats.tokens = completedTokens;
  stats.seconds = seconds;
}

void Session::recordProfile(size_t version, StepSize size) {
  LaunchTotals &sums = totals[version];
  size_t i = 0;
  for (const format::Launch *launch :
       *model.allPrograms()[version]->launches()) {
    LaunchCost cost = launchCost(model.artifact(), *launch, size);
    int64_t tasks = launchTasks(*launch, size);
    sums.flops[i] += cost.flops;
    sums.weightBytes[i] += cost.weightBytes;
    sums.launches[i] += tasks > 0;
    sums.tasks[i] += tasks;
    ++i;
  }
}

bool Session::profile(int64_t kernel, moert_kernel_profile &entry) const {
  const auto &kernels = *model.target().kernels();
  if (totals.empty() || kernel < 0 || kernel >= kernels.size())
    return false;
  uint32_t index = static_cast<uint32_t>(kernel);
  entry = {};
  entry.symbol = kernels.Get(index)->symbol()->c_str();
  entry.computes = kernels.Get(index)->computes()->c_str();
  entry.is_library = kernels.Get(index)->library() != nullptr;
  for (size_t v = 0; v < totals.size(); ++v)
    for (uint32_t i = 0; i < totals[v].seconds.size(); ++i) {
      if (model.allPrograms()[v]->launches()->Get(i)->kernel() != index)
        continue;
      entry.launches += totals[v].launches[i];
      entry.tasks += totals[v].tasks[i];
      entry.seconds += totals[v].seconds[i];
      entry.flops += totals[v].flops[i];
      entry.weight_bytes += totals[v].weightBytes[i];
    }
  return true;
}
