//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The C API with owners and exceptions: errors become Failures.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_MODEL_H
#define RUNTIME_TOOLS_MODEL_H

#include "runtime/moert.h"
#include "runtime/tools/RunFlags.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moert::tools {

using Tokens = std::vector<int32_t>;

/// An open artifact.
class Model {
public:
  /// Where nobody chose a GPU but one is taken, says so on standard error.
  explicit Model(const RunFlags &flags);

  const moert_model_info &info() const { return *moert_model_get_info(get()); }
  const moert_model *get() const { return model.get(); }

  Tokens encode(std::string_view text, bool bos) const;
  std::string decode(const Tokens &tokens) const;
  /// Throws if a token is not in the vocabulary; `source` says whose they are.
  void checkTokens(const Tokens &tokens, const std::string &source) const;
  /// Throws unless a sequence of `length` tokens can be computed.
  void checkLength(int64_t length, const std::string &source) const;
  moert_step_cost cost(int64_t tokens, int64_t rows) const;

private:
  struct Closer {
    void operator()(moert_model *model) const { moert_model_close(model); }
  };
  std::unique_ptr<moert_model, Closer> model;
};

/// Sequences and steps. The model must outlive it.
class Session {
public:
  Session(const Model &model, const moert_session_options &options);

  moert_sequence createSequence();
  void destroySequence(moert_sequence sequence);
  /// Throws an Interrupted, before it begins, if the user asked to stop.
  void step(const std::vector<moert_chunk> &chunks);
  /// The same with the best logits alone, see top.
  void stepTop(const std::vector<moert_chunk> &chunks);
  /// The best logits of a row of the last stepTop.
  struct Top {
    const float *logits = nullptr;
    const int32_t *tokens = nullptr;
    int64_t count = 0;
  };
  Top top(size_t chunk, int64_t row) const;
  /// Logits float32 [vocabulary] of the last step.
  const float *logits(size_t chunk, int64_t row) const;
  moert_session_stats stats() const;
  /// Totals of each kernel; empty unless the session profiles.
  std::vector<moert_kernel_profile> profile() const;
  const moert_session *get() const { return session.get(); }
  /// Bytes per second that copies inside of the GPU's memory reach.
  double measureMemory();
  /// Calls function(thread) once on each thread, and waits.
  void runOnThreads(const std::function<void(int32_t)> &function);

private:
  struct Destroyer {
    void operator()(moert_session *session) const {
      moert_session_destroy(session);
    }
  };
  std::unique_ptr<moert_session, Destroyer> session;
};

/// Tokens of one sequence to text, piece by piece.
class Decoder {
public:
  explicit Decoder(const Model &model);

  std::string push(int32_t token);
  std::string finish();

private:
  struct Destroyer {
    void operator()(moert_decoder *decoder) const {
      moert_decoder_destroy(decoder);
    }
  };
  std::unique_ptr<moert_decoder, Destroyer> decoder;
};

/// Cache positions that a sequence of `length` tokens takes: whole pages.
int64_t pagedPositions(int64_t length);

/// The tokens a step should take from one sequence: `asked` of --chunk, or a
/// good default where it is 0. Throws if it is more than a step takes.
int64_t chunkTokens(const Model &model, int64_t asked);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_MODEL_H
