//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/compiler/import/TinyCheckpoint.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

#include <unistd.h>

using namespace llvm;
using namespace moec::test;

TemporaryFolder::TemporaryFolder() {
  EXPECT_FALSE(sys::fs::createUniqueDirectory("moec-import", root));
}

TemporaryFolder::~TemporaryFolder() { sys::fs::remove_directories(root); }

std::string TemporaryFolder::path(StringRef name) const {
  SmallString<64> path(root);
  if (!name.empty())
    sys::path::append(path, name);
  return std::string(path);
}

std::string TemporaryFolder::write(StringRef name, StringRef bytes) const {
  std::string file = path(name);
  // To cut a file and write it again waits for the disk.
  sys::fs::remove(file);
  std::error_code code;
  raw_fd_ostream(file, code) << bytes;
  EXPECT_FALSE(code) << file;
  return file;
}

void TemporaryFolder::makeFolder(StringRef name) const {
  EXPECT_FALSE(sys::fs::create_directories(path(name)));
}

void TemporaryFolder::link(StringRef name, StringRef target) const {
  EXPECT_EQ(::symlink(target.str().c_str(), path(name).c_str()), 0);
}

void TemporaryFolder::remove(StringRef name) const {
  EXPECT_FALSE(sys::fs::remove(path(name), /*IgnoreNonExisting=*/false));
}

std::string moec::test::safetensorsBytes(StringRef header, uint64_t dataSize) {
  std::string bytes(8, '\0');
  support::endian::write64le(bytes.data(), header.size());
  return bytes + header.str() + std::string(dataSize, '\1');
}

OrderedJson moec::test::headerOf(const std::vector<TinyTensor> &tensors,
                                 uint64_t &dataSize) {
  OrderedJson header = OrderedJson::object();
  for (const TinyTensor &tensor : tensors) {
    uint64_t length = tensor.type.find("32") != std::string::npos ? 4 : 2;
    for (int64_t size : tensor.shape)
      length *= uint64_t(size);
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {dataSize, dataSize + length}}};
    dataSize += length;
  }
  return header;
}

static TinyCheckpoint withoutMLP(StringRef architecture) {
  TinyCheckpoint checkpoint;
  checkpoint.config = {{"architectures", {architecture.str()}},
                       {"vocab_size", 16},
                       {"hidden_size", 8},
                       {"num_hidden_layers", 1},
                       {"num_attention_heads", 2},
                       {"num_key_value_heads", 1},
                       {"intermediate_size", 6},
                       {"max_position_embeddings", 64},
                       {"torch_dtype", "float32"}};
  std::string layer = "model.layers.0.";
  checkpoint.tensors = {
      {"model.embed_tokens.weight", "F32", {16, 8}},
      {layer + "input_layernorm.weight", "F32", {8}},
      {layer + "self_attn.q_proj.weight", "F32", {8, 8}},
      {layer + "self_attn.k_proj.weight", "F32", {4, 8}},
      {layer + "self_attn.v_proj.weight", "F32", {4, 8}},
      {layer + "self_attn.o_proj.weight", "F32", {8, 8}},
      {layer + "post_attention_layernorm.weight", "F32", {8}},
      {"model.norm.weight", "F32", {8}},
      {"lm_head.weight", "F32", {16, 8}},
  };
  return checkpoint;
}

static void addExperts(TinyCheckpoint &checkpoint,
                       std::vector<TinyTensor> tensors) {
  checkpoint.config["num_local_experts"] = 3;
  checkpoint.config["num_experts_per_tok"] = 2;
  append_range(checkpoint.tensors, tensors);
}

TinyCheckpoint TinyCheckpoint::sparse() {
  TinyCheckpoint checkpoint = withoutMLP("MixtralForCausalLM");
  std::string moe = "model.layers.0.block_sparse_moe.";
  std::vector<TinyTensor> tensors = {{moe + "gate.weight", "F32", {3, 8}}};
  for (std::string expert : {"0", "1", "2"}) {
    std::string prefix = moe + "experts." + expert;
    tensors.push_back({prefix + ".w1.weight", "F32", {6, 8}});
    tensors.push_back({prefix + ".w2.weight", "F32", {8, 6}});
    tensors.push_back({prefix + ".w3.weight", "F32", {6, 8}});
  }
  addExperts(checkpoint, tensors);
  return checkpoint;
}

TinyCheckpoint TinyCheckpoint::fused() {
  TinyCheckpoint checkpoint = withoutMLP("MixtralForCausalLM");
  std::string mlp = "model.layers.0.mlp.";
  addExperts(checkpoint, {{mlp + "gate.weight", "F32", {3, 8}},
                          {mlp + "experts.gate_up_proj", "F32", {3, 12, 8}},
                          {mlp + "experts.down_proj", "F32", {3, 8, 6}}});
  return checkpoint;
}

TinyCheckpoint TinyCheckpoint::dense(StringRef architecture) {
  TinyCheckpoint checkpoint = withoutMLP(architecture);
  std::string mlp = "model.layers.0.mlp.";
  append_range(
      checkpoint.tensors,
      std::vector<TinyTensor>{{mlp + "gate_proj.weight", "F32", {6, 8}},
                              {mlp + "up_proj.weight", "F32", {6, 8}},
                              {mlp + "down_proj.weight", "F32", {8, 6}}});
  return checkpoint;
}

TinyTensor &TinyCheckpoint::tensor(StringRef name) {
  auto found = find_if(
      tensors, [&](const TinyTensor &tensor) { return name == tensor.name; });
  if (found == tensors.end())
    report_fatal_error("a test names a tensor that is not there");
  return *found;
}

void TinyCheckpoint::drop(StringRef name) {
  erase_if(tensors,
           [&](const TinyTensor &tensor) { return name == tensor.name; });
}

void TinyCheckpoint::writeConfig(const TemporaryFolder &folder) const {
  folder.write("config.json", config.dump());
}

void TinyCheckpoint::write(const TemporaryFolder &folder) const {
  writeConfig(folder);
  uint64_t dataSize = 0;
  std::string header = headerOf(tensors, dataSize).dump();
  folder.write("model.safetensors", safetensorsBytes(header, dataSize));
}
