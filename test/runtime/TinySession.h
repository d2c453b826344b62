//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The tiny artifact, opened through the C API.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_TINYSESSION_H
#define TEST_RUNTIME_TINYSESSION_H

#include "runtime/moert.h"
#include "test/runtime/TinyArtifact.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

namespace tiny {

using Tokens = std::vector<int32_t>;
using Logits = std::vector<float>;

/// A session on the tiny model, with shorter names for what tests do often.
class TinySession {
public:
  explicit TinySession(moert_session_options options = {},
                       const Variant &variant = {}) {
    path = write(variant);
    EXPECT_EQ(moert_model_open(path.c_str(), nullptr, &model, &error), 0)
        << error.message;
    EXPECT_EQ(moert_session_create(model, &options, &session, &error), 0)
        << error.message;
  }
  ~TinySession() {
    moert_session_destroy(session);
    moert_model_close(model);
    std::remove(path.c_str());
  }
  TinySession(const TinySession &) = delete;
  TinySession &operator=(const TinySession &) = delete;

  moert_sequence create() {
    moert_sequence sequence = 0;
    EXPECT_EQ(moert_sequence_create(session, &sequence, &error), MOERT_OK)
        << error.message;
    return sequence;
  }

  moert_status step(const std::vector<moert_chunk> &chunks) {
    return moert_step(session, chunks.data(),
                      static_cast<int64_t>(chunks.size()), &error);
  }

  moert_status stepTop(const std::vector<moert_chunk> &chunks) {
    return moert_step_top(session, chunks.data(),
                          static_cast<int64_t>(chunks.size()), &error);
  }

  moert_status append(moert_sequence sequence, const Tokens &tokens,
                      moert_logits_mode mode = MOERT_LOGITS_LAST) {
    return step({chunk(sequence, tokens, mode)});
  }

  /// Appends in chunks of `size`; the logits of every token.
  std::vector<Logits> appendAll(moert_sequence sequence, const Tokens &tokens,
                                size_t size) {
    std::vector<Logits> all;
    for (size_t at = 0; at < tokens.size(); at += size) {
      Tokens part(tokens.begin() + at,
                  tokens.begin() + std::min(at + size, tokens.size()));
      EXPECT_EQ(append(sequence, part, MOERT_LOGITS_ALL), MOERT_OK)
          << error.message;
      for (size_t i = 0; i < part.size(); ++i)
        all.push_back(logits(0, static_cast<int64_t>(i)));
    }
    return all;
  }

  static moert_chunk chunk(moert_sequence sequence, const Tokens &tokens,
                           moert_logits_mode mode = MOERT_LOGITS_LAST) {
    return {sequence, tokens.data(), static_cast<int64_t>(tokens.size()), mode};
  }

  /// A copy; empty if there are none.
  Logits logits(int64_t chunk, int64_t row) {
    const float *data = moert_logits(session, chunk, row);
    return data ? Logits(data, data + vocabulary) : Logits();
  }

  moert_session_stats stats() {
    moert_session_stats result;
    moert_session_get_stats(session, &result);
    return result;
  }

  std::string path;
  moert_model *model = nullptr;
  moert_session *session = nullptr;
  moert_error error{};
};

} // namespace tiny

#endif // TEST_RUNTIME_TINYSESSION_H
