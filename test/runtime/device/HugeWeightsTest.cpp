//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/HugeWeights.h"

#include "runtime/artifact/Artifact.h"
#include "test/runtime/TinySession.h"

#include <gmock/gmock.h>

#include <cstring>

using testing::HasSubstr;

/// The system may give no huge pages at all, which is an answer, too.
static bool isSupported(const moert::Status &status) {
  return status.code != MOERT_UNSUPPORTED;
}

TEST(HugeWeights, HoldEveryTensor) {
  if (!isSupported(moert::checkHugePages(1)))
    GTEST_SKIP() << "this system gives no huge pages";
  std::string path = tiny::write(), error;
  auto artifact =
      moert::Artifact::open(path, moert::VerifyDepth::Deep, error);
  ASSERT_NE(artifact, nullptr) << error;
  moert::HugeWeights weights;
  ASSERT_TRUE(weights.load(*artifact).ok());
  for (uint32_t i = 0; i < artifact->table().tensors()->size(); ++i) {
    moert::ByteSpan tensor = artifact->tensor(i);
    EXPECT_NE(weights.tensor(i), tensor.data);
    EXPECT_EQ(std::memcmp(weights.tensor(i), tensor.data, tensor.size), 0) << i;
  }
  std::remove(path.c_str());
}

TEST(HugeWeights, GiveTheSameLogits) {
  if (!isSupported(moert::checkHugePages(1)))
    GTEST_SKIP() << "this system gives no huge pages";
  tiny::Tokens tokens = tiny::someTokens(20, 3);
  std::string path = tiny::write();
  moert_model_options options{};
  options.huge_pages = 1;
  moert_model *model = nullptr;
  moert_error error;
  ASSERT_EQ(moert_model_open(path.c_str(), &options, &model, &error), MOERT_OK)
      << error.message;
  moert_session_options threads{};
  moert_session *session = nullptr;
  ASSERT_EQ(moert_session_create(model, &threads, &session, &error), MOERT_OK);
  moert_sequence sequence;
  ASSERT_EQ(moert_sequence_create(session, &sequence, &error), MOERT_OK);
  moert_chunk chunk = tiny::TinySession::chunk(sequence, tokens);
  ASSERT_EQ(moert_step(session, &chunk, 1, &error), MOERT_OK) << error.message;
  const float *logits = moert_logits(session, 0, 0);
  EXPECT_EQ(tiny::Logits(logits, logits + tiny::vocabulary),
            tiny::reference(tokens));
  moert_session_destroy(session);
  moert_model_close(model);
  std::remove(path.c_str());
}

TEST(HugeWeights, AreRefusedWhereMemoryIsTooSmall) {
  moert::Status status = moert::checkHugePages(uint64_t(1) << 60);
  if (!isSupported(status))
    GTEST_SKIP() << "this system gives no huge pages";
  EXPECT_EQ(status.code, MOERT_NO_MEMORY);
  EXPECT_THAT(status.message, HasSubstr("1152921504606846976 bytes"));
  EXPECT_THAT(status.message, HasSubstr("are available"));
}
