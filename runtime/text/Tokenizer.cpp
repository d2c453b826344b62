//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/text/Tokenizer.h"

#include <sentencepiece_processor.h>

#include <exception>
#include <new>

using namespace moert;

namespace {

/// The library counts bytes of a normalized text, which may be longer than the
/// text, in 32 bits.
constexpr size_t maxTextBytes = size_t(1) << 28;

} // namespace

Tokenizer::Tokenizer()
    : processor(std::make_unique<sentencepiece::SentencePieceProcessor>()) {}

Tokenizer::~Tokenizer() = default;

Status Tokenizer::create(std::string_view bytes,
                         std::unique_ptr<Tokenizer> &tokenizer) {
  std::unique_ptr<Tokenizer> made(new Tokenizer);
  std::string error = readSentencePieceModel(bytes, made->model);
  if (!error.empty())
    return {MOERT_BAD_ARTIFACT, "tokenizer: " + error};
  try {
    std::string checked = writeSentencePieceModel(made->model);
    auto status = made->processor->LoadFromSerializedProto(checked);
    if (!status.ok())
      return {MOERT_BAD_ARTIFACT,
              std::string("tokenizer: ") + status.error_message()};
  } catch (const std::exception &exception) {
    return {MOERT_BAD_ARTIFACT, std::string("tokenizer: ") + exception.what()};
  }
  tokenizer = std::move(made);
  return {};
}

Status Tokenizer::encode(std::string_view text,
                         std::vector<int32_t> &tokens) const {
  tokens.clear();
  if (text.size() > maxTextBytes)
    return {MOERT_LIMIT, "text of " + std::to_string(text.size()) +
                             " bytes is too long, at most " +
                             std::to_string(maxTextBytes) +
                             " can be encoded at once"};
  try {
    auto status = processor->Encode(text, &tokens);
    if (status.ok())
      return {};
    return {MOERT_BAD_ARTIFACT,
            std::string("tokenizer: ") + status.error_message()};
  } catch (const std::bad_alloc &) {
    return {MOERT_NO_MEMORY, "no memory to encode " +
                                 std::to_string(text.size()) + " bytes"};
  } catch (const std::exception &exception) {
    return {MOERT_BAD_ARTIFACT, std::string("tokenizer: ") + exception.what()};
  }
}
