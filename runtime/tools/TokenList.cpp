//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/TokenList.h"

#include <charconv>
#include <stdexcept>

using namespace moert::tools;

static constexpr std::string_view whitespace = " \t\r\n";

static void skip(std::string_view &text, std::string_view characters) {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

/// Takes a JSON array out of its brackets.
static std::string_view stripBrackets(std::string_view text) {
  skip(text, whitespace);
  size_t last = text.find_last_not_of(whitespace);
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  if (text.empty() || text.front() != '[')
    return text;
  if (text.back() != ']')
    throw std::invalid_argument("the list that '[' begins has no ']' at its "
                                "end");
  return text.substr(1, text.size() - 2);
}

/// The word for a message: short, and printable on any terminal.
static std::string quote(std::string_view word) {
  std::string text(word.substr(0, 40));
  for (char &character : text)
    if (character < ' ' || character > '~')
      character = '?';
  return "'" + text + "'";
}

static int32_t parseToken(std::string_view word) {
  int32_t token = 0;
  auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), token);
  if (error == std::errc::result_out_of_range)
    throw std::invalid_argument(quote(word) +
                                " is no token id, it has more than 32 bits");
  if (error != std::errc() || end != word.data() + word.size())
    throw std::invalid_argument(quote(word) + " is no token id");
  return token;
}

Tokens moert::tools::parseTokens(std::string_view text) {
  text = stripBrackets(text);
  Tokens tokens;
  bool afterComma = false;
  while (skip(text, whitespace), !text.empty()) {
    std::string_view word = text.substr(0, text.find_first_of(" \t\r\n,"));
    if (word.empty())
      throw std::invalid_argument("a token id is missing before ','");
    tokens.push_back(parseToken(word));
    text.remove_prefix(word.size());
    skip(text, whitespace);
    afterComma = !text.empty() && text.front() == ',';
    if (afterComma)
      text.remove_prefix(1);
  }
  if (afterComma)
    throw std::invalid_argument("a token id is missing after the last ','");
  return tokens;
}

std::string moert::tools::formatTokens(const Tokens &tokens) {
  std::string text;
  for (int32_t token : tokens)
    text += (text.empty() ? "" : " ") + std::to_string(token);
  return text;
}
