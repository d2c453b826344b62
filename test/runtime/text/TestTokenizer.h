//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The tokenizers that tests load.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_TEXT_TESTTOKENIZER_H
#define TEST_RUNTIME_TEXT_TESTTOKENIZER_H

#include "runtime/text/Tokenizer.h"

#include "gtest/gtest.h"

#include <fstream>
#include <iterator>

namespace moert::test {

inline const char *const mistral =
    MOERT_TEST_DATA "/mistral-v1.tokenizer.model";
inline const char *const unigram =
    MOERT_TEST_DATA "/unigram-rules.tokenizer.model";
inline const char *const trained =
    MOERT_EXAMPLES "/mixtral-docs-9m/tokenizer.model";

inline std::string readFile(const char *path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::unique_ptr<Tokenizer> load(const char *path) {
  std::unique_ptr<Tokenizer> tokenizer;
  Status status = Tokenizer::create(readFile(path), tokenizer);
  EXPECT_TRUE(status.ok()) << path << ": " << status.message;
  return tokenizer;
}

} // namespace moert::test

#endif // TEST_RUNTIME_TEXT_TESTTOKENIZER_H
