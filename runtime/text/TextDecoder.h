//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Tokens to text, one by one. Pieces concatenate to what SentencePiece decodes
// from all tokens at once.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TEXT_TEXTDECODER_H
#define RUNTIME_TEXT_TEXTDECODER_H

#include "runtime/text/Tokenizer.h"

namespace moert {

/// Decodes one text. Output is whole UTF-8 characters only: byte tokens are
/// held back until they make one, or cannot any more. Control tokens have no
/// text; the space that the tokenizer put before the text is stripped.
class TextDecoder {
public:
  /// `tokenizer` must live as long as the decoder. A model's vocabulary may be
  /// larger than its tokenizer, for a round number of rows: tokens of
  /// `vocabulary` that the tokenizer does not have decode as unknown ones.
  TextDecoder(const Tokenizer &tokenizer, int64_t vocabulary)
      : tokenizer(tokenizer), vocabulary(vocabulary) {}

  /// Appends the text that `token` completes to `text`. Fails, and changes
  /// nothing, if the token is out of range.
  Status push(int32_t token, std::string &text);

  /// Ends the text: appends U+FFFD for each byte that was held back. The
  /// decoder is ready for another text.
  void finish(std::string &text);

private:
  void pushByte(uint8_t byte, std::string &text);
  void flushBytes(std::string &text);
  void pushPiece(const Piece &piece, std::string &text);
  void append(std::string_view piece, std::string &text);

  const Tokenizer &tokenizer;
  int64_t vocabulary;
  /// The start of a character.
  std::string bytes;
  /// A leading space would be the tokenizer's, not the text's.
  bool atStart = true;
  /// The leading space has been stripped.
  bool strippedSpace = false;
  /// Some text has come out.
  bool started = false;
};

} // namespace moert

#endif // RUNTIME_TEXT_TEXTDECODER_H
