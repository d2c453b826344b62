//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/CheckedArithmetic.h"
#include "runtime/artifact/Checksum.h"
#include "runtime/artifact/Verify.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

using namespace moert;
using format::SegmentKind;

/// Zeros from `begin` up to `end`.
static bool verifyPadding(const Report &report, ByteSpan file, uint64_t begin,
                          uint64_t end) {
  for (uint64_t i = begin; i < end; ++i)
    if (file.data[i] != 0)
      return report.damaged("the padding at offset ", i, " is ", file.data[i],
                            ", not 0");
  return true;
}

/// One segment, which must begin at `begin` and end at most at `limit`.
static bool verifyPlace(const Report &report, const format::Segment &segment,
                        uint32_t index, uint64_t begin, uint64_t limit) {
  if (!isEnum(segment.kind()))
    return report.damaged(
        "segment ", index, ": kind is ", static_cast<uint32_t>(segment.kind()),
        ", but the largest is ", static_cast<uint32_t>(SegmentKind::MAX));
  if (segment.offset() != begin)
    return report.damaged("segment ", index, ": offset is ", segment.offset(),
                          ", but what is before it ends at ", begin);
  if (segment.length() == 0)
    return report.damaged("segment ", index, ": length is 0");
  if (segment.length() > limit - begin)
    return report.damaged("segment ", index, ": length ", segment.length(),
                          " at offset ", begin, " passes the table's offset ",
                          limit);
  return true;
}

/// The bytes of a segment; those of weights have a checksum for each tensor.
static bool verifyBytes(const Report &report, ByteSpan file,
                        const format::Segment &segment, uint32_t index) {
  uint64_t actual = 0;
  if (segment.kind() != SegmentKind::Weights)
    actual = checksum(file.data + segment.offset(), segment.length());
  if (actual == segment.checksum())
    return true;
  return report.damaged("segment ", index, " (",
                        format::EnumNameSegmentKind(segment.kind()),
                        "): checksum is ", hexadecimal(segment.checksum()),
                        ", but it should be ", hexadecimal(actual));
}

/// The tokenizer's number: 0 or that of a segment of its kind, plus 1.
static bool verifyTokenizer(const Report &report,
                            const format::Artifact &table) {
  uint32_t tokenizer = table.tokenizer();
  uint32_t count = table.segments()->size();
  if (tokenizer > count)
    return report.damaged("the tokenizer is segment ", tokenizer - 1,
                          ", but there are ", count);
  if (tokenizer == 0)
    return true;
  SegmentKind kind = table.segments()->Get(tokenizer - 1)->kind();
  if (kind == SegmentKind::Tokenizer)
    return true;
  return report.damaged("the tokenizer is segment ", tokenizer - 1,
                        ", but its kind is ",
                        format::EnumNameSegmentKind(kind));
}

bool moert::verifySegments(const Report &report, ByteSpan file,
                           const format::Artifact &table) {
  moert_header header;
  std::memcpy(&header, file.data, sizeof(header));
  uint64_t end = MOERT_SEGMENT_ALIGNMENT;
  for (uint32_t i = 0; i < table.segments()->size(); ++i) {
    const format::Segment &segment = *table.segments()->Get(i);
    if (!verifyPlace(report, segment, i, end, header.table_offset))
      return false;
    uint64_t last = segment.offset() + segment.length();
    // The table's offset is aligned and bounds `last`: no overflow.
    end = *roundUp(last, MOERT_SEGMENT_ALIGNMENT);
    if (!verifyPadding(report, file, last, end) ||
        !verifyBytes(report, file, segment, i))
      return false;
  }
  if (end != header.table_offset)
    return report.damaged("the table's offset is ", header.table_offset,
                          ", but the segments end at ", end);
  return verifyTokenizer(report, table);
}

namespace {

/// Reads weights once, in order, and tells how far it is.
class WeightReader {
public:
  WeightReader(const Artifact &artifact, const VerifyProgress &progress)
      : file(artifact.file()), progress(progress) {
    for (const format::Tensor *tensor : *artifact.table().tensors())
      total += tensor->length();
  }

  uint64_t checksum(ByteSpan bytes) {
    ChecksumStream stream;
    for (uint64_t at = 0; at < bytes.size; at += piece) {
      uint64_t size = std::min(piece, bytes.size - at);
      prefetch(bytes.data + at, std::min(2 * piece, bytes.size - at));
      stream.update(bytes.data + at, size);
      release(bytes.data + at, size);
      done += size;
      if (progress)
        progress(done, total);
    }
    return stream.digest();
  }

private:
  static constexpr uint64_t piece = 16 << 20;
  static constexpr uint64_t page = 4096;

  void prefetch(const uint8_t *data, uint64_t size) {
    uint64_t begin = (data - file.data) / page * page;
    ::madvise(const_cast<uint8_t *>(file.data) + begin,
              data + size - (file.data + begin), MADV_WILLNEED);
  }

  /// Gives mapped pages back, so that a check of 90 GB does not fill memory.
  void release(const uint8_t *data, uint64_t size) {
    uint64_t begin = (data - file.data) / page * page;
    ::madvise(const_cast<uint8_t *>(file.data) + begin,
              data + size - (file.data + begin), MADV_DONTNEED);
  }

  ByteSpan file;
  const VerifyProgress &progress;
  uint64_t done = 0, total = 0;
};

} // namespace

bool moert::verifyWeights(const Report &report, const Artifact &artifact,
                          const VerifyProgress &progress) {
  const format::Artifact &table = artifact.table();
  WeightReader reader(artifact, progress);
  const uint8_t *file = artifact.file().data;
  uint64_t end = 0; // of the tensor before, in the file
  for (uint32_t i = 0; i < table.tensors()->size(); ++i) {
    const format::Tensor &tensor = *table.tensors()->Get(i);
    ByteSpan bytes = artifact.tensor(i);
    uint64_t begin = bytes.data - file;
    // What lies between segments has been checked with them.
    if (tensor.offset() > 0 &&
        !verifyPadding(report, artifact.file(), end, begin))
      return false;
    end = begin + bytes.size;
    uint64_t actual = reader.checksum(bytes);
    if (actual != tensor.checksum())
      return report.damaged("tensor '", tensor.name()->str(), "' (entry ", i,
                            "): checksum is ", hexadecimal(tensor.checksum()),
                            ", but its bytes give ", hexadecimal(actual));
  }
  return true;
}
