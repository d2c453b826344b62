//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Checkpoint.h"

#include "compiler/import/Parameters.h"
#include "test/compiler/import/TinyCheckpoint.h"

#include "llvm/ADT/STLExtras.h"

#include <gtest/gtest.h>

using namespace llvm;
using namespace moec;
using namespace moec::test;

static const std::string w1 =
    "model.layers.0.block_sparse_moe.experts.0.w1.weight";

/// The message of opening a folder and finding its weights.
static std::string refusal(const TemporaryFolder &folder) {
  Expected<Checkpoint> checkpoint = Checkpoint::open(folder.path());
  if (!checkpoint)
    return toString(checkpoint.takeError());
  return messageOf(findParameters(*checkpoint));
}

namespace {
/// A checkpoint of two shards with an index, before it is written.
struct Sharded {
  Sharded() {
    TinyCheckpoint whole = TinyCheckpoint::sparse();
    config = whole.config;
    for (auto [i, tensor] : enumerate(whole.tensors)) {
      shards[i % 2].push_back(tensor);
      weightMap[tensor.name] = name(i % 2);
    }
  }

  static std::string name(size_t shard) {
    return "model-0000" + std::to_string(shard + 1) + "-of-00002.safetensors";
  }
  void write(const TemporaryFolder &folder) const {
    folder.write("config.json", config.dump());
    OrderedJson index = {{"metadata", {{"total_size", 1}}},
                         {"weight_map", weightMap}};
    folder.write("model.safetensors.index.json", index.dump());
    for (auto [i, tensors] : enumerate(shards)) {
      uint64_t dataSize = 0;
      std::string header = headerOf(tensors, dataSize).dump();
      folder.write(name(i), safetensorsBytes(header, dataSize));
    }
  }

  OrderedJson config;
  std::vector<TinyTensor> shards[2];
  OrderedJson weightMap = OrderedJson::object();
};

struct IndexCase {
  std::string name;
  std::function<void(Sharded &)> change;
  /// The message, relative to the folder.
  std::string message;
};
} // namespace

static const std::string indexName = "model.safetensors.index.json";
static const std::string embed = "model.embed_tokens.weight";

/// Maps the embedding table to `file`, which is not fit to be a file name.
static IndexCase mapTo(const std::string &name, const OrderedJson &file,
                       const std::string &what) {
  return {name, [=](Sharded &s) { s.weightMap[embed] = file; },
          indexName + ": weight_map maps '" + embed + "' to " + what};
}

static std::vector<IndexCase> indexCases() {
  std::string outside = ", which is not the name of a file in the same folder";
  std::string first = Sharded::name(0), second = Sharded::name(1);
  return {
      mapTo("a number", 3, "3, not to a file name"),
      mapTo("no name", "", "''" + outside),
      mapTo("parent", "../model.safetensors",
            "'../model.safetensors'" + outside),
      mapTo("dots", "..", "'..'" + outside),
      mapTo("absolute", "/etc/passwd", "'/etc/passwd'" + outside),
      mapTo("below", "a/b.safetensors", "'a/b.safetensors'" + outside),
      mapTo("zero byte", std::string("a\0b", 3), "'a\\x00b'" + outside),
      mapTo("two lines", "a\nb", "'a\\x0Ab'" + outside),
      mapTo("long", std::string(256, 'n'),
            "'" + std::string(160, 'n') + "...'" + outside),
      {"an absent shard",
       [](Sharded &s) { s.weightMap[embed] = "other.safetensors"; },
       "other.safetensors: no such file"},
      {"a tensor that the index does not name",
       [](Sharded &s) { s.weightMap.erase(embed); },
       first + ": tensor '" + embed +
           "' is in this file, but not in model.safetensors.index.json"},
      {"a tensor in another shard",
       [&](Sharded &s) { s.weightMap[embed] = Sharded::name(1); },
       first + ": tensor '" + embed +
           "' is in this file, but model.safetensors.index.json says it is in "
           "'" +
           second + "'"},
      {"a tensor in no shard",
       [](Sharded &s) { s.weightMap["spare"] = Sharded::name(0); },
       indexName + ": weight_map maps 'spare' to '" + first +
           "', which does not have it"},
      {"a tensor in both shards",
       [](Sharded &s) { s.shards[1].push_back(s.shards[0][0]); },
       second + ": tensor '" + embed + "' is also in '" + first + "'"},
  };
}

TEST(CheckpointTest, RefusesIndexesThatDoNotMatchTheirShards) {
  for (const IndexCase &test : indexCases()) {
    TemporaryFolder folder;
    Sharded sharded;
    test.change(sharded);
    sharded.write(folder);
    EXPECT_EQ(refusal(folder), folder.path(test.message)) << test.name;
  }
}

TEST(CheckpointTest, RefusesMalformedIndexes) {
  std::vector<std::pair<std::string, std::string>> cases = {
      {"{", "not valid JSON near byte 2"},
      {"[]", "must be a JSON object"},
      {"{}", "weight_map is missing"},
      {R"({"weight_map": []})", "weight_map is [], not an object"},
      {R"({"weight_map": {"a": "b", "a": "c"}})",
       "key 'a' stands twice in 'weight_map'"},
      {R"({"weight_map": {}, "weight_map": {}})",
       "key 'weight_map' stands twice"},
  };
  TemporaryFolder folder;
  Sharded().write(folder);
  for (auto &[text, message] : cases) {
    std::string path = folder.write(indexName, text);
    EXPECT_EQ(refusal(folder), path + ": " + message) << text;
  }
}

TEST(CheckpointTest, RefusesAShardThatIsAFolder) {
  TemporaryFolder folder;
  Sharded().write(folder);
  folder.remove(Sharded::name(1));
  folder.makeFolder(Sharded::name(1));
  EXPECT_EQ(refusal(folder), folder.path(Sharded::name(1)) +
                                 ": a folder, where a file is expected");
}

TEST(CheckpointTest, ReadsShards) {
  TemporaryFolder folder;
  Sharded().write(folder);
  EXPECT_EQ(refusal(folder), "");
}

TEST(CheckpointTest, PrefersTheSingleFileToTheIndex) {
  TemporaryFolder folder;
  Sharded().write(folder);
  folder.write(indexName, "{");
  TinyCheckpoint::sparse().write(folder);
  EXPECT_EQ(refusal(folder), "");
}

TEST(CheckpointTest, RefusesAFolderWithoutWeights) {
  TemporaryFolder folder;
  TinyCheckpoint::sparse().writeConfig(folder);
  EXPECT_EQ(refusal(folder),
            folder.path() +
                ": holds neither model.safetensors nor "
                "model.safetensors.index.json; download the model's "
                "safetensors files");
}

TEST(CheckpointTest, RefusesWhatIsNoFolder) {
  TemporaryFolder folder;
  std::string path = folder.write("file", "");
  EXPECT_EQ(messageOf(Checkpoint::open(path)),
            path + ": not a folder; give the folder that holds config.json");
  EXPECT_EQ(messageOf(Checkpoint::open(folder.path("absent"))),
            folder.path("absent") + ": no such folder");
}

TEST(CheckpointTest, SaysThatADanglingLinkWasNotDownloaded) {
  TemporaryFolder folder;
  std::string snapshot = "models--org--tiny/snapshots/1";
  folder.makeFolder(snapshot);
  std::string config = TinyCheckpoint::sparse().config.dump();
  folder.write(snapshot + "/config.json", config);
  folder.link(snapshot + "/model.safetensors", "../../blobs/absent");
  EXPECT_EQ(messageOf(Checkpoint::open(folder.path(snapshot))),
            folder.path(snapshot) +
                "/model.safetensors: not downloaded: the link leads to "
                "nothing; run `hf download org/tiny`");
}

TEST(CheckpointTest, SaysThatAShardWasNotDownloaded) {
  TemporaryFolder folder;
  std::string snapshot = "models--org--tiny/snapshots/1";
  folder.makeFolder(snapshot);
  Sharded sharded;
  folder.write(snapshot + "/config.json", sharded.config.dump());
  OrderedJson index = {{"weight_map", sharded.weightMap}};
  folder.write(snapshot + "/" + indexName, index.dump());
  EXPECT_EQ(messageOf(Checkpoint::open(folder.path(snapshot))),
            folder.path(snapshot) + "/" + Sharded::name(0) +
                ": not downloaded; run `hf download org/tiny`");
}

TEST(CheckpointTest, FollowsTheLinksOfASnapshot) {
  TemporaryFolder folder;
  TinyCheckpoint::sparse().write(folder);
  folder.makeFolder("snapshots/1");
  folder.link("snapshots/1/config.json", "../../config.json");
  folder.link("snapshots/1/model.safetensors", "../../model.safetensors");
  folder.write("tokenizer.model", "");
  folder.link("snapshots/1/tokenizer.model", "../../tokenizer.model");
  Expected<Checkpoint> checkpoint =
      Checkpoint::open(folder.path("snapshots/1"));
  ASSERT_TRUE(bool(checkpoint)) << toString(checkpoint.takeError());
  EXPECT_EQ(checkpoint->tokenizer(), "tokenizer.model");
}

TEST(CheckpointTest, RefusesATokenizerThatWasNotDownloaded) {
  TemporaryFolder folder;
  TinyCheckpoint::sparse().write(folder);
  folder.link("tokenizer.model", "absent");
  EXPECT_EQ(
      refusal(folder),
      folder.path("tokenizer.model") +
          ": not downloaded: the link leads to nothing; run `hf download`");
}

TEST(CheckpointTest, RefusesEveryMissingTensor) {
  for (TinyCheckpoint checkpoint :
       {TinyCheckpoint::sparse(), TinyCheckpoint::fused(),
        TinyCheckpoint::dense("LlamaForCausalLM")}) {
    for (const TinyTensor &tensor : checkpoint.tensors) {
      TinyCheckpoint broken = checkpoint;
      broken.drop(tensor.name);
      TemporaryFolder folder;
      broken.write(folder);
      EXPECT_EQ(refusal(folder),
                folder.path() + ": tensor '" + tensor.name + "' of shape " +
                    showShape(tensor.shape) +
                    ", which config.json asks for, is missing");
    }
  }
}

TEST(CheckpointTest, RefusesEveryTensorOfAnotherShapeOrType) {
  for (TinyCheckpoint checkpoint :
       {TinyCheckpoint::sparse(), TinyCheckpoint::fused(),
        TinyCheckpoint::dense("MistralForCausalLM")}) {
    for (const TinyTensor &tensor : checkpoint.tensors) {
      TemporaryFolder folder;
      std::string start = folder.path("model.safetensors") + ": tensor '" +
                          tensor.name + "' has ";
      TinyCheckpoint grown = checkpoint;
      ++grown.tensor(tensor.name).shape.back();
      grown.write(folder);
      EXPECT_EQ(refusal(folder),
                start + "shape " + showShape(grown.tensor(tensor.name).shape) +
                    ", but config.json asks for " + showShape(tensor.shape));
      TinyCheckpoint narrow = checkpoint;
      narrow.tensor(tensor.name).type = "BF16";
      narrow.write(folder);
      EXPECT_EQ(refusal(folder),
                start + "type BF16, but config.json asks for F32");
    }
  }
}

TEST(CheckpointTest, RefusesATransposedMatrix) {
  TemporaryFolder folder;
  TinyCheckpoint checkpoint = TinyCheckpoint::sparse();
  checkpoint.tensor(w1).shape = {8, 6};
  checkpoint.write(folder);
  EXPECT_EQ(refusal(folder),
            folder.path("model.safetensors") + ": tensor '" + w1 +
                "' has shape [8, 6], but config.json asks for [6, 8]");
}

TEST(CheckpointTest, RefusesUnexpectedTensors) {
  for (std::string name :
       {"model.layers.0.self_attn.q_proj.bias", "model.layers.1.norm.weight",
        "model.layers.0.block_sparse_moe.experts.3.w1.weight", "spare"}) {
    TemporaryFolder folder;
    TinyCheckpoint checkpoint = TinyCheckpoint::sparse();
    checkpoint.tensors.push_back({name, "F32", {1}});
    checkpoint.write(folder);
    EXPECT_EQ(refusal(folder),
              folder.path("model.safetensors") + ": unexpected tensor '" +
                  name +
                  "': a MixtralForCausalLM of config.json's sizes has "
                  "none of that name");
  }
}

TEST(CheckpointTest, SkipsStoredRotaryFrequencies) {
  TemporaryFolder folder;
  TinyCheckpoint checkpoint = TinyCheckpoint::sparse();
  checkpoint.tensors.push_back(
      {"model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {2}});
  checkpoint.write(folder);
  EXPECT_EQ(refusal(folder), "");
}

TEST(CheckpointTest, TakesATiedHeadWithOrWithoutItsTensor) {
  TemporaryFolder folder;
  TinyCheckpoint checkpoint = TinyCheckpoint::sparse();
  checkpoint.config["tie_word_embeddings"] = true;
  checkpoint.write(folder);
  EXPECT_EQ(refusal(folder), "");
  checkpoint.drop("lm_head.weight");
  checkpoint.write(folder);
  EXPECT_EQ(refusal(folder), "");
  checkpoint.config["tie_word_embeddings"] = false;
  checkpoint.write(folder);
  EXPECT_EQ(refusal(folder),
            folder.path() + ": tensor 'lm_head.weight' of shape [16, 8], which "
                            "config.json asks for, is missing");
}

TEST(CheckpointTest, TakesTheTypeOfTheEmbeddingTableIfNoneIsGiven) {
  TinyCheckpoint checkpoint = TinyCheckpoint::sparse();
  checkpoint.config.erase("torch_dtype");
  for (TinyTensor &tensor : checkpoint.tensors)
    tensor.type = "F16";
  TemporaryFolder folder;
  checkpoint.write(folder);
  Expected<Checkpoint> opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(bool(opened)) << toString(opened.takeError());
  Expected<Parameters> parameters = findParameters(*opened);
  ASSERT_TRUE(bool(parameters)) << toString(parameters.takeError());
  EXPECT_EQ(parameters->type, WeightType::F16);
  checkpoint.tensor("lm_head.weight").type = "F32";
  checkpoint.write(folder);
  EXPECT_EQ(refusal(folder), folder.path("model.safetensors") +
                                 ": tensor 'lm_head.weight' has type F32, but "
                                 "the other weights have F16");
}

/// The search ends at the first tensor that is wrong, whatever is asked for.
TEST(CheckpointTest, RefusesHugeCountsAtOnce) {
  for (TinyCheckpoint checkpoint :
       {TinyCheckpoint::sparse(), TinyCheckpoint::fused()}) {
    for (std::string key : {"num_hidden_layers", "num_local_experts"}) {
      TemporaryFolder folder;
      TinyCheckpoint huge = checkpoint;
      huge.config[key] = 1'000'000'000;
      huge.write(folder);
      EXPECT_NE(refusal(folder), "");
    }
  }
}
