//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Model.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Interrupt.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

using namespace moert::tools;

/// Tokens of a prompt computed in one step: enough for full speed, few enough
/// for an interrupt to be heard.
static constexpr int64_t defaultChunk = 512;
static constexpr int64_t pagePositions = 32;

static void check(moert_status status, const moert_error &error) {
  if (status != MOERT_OK)
    throw Failure(error.message);
}

Model::Model(const RunFlags &flags) {
  moert_model_options options{};
  options.target = flags.target.empty() ? nullptr : flags.target.c_str();
  options.device = flags.device.c_str();
  options.huge_pages = flags.hugePages;
  if (flags.hugePages && isatty(STDERR_FILENO))
    std::fprintf(stderr, "copying weights into huge pages\n");
  moert_model *opened = nullptr;
  moert_error error{};
  check(moert_model_open(flags.model.c_str(), &options, &opened, &error),
        error);
  model.reset(opened);
  if (flags.device == "auto" && std::string_view(info().device) != "cpu")
    std::fprintf(stderr, "running on %s, %s\n", info().device,
                 info().device_description);
}

Tokens Model::encode(std::string_view text, bool bos) const {
  // No tokenizer makes more tokens than there are bytes, but for a prefix and
  // what normalization adds.
  Tokens tokens(text.size() + 16);
  moert_error error{};
  size_t count = 0;
  while (true) {
    check(moert_encode(get(), text.data(), text.size(), bos, tokens.data(),
                       tokens.size(), &count, &error),
          error);
    bool complete = count <= tokens.size();
    tokens.resize(count);
    if (complete)
      return tokens;
  }
}

std::string Model::decode(const Tokens &tokens) const {
  std::string text;
  moert_error error{};
  size_t length = 0;
  check(moert_decode(get(), tokens.data(), tokens.size(), nullptr, 0, &length,
                     &error),
        error);
  text.resize(length);
  check(moert_decode(get(), tokens.data(), tokens.size(), text.data(),
                     text.size(), &length, &error),
        error);
  return text;
}

void Model::checkTokens(const Tokens &tokens, const std::string &source) const {
  if (tokens.empty())
    throw Failure(source + ": there are no tokens");
  int64_t vocabulary = info().vocabulary;
  for (int32_t token : tokens)
    if (token < 0 || token >= vocabulary)
      throw Failure(source + ": token " + std::to_string(token) +
                    " is out of range, the model has tokens 0 to " +
                    std::to_string(vocabulary - 1));
}

void Model::checkLength(int64_t length, const std::string &source) const {
  if (length > info().max_positions)
    throw Failure(
        source + ": " + std::to_string(length) + " tokens are more than the " +
        std::to_string(info().max_positions) + " positions of the model");
}

moert_step_cost Model::cost(int64_t tokens, int64_t rows) const {
  moert_step_cost cost{};
  moert_error error{};
  check(moert_model_get_step_cost(get(), tokens, rows, &cost, &error), error);
  return cost;
}

Session::Session(const Model &model, const moert_session_options &options) {
  moert_session *created = nullptr;
  moert_error error{};
  check(moert_session_create(model.get(), &options, &created, &error), error);
  session.reset(created);
}

moert_sequence Session::createSequence() {
  moert_sequence sequence = 0;
  moert_error error{};
  check(moert_sequence_create(session.get(), &sequence, &error), error);
  return sequence;
}

void Session::destroySequence(moert_sequence sequence) {
  moert_error error{};
  check(moert_sequence_destroy(session.get(), sequence, &error), error);
}

void Session::step(const std::vector<moert_chunk> &chunks) {
  throwIfInterrupted();
  moert_error error{};
  check(moert_step(session.get(), chunks.data(),
                   static_cast<int64_t>(chunks.size()), &error),
        error);
}

void Session::stepTop(const std::vector<moert_chunk> &chunks) {
  throwIfInterrupted();
  moert_error error{};
  check(moert_step_top(session.get(), chunks.data(),
                       static_cast<int64_t>(chunks.size()), &error),
        error);
}

Session::Top Session::top(size_t chunk, int64_t row) const {
  Top top;
  top.count = moert_top(session.get(), static_cast<int64_t>(chunk), row,
                        &top.logits, &top.tokens);
  return top;
}

const float *Session::logits(size_t chunk, int64_t row) const {
  return moert_logits(session.get(), static_cast<int64_t>(chunk), row);
}

moert_session_stats Session::stats() const {
  moert_session_stats stats{};
  moert_session_get_stats(session.get(), &stats);
  return stats;
}

std::vector<moert_kernel_profile> Session::profile() const {
  std::vector<moert_kernel_profile> kernels;
  moert_kernel_profile kernel{};
  while (moert_profile(session.get(), static_cast<int64_t>(kernels.size()),
                       &kernel))
    kernels.push_back(kernel);
  return kernels;
}

double Session::measureMemory() {
  double bytesPerSecond = 0;
  moert_error error{};
  check(moert_measure_memory(session.get(), &bytesPerSecond, &error), error);
  return bytesPerSecond;
}

void Session::runOnThreads(const std::function<void(int32_t)> &function) {
  auto call = [](void *context, int32_t thread) {
    (*static_cast<const std::function<void(int32_t)> *>(context))(thread);
  };
  moert_error error{};
  check(moert_run_on_threads(
            session.get(), call,
            const_cast<std::function<void(int32_t)> *>(&function), &error),
        error);
}

Decoder::Decoder(const Model &model) {
  moert_decoder *created = nullptr;
  moert_error error{};
  check(moert_decoder_create(model.get(), &created, &error), error);
  decoder.reset(created);
}

std::string Decoder::push(int32_t token) {
  const char *text = nullptr;
  size_t length = 0;
  moert_error error{};
  check(moert_decoder_push(decoder.get(), token, &text, &length, &error),
        error);
  return {text, length};
}

std::string Decoder::finish() {
  const char *text = nullptr;
  size_t length = 0;
  moert_error error{};
  check(moert_decoder_finish(decoder.get(), &text, &length, &error), error);
  return {text, length};
}

int64_t moert::tools::pagedPositions(int64_t length) {
  return (length + pagePositions - 1) / pagePositions * pagePositions;
}

int64_t moert::tools::chunkTokens(const Model &model, int64_t asked) {
  int64_t most = model.info().max_step_tokens;
  if (asked == 0)
    return std::min(defaultChunk, most);
  if (asked > most)
    throw Failure("--chunk: " + std::to_string(asked) +
                  " tokens are more than a step of the model takes, " +
                  std::to_string(most));
  return asked;
}
