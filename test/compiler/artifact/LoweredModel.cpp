//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/compiler/artifact/LoweredModel.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace moec;

const char loweredModel[] = R"(
module attributes {moe.model = {
    architecture = "custom", bos = 1 : i64, cache_type = bf16,
    eos = array<i64: 2, 3>, experts = 0 : i64, experts_per_token = 0 : i64,
    top_logits = 0 : i64,
    head_dim = 8 : i64, hidden = 20 : i64, kv_heads = 1 : i64, layers = 2 : i64,
    max_positions = 256 : i64, parameters = 820 : i64, vocabulary = 40 : i64,
    window = 0 : i64}} {
  moe.parameter @table : tensor<40x20xbf16>
      from [#moe.bytes<"weights.bin", 6, 1000>, #moe.bytes<"weights.bin", 1006, 600>]
  moe.parameter @norm : tensor<20xbf16> from [#moe.bytes<"weights.bin", 1606, 40>]
  exec.tensor @table.row_major = @table : tensor<40x20xbf16>
  exec.tensor @norm.row_major = @norm : tensor<20xbf16>
  exec.tensor @table.panels = @table
      : tensor<40x20xbf16, #exec.panels<32, 8, 2>>
  exec.kernel @embed_40x20 {
  ^bb0(%tokens: tensor<?xi32>, %table: tensor<40x20xbf16>):
    %y = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<40x20xbf16> -> tensor<?x20xf32>
    exec.yield %y : tensor<?x20xf32>
  }
  exec.kernel @norm_20 {
  ^bb0(%x: tensor<?x20xf32>, %weight: tensor<20xbf16>):
    %y = decoder.rms_norm %x, %weight epsilon(1.0e-05)
        : tensor<?x20xf32>, tensor<20xbf16> -> tensor<?x20xbf16>
    exec.yield %y : tensor<?x20xbf16>
  }
  exec.kernel @pack_20 {
  ^bb0(%x: tensor<?x20xbf16>):
    %y = exec.pack %x : tensor<?x20xbf16>
        -> tensor<?x20xbf16, #exec.row_blocks<12, 256, 8>>
    exec.yield %y : tensor<?x20xbf16, #exec.row_blocks<12, 256, 8>>
  }
  exec.kernel @linear_40x20 {
  ^bb0(%x: tensor<?x20xbf16, #exec.row_blocks<12, 256, 8>>,
       %w: tensor<40x20xbf16, #exec.panels<32, 8, 2>>):
    %y = decoder.linear %x, %w
        : tensor<?x20xbf16, #exec.row_blocks<12, 256, 8>>,
          tensor<40x20xbf16, #exec.panels<32, 8, 2>> -> tensor<?x40xf32>
    exec.yield %y : tensor<?x40xf32>
  }
  exec.program @step regime("any") max_tokens(64) arena(10240) {
    %tokens = exec.input tokens
    %table = exec.weight @table.row_major
    %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<20xf32> at(0)
    exec.launch @embed_40x20(%tokens, %table, %x)
        rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>)
        grain(8) flops(#exec.extent<0 * tokens + 0>) weights(rows)
    %norm = exec.weight @norm.row_major
    %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<20xbf16> at(5120)
    exec.launch @norm_20(%x, %norm, %y)
        rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>)
        grain(8) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    %packed = exec.alloc #exec.extent<1 * tokens + 0> of tensor<24xbf16> at(0)
    exec.launch @pack_20(%y, %packed)
        rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<0 * tokens + 1>)
        grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    %head = exec.weight @table.panels
    %logits = exec.logits
    exec.launch @linear_40x20(%packed, %head, %logits)
        rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<0 * tokens + 2>)
        grain(1) flops(#exec.extent<1600 * rows + 0>) weights(whole)
  }
}
)";

static std::string makeFolder() {
  std::string path = testing::TempDir() + "moecXXXXXX";
  if (!::mkdtemp(path.data()))
    std::abort();
  return path;
}

TemporaryFolder::TemporaryFolder() : path(makeFolder()) {}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path); }

std::vector<std::string> TemporaryFolder::list() const {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(path))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string replaced(std::string text, const std::string &from,
                     const std::string &to) {
  size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

LoweredModel::LoweredModel(const std::string &text) {
  context.loadDialect<decoder::DecoderDialect, exec::ExecDialect,
                      moe::MoEDialect>();
  module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(bool(module));
  for (int i = 0; i < 6 + 1600 + 40; ++i)
    weights += char(i * 31 + i / 256);
  std::ofstream(folder / "weights.bin", std::ios::binary) << weights;
  auto opened = WeightFiles::open(folder.path);
  EXPECT_TRUE(bool(opened));
  files = std::make_unique<WeightFiles>(std::move(*opened));
  for (const char *name : {"x86-64-v3", "znver4"}) {
    TargetCode target;
    target.name = name;
    target.features = {"avx2", "fma"};
    target.module = *module;
    target.code = std::string(5000, name[0]) + name;
    target.scratchBytes = 4096;
    targets.push_back(std::move(target));
  }
}

ArtifactContents LoweredModel::contents() {
  ArtifactContents contents;
  contents.targets = targets;
  contents.weights = files.get();
  contents.tokenizer = "tokenizer";
  return contents;
}

std::string messageOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "";
}

std::string contentOf(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}
