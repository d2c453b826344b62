//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The C API of the tokenizer.
//
//===----------------------------------------------------------------------===//

#include "runtime/ApiBoundary.h"
#include "runtime/text/TextDecoder.h"

using namespace moert;

struct moert_decoder {
  moert_decoder(const Tokenizer &tokenizer, int64_t vocabulary)
      : decoder(tokenizer, vocabulary) {}

  TextDecoder decoder;
  std::string text; ///< what the last call gave out
};

static Status findTokenizer(const moert_model *model,
                            const Tokenizer *&tokenizer) {
  if (!model)
    return nullArgument("model");
  tokenizer = model->model->tokenizer();
  if (!tokenizer)
    return {MOERT_UNSUPPORTED,
            model->model->artifact().path() +
                ": the artifact has no tokenizer; give token ids, or compile "
                "a checkpoint folder with a tokenizer.model"};
  return {};
}

/// Encodes, and checks that the model knows the tokens: it may have fewer than
/// its tokenizer.
static Status encode(const Model &model, std::string_view text, bool bos,
                     std::vector<int32_t> &tokens) {
  Status status = model.tokenizer()->encode(text, tokens);
  if (!status.ok())
    return status;
  if (bos && model.info().bos >= 0)
    tokens.insert(tokens.begin(), model.info().bos);
  for (int32_t token : tokens)
    if (token >= model.info().vocabulary)
      return {MOERT_INVALID, "the text has token " + std::to_string(token) +
                                 ", but the model's vocabulary has only " +
                                 std::to_string(model.info().vocabulary) +
                                 " tokens"};
  return {};
}

moert_status moert_encode(const moert_model *model, const char *text,
                          size_t length, int32_t bos, int32_t *tokens,
                          size_t capacity, size_t *count, moert_error *error) {
  return guard(error, [&]() -> Status {
    const Tokenizer *tokenizer;
    Status status = findTokenizer(model, tokenizer);
    if (!status.ok())
      return status;
    if ((!text && length > 0) || !count || (!tokens && capacity > 0))
      return nullArgument(!count ? "count" : tokens ? "text" : "tokens");
    std::vector<int32_t> encoded;
    status = encode(*model->model, {text, length}, bos != 0, encoded);
    if (!status.ok())
      return status;
    *count = encoded.size();
    if (*count <= capacity)
      std::copy(encoded.begin(), encoded.end(), tokens);
    return {};
  });
}

moert_status moert_decode(const moert_model *model, const int32_t *tokens,
                          size_t count, char *text, size_t capacity,
                          size_t *length, moert_error *error) {
  return guard(error, [&]() -> Status {
    const Tokenizer *tokenizer;
    Status status = findTokenizer(model, tokenizer);
    if (!status.ok())
      return status;
    if ((!tokens && count > 0) || !length || (!text && capacity > 0))
      return nullArgument(!length ? "length" : text ? "tokens" : "text");
    TextDecoder decoder(*tokenizer, model->model->info().vocabulary);
    std::string decoded;
    for (size_t i = 0; i < count; ++i) {
      status = decoder.push(tokens[i], decoded);
      if (!status.ok())
        return status;
    }
    decoder.finish(decoded);
    *length = decoded.size();
    if (*length <= capacity)
      std::copy(decoded.begin(), decoded.end(), text);
    return {};
  });
}

//===----------------------------------------------------------------------===//
// Decoders
//===----------------------------------------------------------------------===//

moert_status moert_decoder_create(const moert_model *model,
                                  moert_decoder **decoder, moert_error *error) {
  return guard(error, [&]() -> Status {
    const Tokenizer *tokenizer;
    Status status = findTokenizer(model, tokenizer);
    if (!status.ok())
      return status;
    if (!decoder)
      return nullArgument("decoder");
    *decoder = new moert_decoder(*tokenizer, model->model->info().vocabulary);
    return {};
  });
}

void moert_decoder_destroy(moert_decoder *decoder) { delete decoder; }

moert_status moert_decoder_push(moert_decoder *decoder, int32_t token,
                                const char **text, size_t *length,
                                moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!decoder || !text || !length)
      return nullArgument(!decoder ? "decoder" : text ? "length" : "text");
    std::string piece;
    Status status = decoder->decoder.push(token, piece);
    if (!status.ok())
      return status;
    decoder->text = std::move(piece);
    *text = decoder->text.c_str();
    *length = decoder->text.size();
    return {};
  });
}

moert_status moert_decoder_finish(moert_decoder *decoder, const char **text,
                                  size_t *length, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!decoder || !text || !length)
      return nullArgument(!decoder ? "decoder" : text ? "length" : "text");
    decoder->text.clear();
    decoder->decoder.finish(decoder->text);
    *text = decoder->text.c_str();
    *length = decoder->text.size();
    return {};
  });
}
