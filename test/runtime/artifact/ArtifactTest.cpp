//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/artifact/ArtifactParts.h"

#include "runtime/artifact/CheckedArithmetic.h"
#include "runtime/artifact/Checksum.h"
#include "runtime/artifact/TensorLayout.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <sys/stat.h>

using namespace moert;

static uint64_t tableChecksum(const std::string &file,
                              const moert_header &header) {
  return checksum(file.data() + header.table_offset, header.table_size);
}

TEST(ArtifactTest, SoundFileOpensAndGivesItsParts) {
  ArtifactParts parts = ArtifactParts::sound();
  TemporaryFile file(parts.assemble());
  std::string violation;
  auto artifact = Artifact::open(file.path, VerifyDepth::Deep, violation);
  ASSERT_TRUE(artifact) << violation;
  EXPECT_EQ(artifact->path(), file.path);
  EXPECT_EQ(artifact->table().model()->vocabulary(), 40u);
  EXPECT_EQ(artifact->tokenizer().size, 77u);
  EXPECT_EQ(artifact->segment(1).size, 4096u);
  for (uint32_t i = 0; i < 3; ++i) {
    const format::TensorT &tensor = *parts.table.tensors[i];
    ByteSpan bytes = artifact->tensor(i);
    ASSERT_EQ(bytes.size, tensor.length);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data) % 64, 0u);
    EXPECT_EQ(std::string(bytes.data, bytes.data + bytes.size),
              parts.segments[3].substr(tensor.offset, tensor.length));
  }
}

TEST(ArtifactTest, FileWithoutTokenizerOpens) {
  ArtifactParts parts = ArtifactParts::sound();
  parts.table.tokenizer = 0;
  TemporaryFile file(parts.assemble());
  std::string violation;
  auto artifact = Artifact::open(file.path, VerifyDepth::Load, violation);
  ASSERT_TRUE(artifact) << violation;
  EXPECT_EQ(artifact->tokenizer().size, 0u);
}

TEST(ArtifactTest, DeepCheckReportsProgressUpToAllWeights) {
  TemporaryFile file(ArtifactParts::sound().assemble());
  std::string violation;
  uint64_t last = 0, all = 0;
  auto artifact = Artifact::open(file.path, VerifyDepth::Deep, violation,
                                 [&](uint64_t done, uint64_t total) {
                                   EXPECT_GE(done, last);
                                   last = done;
                                   all = total;
                                 });
  ASSERT_TRUE(artifact);
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 1600u + 40 + 64 * 24 * 2);
}

TEST(ArtifactTest, MissingFileIsRefused) {
  std::string violation;
  EXPECT_FALSE(Artifact::open("/nowhere/a.moe", VerifyDepth::Load, violation));
  EXPECT_EQ(violation,
            "/nowhere/a.moe: cannot open: No such file or directory");
}

TEST(ArtifactTest, FolderIsRefused) {
  std::string violation;
  EXPECT_FALSE(
      Artifact::open(testing::TempDir(), VerifyDepth::Load, violation));
  EXPECT_NE(violation.find("is not a regular file"), std::string::npos);
}

TEST(ArtifactTest, NamedPipeIsRefusedWithoutWaiting) {
  std::string path = testing::TempDir() + "artifact-pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string violation;
  EXPECT_FALSE(Artifact::open(path, VerifyDepth::Load, violation));
  EXPECT_NE(violation.find("is not a regular file"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(ArtifactTest, EveryTruncationIsRefused) {
  std::string file = ArtifactParts::sound().assemble();
  std::vector<size_t> sizes = {0, 1, 55, 56, 4095, 4096, 4097};
  for (size_t size = 5000; size < file.size(); size += 997)
    sizes.push_back(size);
  sizes.push_back(file.size() - 1);
  for (size_t size : sizes)
    EXPECT_NE(violationOf(file.substr(0, size)), "") << size;
  EXPECT_NE(violationOf(file + '\0'), "");
}

// Every bit is either summed up or known to be zero, so a deep check sees any
// change, and names the part.
TEST(ArtifactTest, EveryRandomBitFlipIsNamed) {
  std::string file = ArtifactParts::sound().assemble();
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    uint64_t bit = random() % (file.size() * 8);
    std::string flipped = file;
    flipped[bit / 8] ^= 1 << bit % 8;
    EXPECT_NE(violationOf(flipped, VerifyDepth::Deep), "") << "bit " << bit;
  }
}

// The checksums are right, so that the verifier itself must cope.
TEST(ArtifactTest, NoRandomDamageOfTheTableCrashes) {
  std::string file = ArtifactParts::sound().assemble();
  moert_header header = headerOf(file);
  std::mt19937_64 random(2);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = file;
    int changes = 1 + random() % 4;
    for (int j = 0; j < changes; ++j)
      damaged[header.table_offset + random() % header.table_size] =
          random() % 3 ? char(random()) : char(0xff);
    header.table_checksum = tableChecksum(damaged, header);
    TemporaryFile written(withHeader(damaged, header));
    std::string violation;
    auto artifact = Artifact::open(written.path, VerifyDepth::Deep, violation);
    EXPECT_EQ(bool(artifact), violation.empty());
  }
}

TEST(ArtifactTest, DamageOfTheWeightsIsSeenByADeepCheckOnly) {
  ArtifactParts parts = ArtifactParts::sound();
  std::string file = parts.assemble();
  uint64_t weights = parts.table.segments[3]->offset;
  file[weights + parts.table.tensors[2]->offset + 5] ^= 1;
  EXPECT_EQ(violationOf(file, VerifyDepth::Load), "");
  std::string violation = violationOf(file, VerifyDepth::Deep);
  EXPECT_EQ(violation.find("tensor 'head' (entry 2): checksum is 0x"), 0u)
      << violation;
}

TEST(ArtifactTest, PaddingBetweenTensorsIsSeenByADeepCheckOnly) {
  ArtifactParts parts = ArtifactParts::sound();
  std::string file = parts.assemble();
  uint64_t offset = parts.table.segments[3]->offset + 1600 + 40;
  file[offset] = 3;
  EXPECT_EQ(violationOf(file, VerifyDepth::Load), "");
  EXPECT_EQ(violationOf(file, VerifyDepth::Deep)
                .find("the padding at offset " + std::to_string(offset) +
                      " is 3, not 0"),
            0u);
}

TEST(CheckedArithmeticTest, OverflowStaysNothing) {
  CheckedSize large = uint64_t(1) << 63;
  EXPECT_EQ(*(large + (*large - 1)), ~uint64_t(0));
  EXPECT_FALSE(large + large);
  EXPECT_FALSE(large * 2);
  EXPECT_FALSE(large * 2 + 1);
  EXPECT_FALSE(roundUp(~uint64_t(0), 64));
  EXPECT_EQ(*roundUp(65, 64), 128u);
  EXPECT_EQ(*roundUp(64, 64), 64u);
}

TEST(TensorLayoutTest, PanelsArePaddedInBothDimensions) {
  TensorForm form;
  form.type = format::DataType::BF16;
  form.shape = {3, 33, 5};
  EXPECT_EQ(*form.bytes(), 3u * 33 * 5 * 2);
  EXPECT_EQ(form.layoutName(), "row-major");
  form.layout = format::Layout::Panels;
  form.width = 32;
  form.depth = 8;
  form.unit = 2;
  EXPECT_EQ(*form.bytes(), 3u * 64 * 8 * 2);
  EXPECT_EQ(form.layoutName(), "panels<32, 8, 2>");
  EXPECT_EQ(form.typeName(), "3x33x5xbf16");
}

TEST(TensorLayoutTest, SizeThatDoesNotFitIsNothing) {
  TensorForm form;
  form.shape = {uint64_t(1) << 32, uint64_t(1) << 30};
  EXPECT_FALSE(form.bytes());
  form.shape = {~uint64_t(0)};
  form.layout = format::Layout::Panels;
  form.width = form.depth = 8;
  form.unit = 1;
  EXPECT_FALSE(form.bytes());
}
