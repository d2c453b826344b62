//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Writer.h"

#include "compiler/artifact/OutputFile.h"
#include "compiler/artifact/Pack.h"
#include "compiler/artifact/Tables.h"
#include "compiler/import/WeightFiles.h"
#include "runtime/abi/GpuKernel.h"
#include "runtime/abi/Header.h"
#include "runtime/abi/Kernel.h"
#include "runtime/artifact/Artifact.h"
#include "runtime/artifact/Checksum.h"

#include <cstring>
#include <mutex>

using namespace llvm;
using namespace moec;
namespace format = moert::format;
using format::SegmentKind;

namespace {

/// A segment of the file to be.
struct StoredSegment {
  SegmentKind kind;
  ArrayRef<uint8_t> bytes; ///< none for weights, which are streamed
  uint64_t length;
  uint64_t offset = 0;
};

class ArtifactWriter {
public:
  ArtifactWriter(StringRef path, const ArtifactContents &contents)
      : path(path), contents(contents), builder(1 << 20) {}

  Error write();

private:
  using Source = std::unique_ptr<ParameterSource>;

  Error buildTargets();
  Error openSources();
  Expected<Source> openSource(const ArtifactTensor &tensor);
  void placeSegments();
  Error writeSegments(OutputFile &file);
  Error writeWeights(OutputFile &file, uint64_t segmentOffset);
  Error writeTable(OutputFile &file);
  void finishTable();

  StringRef path;
  const ArtifactContents &contents;
  flatbuffers::FlatBufferBuilder builder;
  flatbuffers::Offset<format::Model> model;
  std::vector<flatbuffers::Offset<format::Target>> targets;
  TensorTable tensors;
  std::vector<Source> sources; ///< of the tensors
  std::vector<StoredSegment> segments;
  uint64_t tableOffset = 0;
};

} // namespace

static ArrayRef<uint8_t> bytesOf(StringRef text) {
  return {text.bytes_begin(), text.bytes_end()};
}

Error ArtifactWriter::buildTargets() {
  if (contents.targets.empty())
    return createStringError("there is no target");
  auto built = buildModel(builder, contents.targets.front().module);
  if (!built)
    return built.takeError();
  model = *built;
  for (const TargetCode &target : contents.targets) {
    auto table = buildTarget(builder, target, targets.size(), tensors);
    if (!table)
      return table.takeError();
    targets.push_back(*table);
  }
  return Error::success();
}

Expected<ArtifactWriter::Source>
ArtifactWriter::openSource(const ArtifactTensor &tensor) {
  moe::ParameterOp parameter = tensor.parameter;
  if (contents.randomSeed)
    return std::make_unique<RandomParameter>(
        *contents.randomSeed, parameter.getSymName(), tensor.form,
        contents.tables.contains(parameter.getSymName()));
  if (!parameter.getSource() || !contents.weights)
    return createStringError(
        "parameter '" + parameter.getSymName() +
        "' has no values; give --weights=DIR or --weights=random:SEED");
  std::vector<ArrayRef<uint8_t>> ranges;
  for (auto range : parameter.getSource()->getAsRange<moe::BytesAttr>()) {
    Expected<ArrayRef<uint8_t>> bytes = contents.weights->get(range);
    if (!bytes)
      return bytes.takeError();
    if (!bytes->empty())
      ranges.push_back(*bytes);
  }
  return std::make_unique<MappedParameter>(std::move(ranges));
}

/// All of them before anything is written: a missing file fails at once.
Error ArtifactWriter::openSources() {
  for (const ArtifactTensor &tensor : tensors.tensors()) {
    Expected<Source> source = openSource(tensor);
    if (!source)
      return source.takeError();
    sources.push_back(std::move(*source));
  }
  return Error::success();
}

void ArtifactWriter::placeSegments() {
  for (const TargetCode &target : contents.targets)
    segments.push_back(
        {SegmentKind::Code, bytesOf(target.code), target.code.size()});
  if (!contents.tokenizer.empty())
    segments.push_back({SegmentKind::Tokenizer, bytesOf(contents.tokenizer),
                        contents.tokenizer.size()});
  if (!tensors.tensors().empty())
    segments.push_back({SegmentKind::Weights, {}, tensors.segmentBytes()});
  tableOffset = MOERT_SEGMENT_ALIGNMENT;
  for (StoredSegment &segment : segments) {
    segment.offset = tableOffset;
    tableOffset =
        alignTo(segment.offset + segment.length, MOERT_SEGMENT_ALIGNMENT);
  }
}

Error ArtifactWriter::writeSegments(OutputFile &file) {
  for (const StoredSegment &segment : segments) {
    if (Error error = segment.kind == SegmentKind::Weights
                          ? writeWeights(file, segment.offset)
                          : file.write(segment.offset, segment.bytes))
      return error;
  }
  return Error::success();
}

Error ArtifactWriter::writeWeights(OutputFile &file, uint64_t segmentOffset) {
  std::mutex mutex;
  uint64_t done = 0, total = 0;
  for (const ArtifactTensor &tensor : tensors.tensors())
    total += tensor.length;
  for (auto [tensor, source] : llvm::zip(tensors.tensors(), sources)) {
    uint64_t begin = segmentOffset + tensor.offset;
    Expected<uint64_t> checksum =
        packParameter(*source, tensor.form,
                      [&](uint64_t offset, ArrayRef<uint8_t> bytes) -> Error {
                        if (Error error = file.write(begin + offset, bytes))
                          return error;
                        std::lock_guard<std::mutex> lock(mutex);
                        done += bytes.size();
                        if (contents.progress)
                          contents.progress(done, total);
                        return Error::success();
                      });
    if (!checksum)
      return checksum.takeError();
    tensor.checksum = *checksum;
    source.reset();
  }
  return Error::success();
}

/// The tensors and segments, whose checksums are known by now, and the root.
void ArtifactWriter::finishTable() {
  std::vector<flatbuffers::Offset<format::Tensor>> tensorTables;
  for (ArtifactTensor &tensor : tensors.tensors()) {
    auto name = builder.CreateString(tensor.parameter.getSymName().str());
    auto shape = builder.CreateVector(tensor.form.shape);
    tensorTables.push_back(format::CreateTensor(
        builder, name, tensor.form.type, shape, tensor.form.layout,
        tensor.form.width, tensor.form.depth, tensor.form.unit,
        segments.size() - 1, tensor.offset, tensor.length, tensor.checksum));
  }
  std::vector<flatbuffers::Offset<format::Segment>> segmentTables;
  uint32_t tokenizer = 0;
  for (const StoredSegment &segment : segments) {
    uint64_t checksum = 0;
    if (segment.kind != SegmentKind::Weights)
      checksum = moert::checksum(segment.bytes.data(), segment.length);
    segmentTables.push_back(format::CreateSegment(
        builder, segment.kind, segment.offset, segment.length, checksum));
    if (segment.kind == SegmentKind::Tokenizer)
      tokenizer = segmentTables.size();
  }
  auto producer = builder.CreateString("moec " MOEC_VERSION);
  auto targetVector = builder.CreateVector(targets);
  auto tensorVector = builder.CreateVector(tensorTables);
  auto segmentVector = builder.CreateVector(segmentTables);
  format::FinishArtifactBuffer(
      builder,
      format::CreateArtifact(builder, producer, MOERT_KERNEL_ABI_VERSION, model,
                             targetVector, tensorVector, segmentVector,
                             tokenizer, MOERT_GPU_KERNEL_ABI_VERSION));
}

Error ArtifactWriter::writeTable(OutputFile &file) {
  finishTable();
  ArrayRef<uint8_t> table(builder.GetBufferPointer(), builder.GetSize());
  moert_header header = {};
  std::memcpy(header.magic, MOERT_MAGIC, sizeof(header.magic));
  header.major = MOERT_FORMAT_MAJOR;
  header.minor = MOERT_FORMAT_MINOR;
  header.file_size = tableOffset + table.size();
  header.table_offset = tableOffset;
  header.table_size = table.size();
  header.table_checksum = moert::checksum(table.data(), table.size());
  header.checksum = moert::checksum(&header, offsetof(moert_header, checksum));
  if (Error error = file.write(tableOffset, table))
    return error;
  return file.write(
      0, {reinterpret_cast<const uint8_t *>(&header), sizeof(header)});
}

Error ArtifactWriter::write() {
  if (Error error = buildTargets())
    return createStringError(path + ": " + toString(std::move(error)));
  if (Error error = openSources())
    return error;
  placeSegments();
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->requireSpace(tableOffset))
    return error;
  if (Error error = writeSegments(*file))
    return error;
  if (Error error = writeTable(*file))
    return error;
  std::string violation;
  if (!moert::Artifact::open(file->temporaryPath().str(),
                             moert::VerifyDepth::Load, violation))
    return createStringError(path +
                             ": the compiler made an artifact that no "
                             "runtime would load: " +
                             violation);
  return file->commit();
}

Error moec::writeArtifact(StringRef path, const ArtifactContents &contents) {
  return ArtifactWriter(path, contents).write();
}
