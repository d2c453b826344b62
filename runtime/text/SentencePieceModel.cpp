//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/SentencePieceModel.h"

#include "runtime/text/CharacterMap.h"
#include "runtime/text/Utf8.h"
#include "runtime/text/Wire.h"

#include <array>
#include <cmath>
#include <cstring>
#include <unordered_map>

using namespace moert;

namespace {

// Field numbers of sentencepiece_model.proto.
namespace model_field {
enum { Piece = 1, Trainer = 2, Normalizer = 3, Denormalizer = 5 };
}
namespace piece_field {
enum { Text = 1, Score = 2, Type = 3 };
}
namespace trainer_field {
enum {
  Algorithm = 3,
  WhitespaceAsSuffix = 24,
  ByteFallback = 35,
  UnknownSurface = 44
};
}
namespace normalizer_field {
enum {
  CharacterMap = 2,
  AddDummyPrefix = 3,
  RemoveExtraWhitespaces = 4,
  EscapeWhitespaces = 5
};
}

const char *const malformed = "it is not a SentencePiece model, or damaged";

std::string readPiece(std::string_view bytes, Piece &piece) {
  WireReader reader(bytes);
  WireField field;
  while (reader.next(field)) {
    if (field.number == piece_field::Text && field.type == WireType::Bytes)
      piece.text = field.bytes;
    if (field.number == piece_field::Score && field.type == WireType::Fixed32) {
      auto bits = static_cast<uint32_t>(field.value);
      std::memcpy(&piece.score, &bits, sizeof bits);
    }
    if (field.number == piece_field::Type && field.type == WireType::Varint) {
      if (field.value < 1 || field.value > 6)
        return "piece type " + std::to_string(field.value) + " is unknown";
      piece.type = PieceType(field.value);
    }
  }
  return reader.malformed() ? malformed : "";
}

std::string readTrainer(std::string_view bytes, SentencePieceModel &model) {
  WireReader reader(bytes);
  WireField field;
  while (reader.next(field)) {
    if (field.type == WireType::Bytes &&
        field.number == trainer_field::UnknownSurface)
      model.unknownSurface = field.bytes;
    if (field.type != WireType::Varint)
      continue;
    if (field.number == trainer_field::Algorithm)
      model.algorithm = field.value;
    if (field.number == trainer_field::WhitespaceAsSuffix)
      model.whitespaceAsSuffix = field.value != 0;
    if (field.number == trainer_field::ByteFallback)
      model.byteFallback = field.value != 0;
  }
  return reader.malformed() ? malformed : "";
}

std::string readNormalizer(std::string_view bytes, SentencePieceModel &model) {
  WireReader reader(bytes);
  WireField field;
  while (reader.next(field)) {
    if (field.type == WireType::Bytes &&
        field.number == normalizer_field::CharacterMap)
      model.characterMap = field.bytes;
    if (field.type != WireType::Varint)
      continue;
    if (field.number == normalizer_field::AddDummyPrefix)
      model.addDummyPrefix = field.value != 0;
    if (field.number == normalizer_field::RemoveExtraWhitespaces)
      model.removeExtraWhitespaces = field.value != 0;
    if (field.number == normalizer_field::EscapeWhitespaces)
      model.escapeWhitespaces = field.value != 0;
  }
  return reader.malformed() ? malformed : "";
}

/// A denormalizer rewrites whole texts, which a stream of text cannot follow.
std::string readDenormalizer(std::string_view bytes) {
  SentencePieceModel denormalizer;
  std::string error = readNormalizer(bytes, denormalizer);
  if (!error.empty() || denormalizer.characterMap.empty())
    return error;
  return "it has denormalization rules, which are not supported";
}

std::string readField(const WireField &field, SentencePieceModel &model) {
  if (field.type != WireType::Bytes)
    return "";
  switch (field.number) {
  case model_field::Piece:
    return readPiece(field.bytes, model.pieces.emplace_back());
  case model_field::Trainer:
    return readTrainer(field.bytes, model);
  case model_field::Normalizer:
    return readNormalizer(field.bytes, model);
  case model_field::Denormalizer:
    return readDenormalizer(field.bytes);
  default:
    return "";
  }
}

/// Texts of pieces become C strings inside the library.
bool isText(std::string_view text) {
  return text.find('\0') == std::string_view::npos && isUtf8(text);
}

/// Reads "<0x0A>".
bool readByteName(std::string_view name, uint8_t &byte) {
  const std::string_view digits = "0123456789ABCDEF";
  if (name.size() != 6 || name.substr(0, 3) != "<0x" || name[5] != '>')
    return false;
  size_t high = digits.find(name[3]);
  size_t low = digits.find(name[4]);
  if (high == std::string_view::npos || low == std::string_view::npos)
    return false;
  byte = static_cast<uint8_t>(high << 4 | low);
  return true;
}

std::string checkPiece(Piece &piece) {
  if (piece.text.empty())
    return "has no text";
  if (!isText(piece.text))
    return "is not UTF-8 text";
  if (!std::isfinite(piece.score))
    return "has a score that is not a number";
  if (piece.type == PieceType::Byte && !readByteName(piece.text, piece.byte))
    return "is a byte but not named like <0x0A>";
  return "";
}

/// Text that is encoded matches pieces of the first kind, never of the second.
bool isMatched(PieceType type) {
  return type == PieceType::Normal || type == PieceType::UserDefined ||
         type == PieceType::Unused;
}

/// Within each kind the text names the piece.
std::string checkDistinct(const std::vector<Piece> &pieces) {
  std::unordered_map<std::string_view, size_t> matched, reserved;
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto &kind = isMatched(pieces[i].type) ? matched : reserved;
    auto [first, isNew] = kind.try_emplace(pieces[i].text, i);
    if (!isNew)
      return "pieces " + std::to_string(first->second) + " and " +
             std::to_string(i) + " are the same";
  }
  return "";
}

std::string checkPieces(SentencePieceModel &model) {
  unsigned unknowns = 0;
  std::array<bool, 256> bytes{};
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    Piece &piece = model.pieces[i];
    std::string error = checkPiece(piece);
    if (!error.empty())
      return "piece " + std::to_string(i) + " " + error;
    unknowns += piece.type == PieceType::Unknown;
    if (piece.type == PieceType::Byte && !model.byteFallback)
      return "piece " + std::to_string(i) +
             " is a byte, but it does not fall back to bytes";
    if (piece.type == PieceType::Byte)
      bytes[piece.byte] = true;
  }
  if (unknowns != 1)
    return "it has " + std::to_string(unknowns) +
           " pieces for unknown text, where one is needed";
  for (size_t byte = 0; model.byteFallback && byte < 256; ++byte)
    if (!bytes[byte])
      return "it falls back to bytes but has no piece for byte " +
             std::to_string(byte);
  return checkDistinct(model.pieces);
}

} // namespace

std::string moert::readSentencePieceModel(std::string_view bytes,
                                          SentencePieceModel &model) {
  WireReader reader(bytes);
  WireField field;
  while (reader.next(field)) {
    std::string error = readField(field, model);
    if (!error.empty())
      return error;
  }
  if (reader.malformed() || model.pieces.empty())
    return malformed;
  if (model.algorithm < 1 || model.algorithm > 4)
    return "algorithm " + std::to_string(model.algorithm) + " is unknown";
  if (!isText(model.unknownSurface))
    return "its text for unknown pieces is not UTF-8";
  std::string error = checkCharacterMap(model.characterMap);
  return error.empty() ? checkPieces(model) : error;
}

std::string moert::writeSentencePieceModel(const SentencePieceModel &model) {
  std::string out;
  for (const Piece &piece : model.pieces) {
    std::string message;
    appendBytes(message, piece_field::Text, piece.text);
    appendFloat(message, piece_field::Score, piece.score);
    appendNumber(message, piece_field::Type, uint64_t(piece.type));
    appendBytes(out, model_field::Piece, message);
  }
  std::string trainer;
  appendNumber(trainer, trainer_field::Algorithm, model.algorithm);
  appendNumber(trainer, trainer_field::WhitespaceAsSuffix,
               model.whitespaceAsSuffix);
  appendNumber(trainer, trainer_field::ByteFallback, model.byteFallback);
  appendBytes(trainer, trainer_field::UnknownSurface, model.unknownSurface);
  appendBytes(out, model_field::Trainer, trainer);
  std::string normalizer;
  appendBytes(normalizer, normalizer_field::CharacterMap, model.characterMap);
  appendNumber(normalizer, normalizer_field::AddDummyPrefix,
               model.addDummyPrefix);
  appendNumber(normalizer, normalizer_field::RemoveExtraWhitespaces,
               model.removeExtraWhitespaces);
  appendNumber(normalizer, normalizer_field::EscapeWhitespaces,
               model.escapeWhitespaces);
  appendBytes(out, model_field::Normalizer, normalizer);
  return out;
}
