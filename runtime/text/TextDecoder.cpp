//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/TextDecoder.h"

#include "runtime/text/Utf8.h"

#include <algorithm>

using namespace moert;

/// How SentencePiece writes a space inside pieces: U+2581.
static constexpr std::string_view spaceSymbol = "\xe2\x96\x81";

Status TextDecoder::push(int32_t token, std::string &text) {
  int64_t limit = std::max<int64_t>(vocabulary, tokenizer.size());
  if (token < 0 || token >= limit)
    return {MOERT_INVALID, "token " + std::to_string(token) +
                               " is out of range, tokens are 0 to " +
                               std::to_string(limit - 1)};
  if (token >= tokenizer.size()) {
    flushBytes(text);
    append(tokenizer.getModel().unknownSurface, text);
    return {};
  }
  const Piece &piece = tokenizer.piece(token);
  if (piece.type == PieceType::Byte) {
    pushByte(piece.byte, text);
    return {};
  }
  flushBytes(text);
  pushPiece(piece, text);
  return {};
}

void TextDecoder::finish(std::string &text) {
  flushBytes(text);
  atStart = true;
  strippedSpace = false;
  started = false;
}

void TextDecoder::pushByte(uint8_t byte, std::string &text) {
  bytes.push_back(static_cast<char>(byte));
  while (!bytes.empty()) {
    Utf8Prefix prefix = classifyUtf8(bytes);
    if (prefix.kind == Utf8Prefix::Incomplete)
      return;
    bool valid = prefix.kind == Utf8Prefix::Character;
    append(valid ? std::string_view(bytes).substr(0, prefix.length)
                 : replacementCharacter,
           text);
    bytes.erase(0, prefix.length);
  }
}

void TextDecoder::flushBytes(std::string &text) {
  for (size_t i = 0; i < bytes.size(); ++i)
    append(replacementCharacter, text);
  bytes.clear();
}

void TextDecoder::pushPiece(const Piece &piece, std::string &text) {
  if (strippedSpace || started)
    atStart = false;
  strippedSpace = false;
  if (piece.type == PieceType::Control)
    return;
  const SentencePieceModel &model = tokenizer.getModel();
  if (piece.type == PieceType::Unknown)
    return append(model.unknownSurface, text);
  std::string_view rest = piece.text;
  bool strips =
      atStart && (model.addDummyPrefix || model.removeExtraWhitespaces);
  if (strips && rest.substr(0, spaceSymbol.size()) == spaceSymbol) {
    rest.remove_prefix(spaceSymbol.size());
    // A tokenizer that removes extra spaces has every leading one stripped.
    strippedSpace = !model.removeExtraWhitespaces;
  }
  for (size_t at; (at = rest.find(spaceSymbol)) != std::string_view::npos;) {
    append(rest.substr(0, at), text);
    append(" ", text);
    rest.remove_prefix(at + spaceSymbol.size());
  }
  append(rest, text);
}

void TextDecoder::append(std::string_view piece, std::string &text) {
  started |= !piece.empty();
  text.append(piece);
}
