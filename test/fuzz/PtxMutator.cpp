//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/fuzz/PtxMutator.h"

#include "test/fuzz/RandomInstruction.h"

#include <algorithm>
#include <cctype>
#include <cstring>

/// libFuzzer's own changes of bytes; absent where it is not linked.
extern "C" __attribute__((weak)) size_t
LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);

namespace emulator {
namespace {

bool isWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         c == '%' || c == ':';
}

/// A text as lines.
class Mutation {
public:
  Mutation(std::string_view text, unsigned seed);

  void run();
  std::string text() const;

private:
  struct Word {
    size_t line, at, bytes;
  };

  size_t below(size_t count) { return random_() % std::max<size_t>(1, count); }
  size_t anyLine() { return below(lines_.size()); }
  bool anyWord(Word &word);
  std::string textOf(const Word &word) const {
    return lines_[word.line].substr(word.at, word.bytes);
  }
  void changeLines();
  void changeWord();
  void insertInstruction();
  void declare();
  void gatherNames();

  std::mt19937 random_;
  RandomInstruction instruction_;
  std::vector<std::string> lines_;
};

Mutation::Mutation(std::string_view text, unsigned seed)
    : random_(seed), instruction_(random_) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines_.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  if (lines_.empty())
    lines_.emplace_back();
}

std::string Mutation::text() const {
  std::string text;
  for (const std::string &line : lines_)
    text += line;
  return text;
}

/// Some word of a line that has one.
bool Mutation::anyWord(Word &word) {
  for (unsigned tries = 0; tries < 8; ++tries) {
    word.line = anyLine();
    const std::string &line = lines_[word.line];
    word.at = below(line.size());
    while (word.at < line.size() && !isWordCharacter(line[word.at]))
      ++word.at;
    while (word.at && word.at < line.size() &&
           isWordCharacter(line[word.at - 1]))
      --word.at;
    word.bytes = 0;
    while (word.at + word.bytes < line.size() &&
           isWordCharacter(line[word.at + word.bytes]))
      ++word.bytes;
    if (word.bytes)
      return true;
  }
  return false;
}

void Mutation::changeLines() {
  const size_t line = anyLine(), other = anyLine();
  const auto place = [&](size_t n) {
    return lines_.begin() + static_cast<ptrdiff_t>(n);
  };
  switch (below(4)) {
  case 0:
    lines_.erase(place(line));
    break;
  case 1:
    lines_.insert(place(line), std::string(lines_[other]));
    break;
  case 2:
    std::swap(lines_[line], lines_[other]);
    break;
  default: { // a few lines again
    const size_t count = std::min(1 + below(8), lines_.size() - line);
    const std::vector<std::string> copied(place(line), place(line + count));
    lines_.insert(place(other), copied.begin(), copied.end());
  }
  }
  if (lines_.empty())
    lines_.emplace_back();
}

/// Another of the text's words, or a number, or nothing.
void Mutation::changeWord() {
  Word word, other;
  if (!anyWord(word) || !anyWord(other))
    return;
  const bool isNumber =
      std::isdigit(static_cast<unsigned char>(lines_[word.line][word.at]));
  std::string with = textOf(other);
  if (isNumber && below(4))
    with = instruction_.number();
  else if (below(8) == 0)
    with.clear();
  lines_[word.line].replace(word.at, word.bytes, with);
}

void Mutation::gatherNames() {
  for (const std::string &line : lines_) {
    const size_t colon = line.find(":\n");
    if (colon != std::string::npos && line.find(' ') == std::string::npos)
      instruction_.labels.push_back(line.substr(0, colon));
  }
  Word word;
  for (unsigned i = 0; i < 4; ++i)
    if (anyWord(word))
      instruction_.names.push_back(textOf(word));
}

/// Makes the names known that written instructions use: in the first body.
void Mutation::declare() {
  for (const std::string &line : lines_)
    if (line.find(RandomInstruction::marker) != std::string::npos)
      return;
  for (std::string &line : lines_) {
    const size_t brace = line.find('{');
    const bool body = brace != std::string::npos &&
                      line.find('}') == std::string::npos &&
                      line.find('=') == std::string::npos;
    if (!body)
      continue;
    line.insert(brace + 1, RandomInstruction::declarations);
    return;
  }
}

void Mutation::insertInstruction() {
  declare();
  gatherNames();
  for (size_t count = 1 + below(3); count; --count) {
    // Mostly within the first body, whose end is the first lone brace.
    size_t end = lines_.size();
    for (size_t n = lines_.size(); n; --n)
      if (lines_[n - 1][0] == '}')
        end = n - 1;
    lines_.insert(lines_.begin() +
                      static_cast<ptrdiff_t>(end / 4 + below(end - end / 4)),
                  instruction_.write());
  }
}

void Mutation::run() {
  for (size_t changes = 1 + below(below(4) ? 2 : 6); changes; --changes)
    switch (below(8)) {
    case 0:
    case 1:
      changeLines();
      break;
    case 2:
    case 3:
    case 4:
      changeWord();
      break;
    default:
      insertInstruction();
    }
}

} // namespace

size_t mutatePtx(uint8_t *text, size_t bytes, size_t most, unsigned seed) {
  if (LLVMFuzzerMutate && seed % 5 == 0)
    return LLVMFuzzerMutate(text, bytes, most);
  Mutation mutation({reinterpret_cast<const char *>(text), bytes}, seed);
  mutation.run();
  const std::string changed = mutation.text();
  const size_t kept = std::min(changed.size(), most);
  std::memcpy(text, changed.data(), kept);
  return kept;
}

} // namespace emulator
