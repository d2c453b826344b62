//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Inspect.h"
#include "compiler/artifact/MemoryNeeds.h"
#include "compiler/artifact/TextTable.h"
#include "compiler/artifact/Verify.h"
#include "runtime/artifact/Artifact.h"
#include "test/compiler/artifact/LoweredModel.h"

#include "llvm/Support/JSON.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

using namespace moec;

namespace {

/// An artifact on the disk.
class InspectTest : public testing::Test {
protected:
  void SetUp() override {
    path = model.folder / "a.moe";
    ASSERT_EQ(messageOf(writeArtifact(path, model.contents())), "");
  }

  std::string inspect(bool json) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    EXPECT_EQ(messageOf(inspectArtifact({path, json, false, false, {}}, stream)), "");
    return text;
  }

  /// Exit code, standard output and standard error.
  std::tuple<int, std::string, std::string>
  verify(std::vector<std::string> paths, bool deep) {
    std::string output, errors;
    llvm::raw_string_ostream outputStream(output), errorStream(errors);
    int code =
        verifyArtifacts({std::move(paths), deep}, outputStream, errorStream);
    return {code, output, errors};
  }

  LoweredModel model;
  std::string path;
};

} // namespace

TEST_F(InspectTest, TextNamesEveryPart) {
  std::string text = inspect(/*json=*/false);
  for (const char *part :
       {"written by moec ", "architecture   custom", "vocabulary     40",
        "experts        none", "cache          bf16, 1 heads of 8",
        "end of text    2, 3", "tokenizer      SentencePiece, 9 B",
        "target x86-64-v3", "target znver4", "needs          avx2, fma",
        "linear_40x20  decoder.linear",
        "program step, any: up to 64 tokens, 4 launches, arena of 10.0 KiB",
        "buffer pack_20.2.1, tensor table -> logits",
        "table  40x20xbf16  panels<32, 8, 2>  3.0 KiB",
        "cache        64 B  for each position of a sequence, in pages of 32"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST_F(InspectTest, JsonIsCompleteAndStable) {
  std::string text = inspect(/*json=*/true);
  EXPECT_EQ(text, inspect(/*json=*/true));
  auto json = llvm::json::parse(text);
  ASSERT_TRUE(bool(json)) << llvm::toString(json.takeError());
  const llvm::json::Object &root = *json->getAsObject();
  EXPECT_EQ(root.getString("format"), "1.6");
  EXPECT_EQ(root.getObject("model")->getInteger("vocabulary"), 40);
  EXPECT_EQ(root.getObject("model")->getArray("eos")->size(), 2u);
  EXPECT_EQ(root.getObject("memory")->getInteger("cache_position"), 64);
  EXPECT_EQ(root.getArray("tensors")->size(), 3u);
  EXPECT_EQ(root.getArray("segments")->size(), 4u);
  const llvm::json::Object &target =
      *root.getArray("targets")->front().getAsObject();
  EXPECT_EQ(target.getString("name"), "x86-64-v3");
  EXPECT_EQ(target.getArray("kernels")->size(), 4u);
  const llvm::json::Object &program =
      *target.getArray("programs")->front().getAsObject();
  EXPECT_EQ(program.getArray("buffers")->size(), 3u);
  const llvm::json::Object &launch =
      *program.getArray("launches")->back().getAsObject();
  EXPECT_EQ(launch.getString("kernel"), "linear_40x20");
  EXPECT_EQ(*(*launch.getArray("arguments"))[1].getAsString(), "tensor table");
  EXPECT_EQ(launch.getObject("flops")->getInteger("scale"), 1600);
}

TEST_F(InspectTest, DamagedFileIsRefused) {
  std::ofstream(path) << "nothing";
  std::string text;
  llvm::raw_string_ostream stream(text);
  EXPECT_EQ(messageOf(inspectArtifact({path, false, false, false, {}}, stream)),
            path + ": has 7 bytes, but an artifact has at least 4096; name a "
                   ".moe artifact");
  EXPECT_EQ(text, "");
}

TEST_F(InspectTest, MemoryGrowsByPagesOfTheCache) {
  std::string violation;
  auto artifact =
      moert::Artifact::open(path, moert::VerifyDepth::Load, violation);
  ASSERT_TRUE(artifact);
  MemoryNeeds needs(artifact->table());
  EXPECT_EQ(needs.weights, 1600u + 40 + 64 * 24 * 2);
  EXPECT_EQ(needs.arena, 10240u);
  EXPECT_EQ(needs.cachePosition, 2u * 2 * 1 * 8 * 2);
  EXPECT_EQ(needs.cache(1, 3), 3u * 32 * 64);
  EXPECT_EQ(needs.cache(33, 1), 64u * 64);
  EXPECT_EQ(needs.total(1, 2, 4),
            needs.weights + 10240 + 4 * 4096 + 2 * 160 + 2 * 32 * 64);
}

TEST_F(InspectTest, IntactFileVerifies) {
  auto [code, output, errors] = verify({path}, /*deep=*/true);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(output, path + ": intact\n");
  EXPECT_EQ(errors, "");
}

TEST_F(InspectTest, ShallowCheckSaysWhatItLeftOut) {
  auto [code, output, errors] = verify({path}, /*deep=*/false);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(output,
            path + ": intact but for the weights, which --deep reads\n");
}

TEST_F(InspectTest, EveryFileGetsALine) {
  std::string bad = model.folder / "bad.moe";
  std::ofstream(bad) << "bad";
  auto [code, output, errors] = verify({bad, path}, /*deep=*/true);
  EXPECT_EQ(code, 1);
  EXPECT_EQ(output, path + ": intact\n");
  EXPECT_EQ(errors.find("error: " + bad + ": has 3 bytes"), 0u);
}

TEST_F(InspectTest, EveryBitFlipIsNamedByADeepCheck) {
  std::string sound = contentOf(path);
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    uint64_t bit = random() % (sound.size() * 8);
    std::string flipped = sound;
    flipped[bit / 8] ^= 1 << bit % 8;
    std::ofstream(path, std::ios::binary) << flipped;
    auto [code, output, errors] = verify({path}, /*deep=*/true);
    EXPECT_EQ(code, 1) << "bit " << bit;
    EXPECT_EQ(errors.find("error: " + path + ": "), 0u);
  }
}

TEST(TextTableTest, ColumnsAreAligned) {
  TextTable table("lr");
  table.add({"a", "100"});
  table.add({"long", "1"});
  std::string text;
  llvm::raw_string_ostream stream(text);
  table.print(stream, 2);
  EXPECT_EQ(text, "  a     100\n  long    1\n");
}

TEST(TextTableTest, NumbersAreForPeople) {
  EXPECT_EQ(formatCount(0), "0");
  EXPECT_EQ(formatCount(999), "999");
  EXPECT_EQ(formatCount(46702792704), "46,702,792,704");
  EXPECT_EQ(formatBytes(1023), "1023 B");
  EXPECT_EQ(formatBytes(1536), "1.5 KiB");
  EXPECT_EQ(formatBytes(uint64_t(87) << 30), "87.0 GiB");
}
