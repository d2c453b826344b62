//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/compiler/artifact/LoweredModel.h"

#include "runtime/artifact/Artifact.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/resource.h>

using namespace moec;
namespace format = moert::format;

static std::unique_ptr<moert::Artifact> openDeep(const std::string &path) {
  std::string violation;
  auto artifact =
      moert::Artifact::open(path, moert::VerifyDepth::Deep, violation);
  EXPECT_EQ(violation, "");
  return artifact;
}

static std::string bytesOf(moert::ByteSpan span) {
  return std::string(span.data, span.data + span.size);
}

TEST(WriterTest, ArtifactHoldsModelTargetsAndTokenizer) {
  LoweredModel model;
  std::string path = model.folder / "a.moe";
  ASSERT_EQ(messageOf(writeArtifact(path, model.contents())), "");
  auto artifact = openDeep(path);
  ASSERT_TRUE(artifact);
  const format::Model &described = *artifact->table().model();
  EXPECT_EQ(described.architecture()->str(), "custom");
  EXPECT_EQ(described.vocabulary(), 40u);
  EXPECT_EQ(described.cache_type(), format::DataType::BF16);
  EXPECT_EQ(described.bos(), 1);
  ASSERT_EQ(described.eos()->size(), 2u);
  EXPECT_EQ(described.eos()->Get(1), 3);
  EXPECT_EQ(bytesOf(artifact->tokenizer()), "tokenizer");
  ASSERT_EQ(artifact->table().targets()->size(), 2u);
  const format::Target &target = *artifact->table().targets()->Get(1);
  EXPECT_EQ(target.name()->str(), "znver4");
  EXPECT_EQ(target.features()->Get(1)->str(), "fma");
  EXPECT_EQ(target.scratch_bytes(), 4096u);
  EXPECT_EQ(bytesOf(artifact->segment(target.code())), model.targets[1].code);
}

TEST(WriterTest, ProgramIsTranslatedOneToOne) {
  LoweredModel model;
  std::string path = model.folder / "a.moe";
  ASSERT_EQ(messageOf(writeArtifact(path, model.contents())), "");
  auto artifact = openDeep(path);
  ASSERT_TRUE(artifact);
  const format::Target &target = *artifact->table().targets()->Get(0);
  const format::Program &program = *target.programs()->Get(0);
  EXPECT_EQ(program.entry()->str(), "step");
  EXPECT_EQ(program.max_tokens(), 64u);
  EXPECT_EQ(program.arena_bytes(), 10240u);
  ASSERT_EQ(program.launches()->size(), 4u);
  ASSERT_EQ(program.buffers()->size(), 3u);
  const format::Buffer &norm = *program.buffers()->Get(1);
  EXPECT_EQ(norm.name()->str(), "norm_20.1.2");
  EXPECT_EQ(norm.row_type()->str(), "20xbf16");
  EXPECT_EQ(norm.row_bytes(), 40u);
  EXPECT_EQ(norm.offset(), 5120u);
  EXPECT_EQ(norm.first_use(), 1u);
  EXPECT_EQ(norm.last_use(), 2u);
  const format::Launch &head = *program.launches()->Get(3);
  EXPECT_EQ(head.rows()->symbol(), format::Symbol::Rows);
  EXPECT_EQ(head.flops()->scale(), 1600);
  EXPECT_EQ(head.tasks()->constant(), 2);
  EXPECT_EQ(head.arguments()->Get(0)->kind(), format::ArgumentKind::Buffer);
  EXPECT_EQ(head.arguments()->Get(0)->index(), 2u);
  EXPECT_EQ(head.arguments()->Get(1)->kind(), format::ArgumentKind::Tensor);
  EXPECT_EQ(head.arguments()->Get(2)->kind(), format::ArgumentKind::Logits);
  EXPECT_EQ(program.launches()->Get(0)->weight_use(), format::WeightUse::Rows);
  const format::Kernel &kernel = *target.kernels()->Get(3);
  EXPECT_EQ(kernel.symbol()->str(), "linear_40x20");
  EXPECT_EQ(kernel.computes()->str(), "decoder.linear");
  EXPECT_EQ(kernel.operands(), 2u);
  EXPECT_EQ(kernel.results(), 1u);
}

TEST(WriterTest, TensorIsStoredOnceForAllTargetsAndOnceForEachLayout) {
  LoweredModel model;
  std::string path = model.folder / "a.moe";
  ASSERT_EQ(messageOf(writeArtifact(path, model.contents())), "");
  auto artifact = openDeep(path);
  ASSERT_TRUE(artifact);
  auto tensors = artifact->table().tensors();
  ASSERT_EQ(tensors->size(), 3u);
  EXPECT_EQ(tensors->Get(0)->name()->str(), "table");
  EXPECT_EQ(bytesOf(artifact->tensor(0)), model.weights.substr(6, 1600));
  EXPECT_EQ(bytesOf(artifact->tensor(1)), model.weights.substr(1606, 40));
  EXPECT_EQ(tensors->Get(2)->name()->str(), "table");
  EXPECT_EQ(tensors->Get(2)->layout(), format::Layout::Panels);
  std::string panels = bytesOf(artifact->tensor(2));
  ASSERT_EQ(panels.size(), 64u * 24 * 2);
  // Element [33, 3] is in panel 1, pair 1, row 1, second place.
  size_t place = ((12 + 1) * 32 + 1) * 2 + 1;
  EXPECT_EQ(panels.substr(place * 2, 2),
            model.weights.substr(6 + (33 * 20 + 3) * 2, 2));
}

TEST(WriterTest, WritingAgainGivesTheSameBytes) {
  LoweredModel model, again;
  std::string first = model.folder / "a.moe", second = again.folder / "b.moe";
  ASSERT_EQ(messageOf(writeArtifact(first, model.contents())), "");
  ASSERT_EQ(messageOf(writeArtifact(second, again.contents())), "");
  EXPECT_TRUE(contentOf(first) == contentOf(second));
  EXPECT_EQ(contentOf(first).find(model.folder.path), std::string::npos);
}

TEST(WriterTest, SeedDecidesRandomWeights) {
  LoweredModel model;
  std::vector<std::string> files;
  for (uint64_t seed : {1, 1, 2}) {
    ArtifactContents contents = model.contents();
    contents.weights = nullptr;
    contents.randomSeed = seed;
    std::string path = model.folder / "a.moe";
    ASSERT_EQ(messageOf(writeArtifact(path, contents)), "");
    EXPECT_TRUE(openDeep(path));
    files.push_back(contentOf(path));
  }
  EXPECT_TRUE(files[0] == files[1]);
  EXPECT_FALSE(files[0] == files[2]);
}

TEST(WriterTest, ProgressEndsWithAllWeights) {
  LoweredModel model;
  ArtifactContents contents = model.contents();
  uint64_t last = 0, all = 0;
  contents.progress = [&](uint64_t done, uint64_t total) {
    last = done;
    all = total;
  };
  ASSERT_EQ(messageOf(writeArtifact(model.folder / "a.moe", contents)), "");
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 1600u + 40 + 64 * 24 * 2);
}

TEST(WriterTest, ExistingFileIsReplaced) {
  LoweredModel model;
  std::string path = model.folder / "a.moe";
  std::ofstream(path) << "old";
  ASSERT_EQ(messageOf(writeArtifact(path, model.contents())), "");
  EXPECT_TRUE(openDeep(path));
  EXPECT_EQ(model.folder.list(),
            (std::vector<std::string>{"a.moe", "weights.bin"}));
}

//===----------------------------------------------------------------------===//
// Failures: one line, and nothing left behind
//===----------------------------------------------------------------------===//

/// What writing `contents` to a file that exists reports.
static std::string failureOf(LoweredModel &model,
                             const ArtifactContents &contents) {
  std::string path = model.folder / "a.moe";
  std::ofstream(path) << "old";
  std::string message = messageOf(writeArtifact(path, contents));
  EXPECT_EQ(contentOf(path), "old");
  EXPECT_EQ(model.folder.list(),
            (std::vector<std::string>{"a.moe", "weights.bin"}));
  EXPECT_EQ(message.find('\n'), std::string::npos);
  // Without the names of the folder, which differ.
  size_t prefix = message.find(model.folder.path + "/");
  return prefix == 0 ? message.substr(model.folder.path.size() + 1) : message;
}

static std::string failureOf(const std::string &from, const std::string &to) {
  LoweredModel model(replaced(loweredModel, from, to));
  return failureOf(model, model.contents());
}

TEST(WriterErrorTest, ParameterWithoutSource) {
  EXPECT_EQ(failureOf("from [#moe.bytes<\"weights.bin\", 1606, 40>]", ""),
            "parameter 'norm' has no values; give --weights=DIR or "
            "--weights=random:SEED");
}

TEST(WriterErrorTest, WeightsThatAreNotGiven) {
  LoweredModel model;
  ArtifactContents contents = model.contents();
  contents.weights = nullptr;
  EXPECT_EQ(failureOf(model, contents),
            "parameter 'table' has no values; give --weights=DIR or "
            "--weights=random:SEED");
}

TEST(WriterErrorTest, SourceBeyondItsFile) {
  std::string message = failureOf("1606, 40", "1607, 40");
  EXPECT_EQ(message.find("weights.bin: 40 bytes at offset 1607"), 0u)
      << message;
}

TEST(WriterErrorTest, NoTarget) {
  LoweredModel model;
  model.targets.clear();
  EXPECT_EQ(failureOf(model, model.contents()), "a.moe: there is no target");
}

TEST(WriterErrorTest, ModelWithoutDescription) {
  LoweredModel model;
  (*model.module)->removeAttr("moe.model");
  EXPECT_EQ(failureOf(model, model.contents()),
            "a.moe: the module has no attribute moe.model");
}

TEST(WriterErrorTest, DescriptionWithoutANumber) {
  EXPECT_EQ(failureOf("layers = 2 : i64,", ""),
            "a.moe: moe.model: layers is missing or no integer");
}

TEST(WriterErrorTest, DescriptionWithAnImplausibleNumber) {
  EXPECT_EQ(failureOf("hidden = 20", "hidden = -3"),
            "a.moe: moe.model: hidden is -3, but must be from 1 to 16777216");
}

TEST(WriterErrorTest, EndTokenOutsideTheVocabulary) {
  EXPECT_EQ(failureOf("array<i64: 2, 3>", "array<i64: 2, 40>"),
            "a.moe: moe.model: eos has token 40, which is not in the "
            "vocabulary of 40");
}

TEST(WriterErrorTest, CacheOfAnotherType) {
  EXPECT_EQ(failureOf("cache_type = bf16", "cache_type = f64"),
            "a.moe: moe.model: cache_type an artifact has no elements of type "
            "f64; expected f32, f16 or bf16");
}

TEST(WriterErrorTest, ProgramWithoutPlannedMemory) {
  EXPECT_EQ(failureOf("tensor<20xbf16> at(5120)", "tensor<20xbf16>"),
            "a.moe: target 'x86-64-v3': buffer 'norm_20.1.2' has no place in the "
            "arena; run plan-memory");
  EXPECT_EQ(failureOf("arena(10240)", ""),
            "a.moe: target 'x86-64-v3': program 'step' has no arena; run "
            "plan-memory");
}

TEST(WriterErrorTest, ProgramThatTheVerifierRefuses) {
  std::string message = failureOf("arena(10240)", "arena(64)");
  EXPECT_EQ(message.find("a.moe: the compiler made an artifact that no runtime "
                         "would load: "),
            0u)
      << message;
}

TEST(WriterErrorTest, LimitOnFileSizes) {
  LoweredModel model;
  rlimit old;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  for (rlim_t limit : {100, 5000, 20000, 30000}) {
    rlimit small = {limit, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message = failureOf(model, model.contents());
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
    EXPECT_EQ(message.find("a.moe: cannot be written: File too large at byte "),
              0u)
        << message;
  }
}

TEST(WriterErrorTest, OutputThatCannotBeWritten) {
  LoweredModel model;
  auto write = [&](const std::string &path) {
    return messageOf(writeArtifact(path, model.contents()));
  };
  std::string missing = model.folder / "missing";
  EXPECT_EQ(write(missing + "/a.moe"),
            missing + "/a.moe: cannot be written: there is no folder '" +
                missing + "'; create it, or name another one");
  EXPECT_EQ(write(model.folder.path),
            model.folder.path +
                ": cannot be written: it is no regular file; name another one");
  EXPECT_EQ(write("/dev/full"), "/dev/full: cannot be written: it is no "
                                "regular file; name another one");
  EXPECT_EQ(write(""), "the output has an empty name; name a file");
  EXPECT_EQ(model.folder.list(), std::vector<std::string>{"weights.bin"});
}
