//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/TinyArtifact.h"

#include "runtime/abi/GpuKernel.h"
#include "runtime/abi/Header.h"
#include "runtime/abi/Kernel.h"
#include "runtime/abi/artifact_generated.h"
#include "runtime/artifact/Checksum.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <unistd.h>

using namespace moert::format;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// [vocabulary, hidden]
static std::vector<float> makeTable() {
  std::mt19937 random(7);
  std::vector<float> table(tiny::vocabulary * tiny::hidden);
  for (float &value : table)
    value = static_cast<float>(random() % 2001) / 1000 - 1;
  return table;
}

std::vector<float> tiny::reference(const std::vector<int32_t> &tokens) {
  const std::vector<float> table = makeTable();
  int64_t count = static_cast<int64_t>(tokens.size());
  std::vector<float> x(count * hidden); // [token][hidden]
  for (int64_t t = 0; t < count; ++t)
    for (int64_t c = 0; c < hidden; ++c)
      x[t * hidden + c] = table[tokens[t] * hidden + c];
  for (int64_t layer = 0; layer < layers; ++layer) {
    float sum[hidden] = {};
    for (int64_t t = 0; t < count; ++t)
      for (int64_t c = 0; c < hidden; ++c) {
        sum[c] = sum[c] * 0.5f + x[t * hidden + c];
        x[t * hidden + c] += sum[c];
      }
  }
  std::vector<float> logits(vocabulary);
  for (int64_t v = 0; v < vocabulary; ++v)
    for (int64_t c = 0; c < hidden; ++c)
      logits[v] += x[(count - 1) * hidden + c] * table[v * hidden + c];
  return logits;
}

std::vector<int32_t> tiny::someTokens(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t &token : tokens)
    token = static_cast<int32_t>(random() % failingToken);
  return tokens;
}

//===----------------------------------------------------------------------===//
// Its tables
//===----------------------------------------------------------------------===//

namespace {

enum KernelIndex { Embed, Route, Store, Attend, GatherRows, Head, Best };
enum BufferIndex { X, Y, Z };

/// Writes one program of the model.
class ProgramWriter {
public:
  explicit ProgramWriter(FlatBufferBuilder &builder) : b(builder) {}

  Offset<Program> write(const char *entry, const char *regime,
                        uint32_t maxTokens) {
    launch(Embed, {input(InputKind::Tokens), tensor(), buffer(X)}, 2);
    for (uint32_t layer = 0; layer < tiny::layers; ++layer) {
      Argument cache(ArgumentKind::Cache, layer);
      launch(Store, {buffer(X), input(InputKind::Batch), cache}, 3);
      launch(Attend, {buffer(X), input(InputKind::Batch), cache, buffer(Y)}, 1);
      launch(Route, {input(InputKind::Tokens), buffer(Y), buffer(X)}, 1);
    }
    launch(GatherRows, {buffer(X), input(InputKind::Rows), buffer(Z)}, 1);
    Argument logits(ArgumentKind::Logits, 0);
    launch(Head, {buffer(Z), tensor(), logits}, 3);
    if (entry == std::string("top"))
      launch(Best,
             {logits, Argument(ArgumentKind::Top, 0),
              Argument(ArgumentKind::Top, 1)},
             1);
    return CreateProgramDirect(b, entry, regime, maxTokens, buffers(maxTokens),
                               &launches, arenaBytes);
  }

private:
  static Argument buffer(uint32_t i) { return {ArgumentKind::Buffer, i}; }
  static Argument tensor() { return {ArgumentKind::Tensor, 0}; }
  static Argument input(InputKind kind) {
    return {ArgumentKind::Input, static_cast<uint32_t>(kind)};
  }

  void launch(KernelIndex kernel, std::vector<Argument> arguments,
              uint32_t grain) {
    bool onRows = kernel >= GatherRows;
    Extent perToken(1, 0, Symbol::Tokens), perRow(1, 0, Symbol::Rows);
    Extent rows = onRows ? perRow : perToken;
    Extent tasks =
        kernel == Head ? Extent(0, tiny::vocabulary, Symbol::Rows) : rows;
    Extent flops(kernel == Head ? 2 * tiny::hidden * tiny::vocabulary : 0, 0,
                 Symbol::Rows);
    launches.push_back(CreateLaunchDirect(
        b, kernel, &arguments, &rows, &tasks, grain, &flops,
        kernel == Embed ? WeightUse::Rows : WeightUse::Whole));
  }

  const std::vector<Offset<Buffer>> *buffers(uint32_t maxTokens) {
    uint32_t last = static_cast<uint32_t>(launches.size()) - 1;
    for (const char *name : {"x", "y", "z"}) {
      Extent extent(1, 0, *name == 'z' ? Symbol::Rows : Symbol::Tokens);
      list.push_back(CreateBufferDirect(b, name, "8xf32", &extent,
                                        tiny::hidden * sizeof(float),
                                        arenaBytes, 0, last));
      arenaBytes += (maxTokens * tiny::hidden * sizeof(float) + 63) / 64 * 64;
    }
    return &list;
  }

  FlatBufferBuilder &b;
  std::vector<Offset<Launch>> launches;
  std::vector<Offset<Buffer>> list;
  uint64_t arenaBytes = 0;
};

} // namespace

static Offset<Target> makeTarget(FlatBufferBuilder &b,
                                 const tiny::Variant &variant,
                                 const tiny::Variant::Target &target) {
  auto kernel = [&](const char *symbol, uint32_t operands,
                    uint32_t results = 1) {
    return CreateKernelDirect(b, symbol, "test.kernel", operands, results);
  };
  std::vector<Offset<Kernel>> kernels{
      kernel("tiny_embed", 2),  kernel("tiny_route", 2),
      kernel("tiny_store", 2),  kernel("tiny_attend", 3),
      kernel("tiny_gather", 2), kernel(variant.headSymbol.c_str(), 2),
      kernel("tiny_best", 1, 2)};
  std::vector<Offset<Program>> programs;
  for (const char *entry : {"step", "top"}) {
    if (!variant.top && entry == std::string("top"))
      continue;
    programs.push_back(ProgramWriter(b).write(entry, "small", tiny::smallStep));
    programs.push_back(ProgramWriter(b).write(entry, "large", tiny::largeStep));
  }
  std::vector<Offset<flatbuffers::String>> features;
  for (const std::string &feature : target.features)
    features.push_back(b.CreateString(feature));
  Rates rates(1e10, 1e12, 1e-6, 1 << 20);
  return CreateTargetDirect(b, target.name.c_str(), &features, 1, &kernels,
                            &programs, tiny::hidden * sizeof(float), &rates);
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

namespace {

/// The segments of the file, one behind the other.
struct File {
  std::string bytes = std::string(MOERT_SEGMENT_ALIGNMENT, 0);
  std::vector<Offset<Segment>> segments;

  void add(FlatBufferBuilder &b, SegmentKind kind, const std::string &data) {
    uint64_t sum = kind == SegmentKind::Weights
                       ? 0
                       : moert::checksum(data.data(), data.size());
    segments.push_back(CreateSegment(b, kind, bytes.size(), data.size(), sum));
    bytes += data;
    bytes.resize((bytes.size() + 4095) / 4096 * 4096);
  }
};

} // namespace

static std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

static void finishTable(FlatBufferBuilder &b, const tiny::Variant &variant,
                        File &file) {
  std::vector<float> table = makeTable();
  std::string weights(reinterpret_cast<const char *>(table.data()),
                      table.size() * sizeof(float));
  file.add(b, SegmentKind::Weights, weights);
  file.add(b, SegmentKind::Code,
           variant.brokenCode ? "this is no code" : readFile(TINY_KERNELS));
  if (!variant.tokenizer.empty())
    file.add(b, SegmentKind::Tokenizer, variant.tokenizer);
  std::vector<uint64_t> shape{tiny::vocabulary, tiny::hidden};
  std::vector<Offset<Tensor>> tensors{CreateTensorDirect(
      b, "table", DataType::F32, &shape, Layout::RowMajor, 0, 0, 0, 0, 0,
      weights.size(), moert::checksum(weights.data(), weights.size()))};
  std::vector<int32_t> eos{2};
  auto model = CreateModelDirect(
      b, "TinyForTests", tiny::vocabulary, tiny::hidden, tiny::layers, 1, 4,
      DataType::F32, tiny::maxPositions, 0, 0, 0, table.size(), tiny::bos, &eos,
      variant.top ? tiny::topLogits : 0);
  std::vector<Offset<Target>> targets;
  for (const tiny::Variant::Target &target : variant.targets)
    targets.push_back(makeTarget(b, variant, target));
  FinishArtifactBuffer(
      b, CreateArtifactDirect(b, "a test", MOERT_KERNEL_ABI_VERSION, model,
                              &targets, &tensors, &file.segments,
                              variant.tokenizer.empty() ? 0 : 3,
                              MOERT_GPU_KERNEL_ABI_VERSION));
}

std::string tiny::write(const Variant &variant) {
  FlatBufferBuilder b;
  File file;
  finishTable(b, variant, file);
  moert_header header{};
  memcpy(header.magic, MOERT_MAGIC, sizeof(header.magic));
  header.major = MOERT_FORMAT_MAJOR;
  header.minor = MOERT_FORMAT_MINOR;
  header.table_offset = file.bytes.size();
  header.table_size = b.GetSize();
  header.file_size = header.table_offset + header.table_size;
  header.table_checksum = moert::checksum(b.GetBufferPointer(), b.GetSize());
  header.checksum = moert::checksum(&header, offsetof(moert_header, checksum));
  memcpy(file.bytes.data(), &header, sizeof(header));
  file.bytes.append(reinterpret_cast<const char *>(b.GetBufferPointer()),
                    b.GetSize());
  static int number = 0;
  std::string path = testing::TempDir() + "tiny-" + std::to_string(getpid()) +
                     "-" + std::to_string(number++) + ".moe";
  std::ofstream(path, std::ios::binary) << file.bytes;
  return path;
}
