//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/TinySession.h"

using namespace tiny;

namespace {

/// Opens an artifact that it removes in the end.
struct Opening {
  explicit Opening(const Variant &variant, const char *target = nullptr) {
    path = write(variant);
    moert_model_options options{};
    options.target = target;
    status = moert_model_open(path.c_str(), &options, &model, &error);
  }
  ~Opening() {
    moert_model_close(model);
    std::remove(path.c_str());
  }

  bool says(const char *part) const {
    return strstr(error.message, part) != nullptr;
  }

  std::string path;
  moert_model *model = nullptr;
  moert_status status;
  moert_error error{};
};

} // namespace

TEST(Model, InfoIsThatOfTheArtifact) {
  Opening opening({});
  ASSERT_EQ(opening.status, MOERT_OK) << opening.error.message;
  const moert_model_info &info = *moert_model_get_info(opening.model);
  EXPECT_STREQ(info.architecture, "TinyForTests");
  EXPECT_STREQ(info.producer, "a test");
  EXPECT_STREQ(info.target, "plain");
  EXPECT_EQ(info.vocabulary, vocabulary);
  EXPECT_EQ(info.max_positions, maxPositions);
  EXPECT_EQ(info.max_step_tokens, largeStep);
  EXPECT_EQ(info.layers, layers);
  EXPECT_EQ(info.hidden, hidden);
  EXPECT_EQ(info.experts, 0);
  EXPECT_EQ(info.parameters, vocabulary * hidden);
  EXPECT_EQ(info.bos, bos);
  ASSERT_EQ(info.eos_count, 1);
  EXPECT_EQ(info.eos[0], 2);
  EXPECT_EQ(info.weight_bytes, vocabulary * hidden * 4);
  EXPECT_EQ(info.cache_bytes_per_position, layers * hidden * 4);
  EXPECT_EQ(info.has_tokenizer, 0);
}

TEST(Model, TheMostDemandingTargetThatRunsIsChosen) {
  Variant variant;
  variant.targets = {{"sse", {"sse3"}},
                     {"better", {"sse3", "popcnt"}},
                     {"plain", {}},
                     {"future", {"sse3", "popcnt", "warp-drive"}}};
  Opening best(variant);
  ASSERT_EQ(best.status, MOERT_OK) << best.error.message;
  EXPECT_STREQ(moert_model_get_info(best.model)->target, "better");
  Opening named(variant, "plain");
  ASSERT_EQ(named.status, MOERT_OK) << named.error.message;
  EXPECT_STREQ(moert_model_get_info(named.model)->target, "plain");
}

TEST(Model, ATargetThatTheCpuCannotRunNamesWhatIsMissing) {
  Variant variant;
  variant.targets = {{"plain", {}}, {"future", {"sse3", "warp-drive"}}};
  Opening named(variant, "future");
  EXPECT_EQ(named.status, MOERT_UNSUPPORTED);
  EXPECT_TRUE(named.says("'future' needs warp-drive; the artifact has plain, "
                         "future"))
      << named.error.message;
  EXPECT_TRUE(named.says(named.path.c_str()));
  variant.targets.erase(variant.targets.begin());
  Opening none(variant);
  EXPECT_EQ(none.status, MOERT_UNSUPPORTED);
  EXPECT_TRUE(none.says("'future' needs warp-drive; compile it with "
                        "--target=host"))
      << none.error.message;
}

TEST(Model, AnUnknownTargetNamesTheKnownOnes) {
  Opening opening({}, "plane");
  EXPECT_EQ(opening.status, MOERT_INVALID);
  EXPECT_TRUE(opening.says("no target 'plane'; it has plain"))
      << opening.error.message;
  EXPECT_EQ(opening.model, nullptr);
}

TEST(Model, CodeThatDoesNotLoadIsRefused) {
  Variant variant;
  variant.brokenCode = true;
  Opening opening(variant);
  EXPECT_EQ(opening.status, MOERT_BAD_ARTIFACT);
  EXPECT_TRUE(opening.says("cannot load the code")) << opening.error.message;
}

TEST(Model, AKernelThatTheCodeLacksIsNamed) {
  Variant variant;
  variant.headSymbol = "tiny_tail";
  Opening opening(variant);
  EXPECT_EQ(opening.status, MOERT_BAD_ARTIFACT);
  EXPECT_TRUE(opening.says("the code has no kernel 'tiny_tail'"))
      << opening.error.message;
}

TEST(Model, SeveralModelsAreOpenAtATime) {
  // Their code is loaded from files of different numbers, so none is taken for
  // another.
  Opening first({});
  Variant variant;
  variant.headSymbol = "tiny_gather";
  Opening second(variant);
  Opening third({});
  EXPECT_EQ(first.status, MOERT_OK);
  EXPECT_EQ(third.status, MOERT_OK);
}

TEST(Model, ATokenizerThatIsDamagedIsRefused) {
  Variant variant;
  variant.tokenizer = "this is no tokenizer";
  Opening opening(variant);
  EXPECT_EQ(opening.status, MOERT_BAD_ARTIFACT) << opening.error.message;
}

TEST(Model, AFileThatIsNotThereIsAnIOError) {
  moert_model *model = nullptr;
  moert_error error{};
  EXPECT_EQ(moert_model_open("/nowhere/x.moe", nullptr, &model, &error),
            MOERT_IO);
  EXPECT_NE(strstr(error.message, "/nowhere/x.moe"), nullptr) << error.message;
}

TEST(Model, StepCostFollowsTheLaunches) {
  Opening opening({});
  moert_step_cost cost{};
  ASSERT_EQ(moert_model_get_step_cost(opening.model, 10, 3, &cost, nullptr),
            MOERT_OK);
  // The embedding reads a row a token, the head reads all.
  EXPECT_EQ(cost.weight_bytes, (10 + vocabulary) * hidden * 4);
  EXPECT_EQ(cost.flops, 3 * 2 * hidden * vocabulary);
  EXPECT_EQ(cost.cache_bytes, 10 * layers * hidden * 4);
  EXPECT_EQ(cost.launches, 1 + 3 * layers + 2);
  ASSERT_EQ(moert_model_get_step_cost(opening.model, 10, 0, &cost, nullptr),
            MOERT_OK);
  EXPECT_EQ(cost.weight_bytes, 10 * hidden * 4);
  EXPECT_EQ(cost.launches, 1 + 3 * layers);
}

TEST(Model, StepCostOfAStepThatCannotBeIsRefused) {
  Opening opening({});
  moert_step_cost cost{};
  auto ask = [&](int64_t tokens, int64_t rows) {
    return moert_model_get_step_cost(opening.model, tokens, rows, &cost,
                                     nullptr);
  };
  EXPECT_EQ(ask(0, 0), MOERT_INVALID);
  EXPECT_EQ(ask(largeStep + 1, 0), MOERT_INVALID);
  EXPECT_EQ(ask(2, 3), MOERT_INVALID);
  EXPECT_EQ(ask(2, -1), MOERT_INVALID);
}
