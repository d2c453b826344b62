//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Import.h"

#include "compiler/import/WeightFiles.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"
#include "test/compiler/import/TinyCheckpoint.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

using namespace mlir;
using namespace moec;
using namespace moec::test;

static OwningOpRef<ModuleOp> import(MLIRContext &context,
                                    llvm::StringRef folder) {
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      importCheckpoint(context, folder);
  if (module)
    return std::move(*module);
  ADD_FAILURE() << llvm::toString(module.takeError());
  return nullptr;
}

static std::string text(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().useLocalScope());
  return text;
}

/// The declaration of a parameter, as it is printed.
static std::string parameter(ModuleOp module, llvm::StringRef name) {
  Operation *op = module.lookupSymbol(name);
  return op ? text(op) : "no " + name.str();
}

static int64_t countParameters(ModuleOp module) {
  int64_t count = 0;
  for (auto parameter : module.getOps<moe::ParameterOp>())
    count += cast<ShapedType>(parameter.getType()).getNumElements();
  return count;
}

static std::vector<std::string> operationNames(ModuleOp module) {
  std::vector<std::string> names;
  auto step = module.lookupSymbol<func::FuncOp>("step");
  for (Operation &op : step.getBody().front())
    if (!isa<moe::ReadParameterOp>(op))
      names.push_back(op.getName().getStringRef().str());
  return names;
}

TEST(ImportTest, ImportsEveryGolden) {
  std::string goldens = MOEC_SOURCE_ROOT "/test/goldens";
  std::error_code code;
  size_t count = 0;
  for (llvm::sys::fs::directory_iterator entry(goldens, code), end;
       entry != end && !code; entry.increment(code)) {
    if (!llvm::sys::fs::exists(entry->path() + "/config.json"))
      continue;
    MLIRContext context;
    SCOPED_TRACE(entry->path());
    EXPECT_TRUE(bool(import(context, entry->path())));
    ++count;
  }
  EXPECT_GE(count, 15u);
}

TEST(ImportTest, BuildsTheStepOfASparseModel) {
  TemporaryFolder folder;
  TinyCheckpoint::sparse().write(folder);
  MLIRContext context;
  OwningOpRef<ModuleOp> module = import(context, folder.path());
  ASSERT_TRUE(module);
  std::vector<std::string> expected = {
      "decoder.embed",  "decoder.rms_norm",    "decoder.linear",
      "decoder.rope",   "decoder.linear",      "decoder.rope",
      "decoder.linear", "decoder.append_kv",   "decoder.attention",
      "decoder.linear", "decoder.add",         "decoder.rms_norm",
      "moe.router",     "moe.top_k",           "moe.dispatch",
      "moe.permute",    "moe.grouped_linear",  "moe.grouped_linear",
      "decoder.swiglu", "moe.grouped_linear",  "moe.combine",
      "decoder.add",    "decoder.select_rows", "decoder.rms_norm",
      "decoder.linear", "func.return"};
  EXPECT_EQ(operationNames(*module), expected);
}

TEST(ImportTest, BuildsTheStepOfADenseModel) {
  TemporaryFolder folder;
  TinyCheckpoint::dense("LlamaForCausalLM").write(folder);
  MLIRContext context;
  OwningOpRef<ModuleOp> module = import(context, folder.path());
  ASSERT_TRUE(module);
  std::vector<std::string> expected = {
      "decoder.embed",    "decoder.rms_norm",  "decoder.linear",
      "decoder.rope",     "decoder.linear",    "decoder.rope",
      "decoder.linear",   "decoder.append_kv", "decoder.attention",
      "decoder.linear",   "decoder.add",       "decoder.rms_norm",
      "decoder.linear",   "decoder.linear",    "decoder.swiglu",
      "decoder.linear",   "decoder.add",       "decoder.select_rows",
      "decoder.rms_norm", "decoder.linear",    "func.return"};
  EXPECT_EQ(operationNames(*module), expected);
}

/// The bytes of a parameter, of all its ranges.
static std::string bytesOf(ModuleOp module, llvm::StringRef name,
                           WeightFiles &files) {
  auto parameter = module.lookupSymbol<moe::ParameterOp>(name);
  std::string bytes;
  for (auto range : parameter.getSource()->getAsRange<moe::BytesAttr>()) {
    llvm::ArrayRef<uint8_t> part = llvm::cantFail(files.get(range));
    bytes.append(part.begin(), part.end());
  }
  return bytes;
}

/// The fused golden holds the weights of moe-base, or others of that shape;
/// its halves must be what the separate layout would hold.
TEST(ImportTest, SplitsFusedExpertsByBytes) {
  std::string folder = MOEC_SOURCE_ROOT "/test/goldens/moe-fused-layout";
  MLIRContext context;
  OwningOpRef<ModuleOp> module = import(context, folder);
  ASSERT_TRUE(module);
  WeightFiles files = llvm::cantFail(WeightFiles::open(folder));
  auto gate = module->lookupSymbol<moe::ParameterOp>("layers.0.w1");
  ASSERT_EQ(gate.getSource()->size(), 8u);
  std::string w1 = bytesOf(*module, "layers.0.w1", files);
  std::string w3 = bytesOf(*module, "layers.0.w3", files);
  auto first = cast<moe::BytesAttr>((*gate.getSource())[0]);
  size_t half = 96 * 64 * 4;
  EXPECT_EQ(size_t(first.getLength()), half);
  auto whole = moe::BytesAttr::get(&context, first.getFile(), first.getOffset(),
                                   8 * 2 * half);
  llvm::ArrayRef<uint8_t> fused = llvm::cantFail(files.get(whole));
  for (size_t expert = 0; expert < 8; ++expert) {
    auto part = [&](size_t index) {
      llvm::ArrayRef<uint8_t> bytes = fused.slice(index * half, half);
      return std::string(bytes.begin(), bytes.end());
    };
    EXPECT_EQ(w1.substr(expert * half, half), part(2 * expert));
    EXPECT_EQ(w3.substr(expert * half, half), part(2 * expert + 1));
  }
  EXPECT_EQ(parameter(*module, "layers.0.w2").find("8x64x96xf32>"),
            std::string("moe.parameter @layers.0.w2 : tensor<").size());
}

TEST(ImportTest, StacksExpertsByRanges) {
  TemporaryFolder folder;
  TinyCheckpoint checkpoint = TinyCheckpoint::sparse();
  // An order of the file that is not the order of the experts.
  std::reverse(checkpoint.tensors.begin(), checkpoint.tensors.end());
  checkpoint.write(folder);
  MLIRContext context;
  OwningOpRef<ModuleOp> module = import(context, folder.path());
  ASSERT_TRUE(module);
  auto stack = module->lookupSymbol<moe::ParameterOp>("layers.0.w1");
  ArrayAttr source = *stack.getSource();
  ASSERT_EQ(source.size(), 3u);
  int64_t length = 6 * 8 * 4;
  for (size_t expert : {0, 1}) {
    auto range = cast<moe::BytesAttr>(source[expert]);
    auto next = cast<moe::BytesAttr>(source[expert + 1]);
    EXPECT_EQ(range.getLength(), length);
    EXPECT_EQ(range.getOffset() - next.getOffset(), 3 * length);
  }
}

TEST(ImportTest, ChoosesTypesByTheWeights) {
  struct Case {
    const char *name, *weights, *products;
  };
  for (const Case &test :
       {Case{"moe-base", "f32", "f32"}, Case{"moe-bf16", "bf16", "bf16"},
        Case{"moe-f16", "f16", "f32"}}) {
    MLIRContext context;
    OwningOpRef<ModuleOp> module = import(
        context, std::string(MOEC_SOURCE_ROOT "/test/goldens/") + test.name);
    ASSERT_TRUE(module);
    auto step = module->lookupSymbol<func::FuncOp>("step");
    auto check = [](Type type, const char *expected) {
      std::string text;
      llvm::raw_string_ostream(text) << getElementTypeOrSelf(type);
      EXPECT_EQ(text, expected);
    };
    check(cast<decoder::KVCacheType>(step.getArgumentTypes()[3]).getElement(),
          test.weights);
    step.walk([&](Operation *op) {
      if (isa<decoder::RMSNormOp, decoder::AttentionOp, decoder::SwigluOp>(op))
        check(op->getResult(0).getType(), test.products);
      if (isa<decoder::LinearOp, decoder::AddOp, decoder::EmbedOp>(op))
        check(op->getResult(0).getType(), "f32");
      if (isa<moe::ReadParameterOp>(op))
        check(op->getResult(0).getType(), test.weights);
    });
  }
}

TEST(ImportTest, TakesNumbersFromTheConfig) {
  TemporaryFolder folder;
  TinyCheckpoint checkpoint = TinyCheckpoint::dense("MistralForCausalLM");
  checkpoint.config["sliding_window"] = 9;
  checkpoint.config["rope_theta"] = 500000.0;
  checkpoint.config["rms_norm_eps"] = 0.25;
  checkpoint.config["eos_token_id"] = {2, 5};
  checkpoint.write(folder);
  folder.write("tokenizer.model", "");
  MLIRContext context;
  OwningOpRef<ModuleOp> module = import(context, folder.path());
  ASSERT_TRUE(module);
  std::string ir = text(*module);
  for (std::string expected :
       {"moe.model = {architecture = \"MistralForCausalLM\", bos = 1 : i64, "
        "eos = array<i64: 2, 5>, max_positions = 64 : i64, "
        "tokenizer = \"tokenizer.model\", window = 9 : i64}",
        "epsilon(2.500000e-01)", "theta(5.000000e+05)", "head_dim(4)",
        "scale(5.000000e-01) window(9)", "!decoder.kv_cache<1, 1, 4, f32>"})
    EXPECT_NE(ir.find(expected), std::string::npos) << expected << "\n" << ir;
}

TEST(ImportTest, ThreadsTheCacheThroughTheLayers) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module =
      import(context, MOEC_SOURCE_ROOT "/test/goldens/moe-window");
  ASSERT_TRUE(module);
  auto step = module->lookupSymbol<func::FuncOp>("step");
  Value cache = step.getArgument(3);
  uint64_t layer = 0;
  step.walk([&](decoder::AppendKVOp append) {
    EXPECT_EQ(append.getCache(), cache);
    EXPECT_EQ(append.getLayer(), layer++);
    cache = append.getUpdated();
  });
  EXPECT_EQ(layer, 3u);
  EXPECT_EQ(step.getBody().front().getTerminator()->getOperand(1), cache);
}

TEST(ImportTest, TiesTheHeadToTheEmbeddingTable) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module =
      import(context, MOEC_SOURCE_ROOT "/test/goldens/moe-tied");
  ASSERT_TRUE(module);
  EXPECT_EQ(parameter(*module, "lm_head"), "no lm_head");
  Operation *embed = module->lookupSymbol("embed");
  EXPECT_EQ(
      SymbolTable::getSymbolUses(embed, module->getOperation())->begin() !=
          SymbolTable::getSymbolUses(embed, module->getOperation())->end(),
      true);
}

namespace {
/// Writes sparse shards: headers, and data that was never written.
class SparseShards {
public:
  SparseShards(const TemporaryFolder &folder, uint64_t shardSize)
      : folder(folder), shardSize(shardSize) {}

  void add(const std::string &name, std::vector<int64_t> shape) {
    uint64_t length = 2;
    for (int64_t size : shape)
      length *= size;
    if (dataSize + length > shardSize)
      finish();
    tensors.push_back({name, "BF16", shape});
    dataSize += length;
  }
  void finish() {
    std::string name = "model-" + std::to_string(++count) + ".safetensors";
    uint64_t end = 0;
    std::string header = headerOf(tensors, end).dump();
    std::string path = folder.write(name, safetensorsBytes(header, 0));
    ASSERT_EQ(::truncate(path.c_str(), 8 + header.size() + end), 0);
    for (const TinyTensor &tensor : tensors)
      weightMap[tensor.name] = name;
    tensors.clear();
    dataSize = 0;
  }

  size_t count = 0;
  OrderedJson weightMap = OrderedJson::object();

private:
  const TemporaryFolder &folder;
  uint64_t shardSize, dataSize = 0;
  std::vector<TinyTensor> tensors;
};
} // namespace

static OrderedJson mixtral8x7BConfig() {
  return {{"architectures", {"MixtralForCausalLM"}},
          {"vocab_size", 32000},
          {"hidden_size", 4096},
          {"intermediate_size", 14336},
          {"num_hidden_layers", 32},
          {"num_attention_heads", 32},
          {"num_key_value_heads", 8},
          {"num_local_experts", 8},
          {"num_experts_per_tok", 2},
          {"max_position_embeddings", 32768},
          {"torch_dtype", "bfloat16"}};
}

static void addMixtralLayer(SparseShards &shards, int layer) {
  std::string prefix = "model.layers." + std::to_string(layer) + ".";
  for (std::string norm : {"input_layernorm", "post_attention_layernorm"})
    shards.add(prefix + norm + ".weight", {4096});
  for (std::string matrix : {"q", "o"})
    shards.add(prefix + "self_attn." + matrix + "_proj.weight", {4096, 4096});
  for (std::string matrix : {"k", "v"})
    shards.add(prefix + "self_attn." + matrix + "_proj.weight", {1024, 4096});
  std::string moe = prefix + "block_sparse_moe.";
  shards.add(moe + "gate.weight", {8, 4096});
  for (int expert = 0; expert < 8; ++expert) {
    std::string name = moe + "experts." + std::to_string(expert);
    shards.add(name + ".w1.weight", {14336, 4096});
    shards.add(name + ".w2.weight", {4096, 14336});
    shards.add(name + ".w3.weight", {14336, 4096});
  }
}

/// The published sizes, in 19 files that occupy no space.
TEST(ImportTest, ImportsMixtral8x7BInLittleMemory) {
  TemporaryFolder folder;
  folder.write("config.json", mixtral8x7BConfig().dump());
  SparseShards shards(folder, 5'000'000'000);
  shards.add("model.embed_tokens.weight", {32000, 4096});
  for (int layer = 0; layer < 32; ++layer)
    addMixtralLayer(shards, layer);
  shards.add("model.norm.weight", {4096});
  shards.add("lm_head.weight", {32000, 4096});
  shards.finish();
  EXPECT_EQ(shards.count, 19u);
  OrderedJson index = {{"weight_map", shards.weightMap}};
  folder.write("model.safetensors.index.json", index.dump());
  MLIRContext context;
  OwningOpRef<ModuleOp> module = import(context, folder.path());
  ASSERT_TRUE(module);
  EXPECT_EQ(countParameters(*module), 46'702'792'704);
  rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 1 << 20) << "KiB resident";
}
