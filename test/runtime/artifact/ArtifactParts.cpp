//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/artifact/ArtifactParts.h"

#include "runtime/artifact/TensorLayout.h"

#include "runtime/abi/GpuKernel.h"
#include "runtime/abi/Kernel.h"
#include "runtime/artifact/Checksum.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <unistd.h>

using namespace moert;
using namespace moert::format;

static std::string patternOf(size_t size, char first) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i)
    bytes[i] = char(first + i * 7);
  return bytes;
}

static void addTensor(ArtifactParts &parts, const char *name,
                      std::vector<uint64_t> shape, uint64_t length) {
  std::string &segment = parts.segments.back();
  segment.resize(*placeTensor(segment.size()));
  auto tensor = std::make_unique<TensorT>();
  tensor->name = name;
  tensor->type = DataType::BF16;
  tensor->shape = std::move(shape);
  tensor->segment = uint32_t(parts.segments.size() - 1);
  tensor->offset = segment.size();
  tensor->length = length;
  std::string bytes = patternOf(length, name[0]);
  tensor->checksum = checksum(bytes.data(), bytes.size());
  segment += bytes;
  parts.table.tensors.push_back(std::move(tensor));
}

static ModelT soundModel() {
  ModelT model;
  model.architecture = "MixtralForCausalLM";
  model.vocabulary = 40;
  model.hidden = 20;
  model.layers = 2;
  model.kv_heads = 1;
  model.head_dim = 8;
  model.cache_type = DataType::BF16;
  model.max_positions = 256;
  model.experts = 4;
  model.experts_per_token = 2;
  model.parameters = 1620;
  model.bos = 1;
  model.eos = {2, 3};
  return model;
}

static std::unique_ptr<BufferT> makeBuffer(const char *name, uint64_t offset,
                                           uint32_t first, uint32_t last) {
  auto buffer = std::make_unique<BufferT>();
  buffer->name = name;
  buffer->row_type = "20xf32";
  buffer->extent = std::make_unique<Extent>(1, 0, Symbol::Tokens);
  buffer->row_bytes = 80;
  buffer->offset = offset;
  buffer->first_use = first;
  buffer->last_use = last;
  return buffer;
}

static std::unique_ptr<LaunchT> makeLaunch(uint32_t kernel,
                                           std::vector<Argument> arguments) {
  auto launch = std::make_unique<LaunchT>();
  launch->kernel = kernel;
  launch->arguments = std::move(arguments);
  launch->rows = std::make_unique<Extent>(1, 0, Symbol::Tokens);
  launch->tasks = std::make_unique<Extent>(2, 1, Symbol::Rows);
  launch->grain = 1;
  launch->flops = std::make_unique<Extent>(1600, 0, Symbol::Rows);
  return launch;
}

/// embed, a layer in place of the first buffer's, and the head.
static std::unique_ptr<ProgramT> makeProgram(const char *regime,
                                             uint32_t maxTokens) {
  auto program = std::make_unique<ProgramT>();
  program->entry = "step";
  program->regime = regime;
  program->max_tokens = maxTokens;
  program->arena_bytes = 3 * 80 * 64;
  program->buffers.push_back(makeBuffer("x", 0, 0, 1));
  program->buffers.push_back(makeBuffer("y", 80 * 64, 1, 2));
  using Kind = ArgumentKind;
  program->launches.push_back(
      makeLaunch(0, {{Kind::Input, 0}, {Kind::Tensor, 0}, {Kind::Buffer, 0}}));
  program->launches.push_back(
      makeLaunch(0, {{Kind::Buffer, 0}, {Kind::Cache, 1}, {Kind::Buffer, 1}}));
  program->launches.push_back(
      makeLaunch(0, {{Kind::Buffer, 1}, {Kind::Tensor, 2}, {Kind::Logits, 0}}));
  return program;
}

static std::unique_ptr<TargetT> makeTarget(const char *name, uint32_t code) {
  auto target = std::make_unique<TargetT>();
  target->name = name;
  target->features = {"avx2", "fma"};
  target->code = code;
  target->scratch_bytes = 4096;
  target->rates = std::make_unique<Rates>(1e10, 1e12, 1e-6, 1 << 20);
  auto kernel = std::make_unique<KernelT>();
  kernel->symbol = "linear_40x20";
  kernel->computes = "decoder.linear";
  kernel->operands = 2;
  kernel->results = 1;
  target->kernels.push_back(std::move(kernel));
  target->programs.push_back(makeProgram("decode", 4));
  target->programs.push_back(makeProgram("wide", 64));
  return target;
}

ArtifactParts ArtifactParts::sound() {
  ArtifactParts parts;
  parts.table.producer = "test";
  parts.table.kernel_abi = MOERT_KERNEL_ABI_VERSION;
  parts.table.gpu_kernel_abi = MOERT_GPU_KERNEL_ABI_VERSION;
  parts.table.model = std::make_unique<ModelT>(soundModel());
  parts.segments = {patternOf(5000, 'a'), patternOf(4096, 'b'),
                    patternOf(77, 'c'), ""};
  addTensor(parts, "embed", {40, 20}, 1600);
  addTensor(parts, "norm", {20}, 40);
  addTensor(parts, "head", {40, 20}, 64 * 24 * 2);
  TensorT &head = *parts.table.tensors.back();
  head.layout = Layout::Panels;
  head.panel_width = 32;
  head.panel_depth = 8;
  head.panel_unit = 2;
  uint64_t offset = MOERT_SEGMENT_ALIGNMENT;
  for (const std::string &bytes : parts.segments) {
    auto segment = std::make_unique<SegmentT>();
    size_t index = parts.table.segments.size();
    segment->kind = index < 2    ? SegmentKind::Code
                    : index == 2 ? SegmentKind::Tokenizer
                                 : SegmentKind::Weights;
    segment->offset = offset;
    segment->length = bytes.size();
    if (segment->kind != SegmentKind::Weights)
      segment->checksum = checksum(bytes.data(), bytes.size());
    offset = (offset + bytes.size() + 4095) / 4096 * 4096;
    parts.table.segments.push_back(std::move(segment));
  }
  parts.table.tokenizer = 3;
  parts.table.targets.push_back(makeTarget("x86-64-v3", 0));
  parts.table.targets.push_back(makeTarget("x86-64-v4", 1));
  return parts;
}

std::string ArtifactParts::assemble() const {
  std::string file(MOERT_SEGMENT_ALIGNMENT, '\0');
  for (const std::string &bytes : segments) {
    file += bytes;
    file.resize((file.size() + 4095) / 4096 * 4096);
  }
  flatbuffers::FlatBufferBuilder builder;
  FinishArtifactBuffer(builder, CreateArtifact(builder, &table));
  moert_header header = {};
  std::memcpy(header.magic, MOERT_MAGIC, sizeof(header.magic));
  header.major = MOERT_FORMAT_MAJOR;
  header.minor = MOERT_FORMAT_MINOR;
  header.table_offset = file.size();
  header.table_size = builder.GetSize();
  header.table_checksum =
      checksum(builder.GetBufferPointer(), builder.GetSize());
  file.append(reinterpret_cast<const char *>(builder.GetBufferPointer()),
              builder.GetSize());
  header.file_size = file.size();
  return withHeader(std::move(file), header);
}

std::string withHeader(std::string file, const moert_header &fields) {
  moert_header header = fields;
  header.checksum = checksum(&header, offsetof(moert_header, checksum));
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

moert_header headerOf(const std::string &file) {
  moert_header header;
  std::memcpy(&header, file.data(), sizeof(header));
  return header;
}

static std::string nextPath() {
  static int count = 0;
  return testing::TempDir() + "artifact" + std::to_string(::getpid()) + "." +
         std::to_string(count++) + ".moe";
}

TemporaryFile::TemporaryFile(const std::string &bytes) : path(nextPath()) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TemporaryFile::~TemporaryFile() { std::remove(path.c_str()); }

std::string violationOf(const std::string &bytes, VerifyDepth depth) {
  TemporaryFile file(bytes);
  std::string violation;
  bool accepted = bool(moert::Artifact::open(file.path, depth, violation));
  EXPECT_EQ(accepted, violation.empty());
  if (accepted)
    return "";
  std::string prefix = file.path + ": ";
  EXPECT_EQ(violation.substr(0, prefix.size()), prefix);
  EXPECT_EQ(violation.find('\n'), std::string::npos);
  return violation.substr(std::min(prefix.size(), violation.size()));
}
