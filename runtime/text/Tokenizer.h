//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The SentencePiece tokenizer of a model: text to tokens and back.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TEXT_TOKENIZER_H
#define RUNTIME_TEXT_TOKENIZER_H

#include "runtime/Status.h"
#include "runtime/text/SentencePieceModel.h"

#include <memory>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace moert {

/// Immutable after create(), so threads may share it.
class Tokenizer {
public:
  ~Tokenizer();
  Tokenizer(const Tokenizer &) = delete;
  Tokenizer &operator=(const Tokenizer &) = delete;

  /// Reads a serialized SentencePiece model, which is copied. Fails if it is
  /// damaged or needs what is not supported.
  static Status create(std::string_view model,
                       std::unique_ptr<Tokenizer> &tokenizer);

  /// Replaces `tokens` by those of `text`; bytes of it that are not UTF-8
  /// count as U+FFFD. Adds neither BOS nor EOS, and knows no names of control
  /// tokens: "</s>" in a text is four characters.
  Status encode(std::string_view text, std::vector<int32_t> &tokens) const;

  /// Tokens are 0 <= token < size().
  int32_t size() const { return static_cast<int32_t>(model.pieces.size()); }
  const Piece &piece(int32_t token) const { return model.pieces[token]; }
  /// The settings that the pieces were made for.
  const SentencePieceModel &getModel() const { return model; }

private:
  Tokenizer();

  SentencePieceModel model;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor;
};

} // namespace moert

#endif // RUNTIME_TEXT_TOKENIZER_H
