//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Session.h"

#include <chrono>

using namespace moert;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static std::string chunkName(int64_t index) {
  return "chunk " + std::to_string(index);
}

Status Session::checkTokens(const moert_chunk &chunk, int64_t index) const {
  int64_t vocabulary = model.info().vocabulary;
  for (int64_t i = 0; i < chunk.count; ++i)
    if (chunk.tokens[i] < 0 || chunk.tokens[i] >= vocabulary)
      return {MOERT_INVALID, "token " + std::to_string(chunk.tokens[i]) +
                                 " (number " + std::to_string(i) + " of " +
                                 chunkName(index) +
                                 ") is not in the vocabulary of " +
                                 std::to_string(vocabulary) + " tokens"};
  return {};
}

/// Checks a chunk of the step with the number stepNumber.
Status Session::checkChunk(const moert_chunk *chunks, int64_t index) {
  const moert_chunk &chunk = chunks[index];
  if (!chunk.tokens || chunk.count < 1)
    return {MOERT_INVALID, chunkName(index) + " has no tokens"};
  if (chunk.count > model.info().max_step_tokens)
    return {MOERT_LIMIT, chunkName(index) + " has " +
                             std::to_string(chunk.count) +
                             " tokens, but a step takes at most " +
                             std::to_string(model.info().max_step_tokens)};
  if (chunk.logits < MOERT_LOGITS_NONE || chunk.logits > MOERT_LOGITS_ALL)
    return {MOERT_INVALID, chunkName(index) + " asks for logits in mode " +
                               std::to_string(chunk.logits) +
                               ", which does not exist"};
  int64_t slot;
  Status status = findOrFail(chunk.sequence, slot);
  if (!status.ok())
    return {status.code, chunkName(index) + ": " + status.message};
  if (slots[slot].lastStep == stepNumber)
    return {MOERT_INVALID, chunkName(index) +
                               " is of a sequence that another chunk of the "
                               "step is of, too"};
  slots[slot].lastStep = stepNumber;
  int64_t length = slots[slot].length + chunk.count;
  if (length > positionLimit)
    return {MOERT_LIMIT, "the sequence would have " + std::to_string(length) +
                             " tokens, but the model's context is " +
                             std::to_string(positionLimit)};
  return checkTokens(chunk, index);
}

static int64_t wantedRows(const moert_chunk &chunk) {
  if (chunk.logits == MOERT_LOGITS_ALL)
    return chunk.count;
  return chunk.logits == MOERT_LOGITS_LAST ? 1 : 0;
}

Status Session::check(const moert_chunk *chunks, int64_t count,
                      StepSize &size) {
  if (!chunks || count < 1)
    return {MOERT_INVALID, "a step needs at least one chunk"};
  ++stepNumber;
  size = {0, 0};
  for (int64_t i = 0; i < count; ++i) {
    Status status = checkChunk(chunks, i);
    if (!status.ok())
      return status;
    // At most max_sequences chunks get here, so the sums stay small.
    size.tokens += chunks[i].count;
    size.rows += wantedRows(chunks[i]);
  }
  if (size.tokens > model.info().max_step_tokens)
    return {MOERT_LIMIT, "the chunks have " + std::to_string(size.tokens) +
                             " tokens together, but a step takes at most " +
                             std::to_string(model.info().max_step_tokens)};
  return {};
}

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

void Session::releasePages(const moert_chunk *chunks, int64_t count) {
  for (int64_t i = count; i > 0; --i) {
    int64_t slot = find(chunks[i - 1].sequence);
    int64_t length = slots[slot].length;
    pages.shrink(slot, pagesFor(length + chunks[i - 1].count),
                 pagesFor(length));
  }
}

Status Session::reservePages(const moert_chunk *chunks, int64_t count) {
  int64_t available = pages.freePages();
  for (int64_t i = 0; i < count; ++i) {
    int64_t slot = find(chunks[i].sequence);
    int64_t length = slots[slot].length;
    if (pages.grow(slot, pagesFor(length), pagesFor(length + chunks[i].count)))
      continue;
    releasePages(chunks, i);
    return {MOERT_LIMIT,
            "the KV cache of " +
                std::to_string(pages.shape().pages * MOERT_PAGE_TOKENS) +
                " positions has " + std::to_string(available) +
                " free pages of " + std::to_string(MOERT_PAGE_TOKENS) +
                ", fewer than the step needs; destroy sequences, or create "
                "the session with more cache_positions"};
  }
  return {};
}

/// Tells the device of the pages that reservePages gave to sequences.
Status Session::announcePages(const moert_chunk *chunks, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t slot = find(chunks[i].sequence);
    int64_t length = slots[slot].length;
    int64_t from = pagesFor(length), to = pagesFor(length + chunks[i].count);
    if (from == to)
      continue;
    Status status = execution->pagesChanged(slot, from, to);
    if (!status.ok())
      return status;
  }
  return {};
}

void Session::fillInputs(const moert_chunk *chunks, int64_t count) {
  const StepInputs &inputs = execution->inputs();
  int64_t token = 0, row = 0;
  for (int64_t i = 0; i < count; ++i) {
    const moert_chunk &chunk = chunks[i];
    int64_t slot = find(chunk.sequence);
    int64_t wanted = wantedRows(chunk);
    logitRows[i] = {row, wanted};
    for (int64_t j = 0; j < chunk.count; ++j, ++token) {
      inputs.tokens[token] = chunk.tokens[j];
      inputs.positions[token] = static_cast<int32_t>(slots[slot].length + j);
      inputs.sequences[token] = static_cast<int32_t>(slot);
      if (j >= chunk.count - wanted)
        inputs.rows[row++] = static_cast<int32_t>(token);
    }
  }
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

/// The layer of a launch: that of the cache which was used last before it.
static int64_t layerOf(const format::Program &program, int64_t launch) {
  int64_t layer = 0;
  for (int64_t i = 0; i <= launch; ++i)
    for (const format::Argument *argument :
         *program.launches()->Get(static_cast<uint32_t>(i))->arguments())
      if (argument->kind() == format::ArgumentKind::Cache)
        layer = argument->index();
  return layer;
}

static Status explainFailure(const format::Program &program,
                             const StepOutcome &outcome) {
  std::string layer = std::to_string(layerOf(program, outcome.failed));
  if (outcome.report == MOERT_KERNEL_ROUTER_NAN)
    return {MOERT_COMPUTATION,
            "the router scores of layer " + layer +
                " are not numbers; the weights, or this input, lead to "
                "infinities"};
  if (outcome.report == MOERT_KERNEL_LOGIT_NAN)
    return {MOERT_COMPUTATION,
            "a logit is not a number; the weights, or this input, lead to "
            "infinities"};
  return {MOERT_COMPUTATION, "a kernel of layer " + layer +
                                 " failed with status " +
                                 std::to_string(outcome.report)};
}

Status Session::execute(StepSize size, Entry entry) {
  size_t version = model.selectProgram(size.tokens, entry);
  if (entry == Entry::Top)
    version += model.programs().size();
  const format::Program &program = *model.allPrograms()[version];
  bool profile = !totals.empty();
  auto start = std::chrono::steady_clock::now();
  StepOutcome outcome = execution->run(
      version, size, profile ? totals[version].seconds.data() : nullptr);
  if (!outcome.status.ok())
    return outcome.status;
  if (outcome.failed >= 0)
    return explainFailure(program, outcome);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  seconds += time.count();
  ++completedSteps;
  for (const format::Launch *launch : *program.launches())
    (isLibraryCall(model.target(), *launch) ? completedCalls
                                            : completedLaunches) +=
        launchTasks(*launch, size) > 0;
  completedTokens += size.tokens;
  if (profile)
    recordProfile(version, size);
  return {};
}

Status Session::step(const moert_chunk *chunks, int64_t count, Entry entry) {
  if (model.programs(entry).empty())
    return {MOERT_UNSUPPORTED,
            "the artifact computes no best logits; compile it with "
            "--top-logits"};
  StepSize size;
  Status status = check(chunks, count, size);
  if (status.ok())
    status = reservePages(chunks, count);
  if (!status.ok())
    return status;
  fillInputs(chunks, count);
  logitChunks = 0;
  status = announcePages(chunks, count);
  if (status.ok())
    status = execute(size, entry);
  if (!status.ok()) {
    releasePages(chunks, count);
    return status;
  }
  for (int64_t i = 0; i < count; ++i)
    slots[find(chunks[i].sequence)].length += chunks[i].count;
  logitChunks = count;
  lastEntry = entry;
  return {};
}

int64_t Session::rowOf(Entry entry, int64_t chunk, int64_t row) const {
  if (entry != lastEntry || chunk < 0 || chunk >= logitChunks || row < 0 ||
      row >= logitRows[chunk].count)
    return -1;
  return logitRows[chunk].first + row;
}

const float *Session::logits(int64_t chunk, int64_t row) const {
  int64_t index = rowOf(Entry::Step, chunk, row);
  if (index < 0)
    return nullptr;
  return execution->results().logits + index * model.info().vocabulary;
}

bool Session::top(int64_t chunk, int64_t row, const float *&logits,
                  const int32_t *&tokens) const {
  int64_t index = rowOf(Entry::Top, chunk, row);
  if (index < 0)
    return false;
  logits = execution->results().topLogits + index * model.info().top_logits;
  tokens = execution->results().topTokens + index * model.info().top_logits;
  return true;
}
