//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a SentencePiece model file says, checked. The SentencePiece library
// aborts, or reads out of bounds, on some models that no trainer would write;
// it is handed only models that were read and checked here.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TEXT_SENTENCEPIECEMODEL_H
#define RUNTIME_TEXT_SENTENCEPIECEMODEL_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moert {

/// Numbers as in sentencepiece_model.proto.
enum class PieceType : uint8_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6
};

struct Piece {
  std::string text; ///< U+2581 stands for a space
  float score = 0;
  PieceType type = PieceType::Normal;
  uint8_t byte = 0; ///< of a Byte piece
};

/// The fields of a ModelProto that encoding and decoding depend on.
struct SentencePieceModel {
  std::vector<Piece> pieces; ///< the index is the token

  /// Numbers as in sentencepiece_model.proto: unigram, BPE, word, character.
  uint64_t algorithm = 1;
  bool byteFallback = false;
  bool whitespaceAsSuffix = false;
  std::string unknownSurface = " \xe2\x81\x87 ";

  std::string characterMap; ///< precompiled; empty: the identity
  bool addDummyPrefix = true;
  bool removeExtraWhitespaces = true;
  bool escapeWhitespaces = true;
};

/// Reads and checks a serialized model. Returns what is wrong with it, or
/// nothing.
std::string readSentencePieceModel(std::string_view bytes,
                                   SentencePieceModel &model);

/// Serializes what `model` holds, and nothing else.
std::string writeSentencePieceModel(const SentencePieceModel &model);

} // namespace moert

#endif // RUNTIME_TEXT_SENTENCEPIECEMODEL_H
