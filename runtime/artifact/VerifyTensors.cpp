//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/TensorLayout.h"
#include "runtime/artifact/Verify.h"

#include <set>

using namespace moert;
using format::Layout;

namespace {

/// The state of one pass over the tensors, in the order of the table.
class TensorVerifier {
public:
  TensorVerifier(const Report &report, const format::Artifact &table)
      : report(report), segments(*table.segments()), table(table) {}

  bool verify() {
    for (uint32_t i = 0; i < table.tensors()->size(); ++i) {
      const format::Tensor &tensor = *table.tensors()->Get(i);
      if (!isPrintable(*tensor.name()))
        return report.damaged("tensor ", i, ": name is not a printable text");
      entry = "tensor '" + tensor.name()->str() + "' (entry " +
              std::to_string(i) + "): ";
      if (!verifyType(tensor) || !verifyLayout(tensor) || !verifySize(tensor) ||
          !verifyPlace(tensor) || !verifyName(tensor))
        return false;
    }
    return finishSegments(segments.size());
  }

private:
  using Segments = flatbuffers::Vector<flatbuffers::Offset<format::Segment>>;

  bool verifyType(const format::Tensor &tensor) {
    if (!isEnum(tensor.type()))
      return report.damaged(entry, "type is ",
                            static_cast<uint32_t>(tensor.type()),
                            ", but the largest is ",
                            static_cast<uint32_t>(format::DataType::MAX));
    uint32_t rank = tensor.shape()->size();
    if (rank == 0 || rank > Limits::rank)
      return report.damaged(entry, "has ", rank,
                            " dimensions, but must have 1 to ", Limits::rank);
    // FlatBuffers checks the place of a vector's size, not of its elements.
    if (reinterpret_cast<uintptr_t>(tensor.shape()->Data()) %
            alignof(uint64_t) !=
        0)
      return report.damaged(entry, "the dimensions are not aligned");
    for (uint64_t dimension : *tensor.shape())
      if (dimension == 0)
        return report.damaged(entry, "a dimension is 0");
    return true;
  }

  bool verifyLayout(const format::Tensor &tensor) {
    uint32_t width = tensor.panel_width(), depth = tensor.panel_depth(),
             unit = tensor.panel_unit();
    if (!isEnum(tensor.layout()))
      return report.damaged(
          entry, "layout is ", static_cast<uint32_t>(tensor.layout()),
          ", but the largest is ", static_cast<uint32_t>(Layout::MAX));
    if (tensor.layout() == Layout::RowMajor) {
      if (width != 0 || depth != 0 || unit != 0)
        return report.damaged(entry, "is row-major, but has panels of ", width,
                              ", ", depth, ", ", unit);
      return true;
    }
    uint32_t rank = tensor.shape()->size();
    if (rank != 2 && rank != 3)
      return report.damaged(entry, "has panels, but ", rank,
                            " dimensions, not 2 or 3");
    if (width == 0 || depth == 0 || unit == 0 || depth % unit != 0)
      return report.damaged(entry, "has panels of ", width, ", ", depth, ", ",
                            unit, ", which are not positive or do not divide");
    return true;
  }

  bool verifySize(const format::Tensor &tensor) {
    TensorForm form = TensorForm::of(tensor);
    CheckedSize bytes = form.bytes();
    if (!bytes)
      return report.damaged(entry, "the bytes of ", form.typeName(),
                            " do not fit 64 bits");
    if (*bytes != tensor.length())
      return report.damaged(entry, "length is ", tensor.length(), ", but ",
                            form.typeName(), " as ", form.layoutName(), " has ",
                            *bytes, " bytes");
    return true;
  }

  /// Tensors fill their segments without a hole.
  bool verifyPlace(const format::Tensor &tensor) {
    uint32_t index = tensor.segment();
    if (index >= segments.size())
      return report.damaged(entry, "segment is ", index, ", but there are ",
                            segments.size());
    const format::Segment &segment = *segments.Get(index);
    if (segment.kind() != format::SegmentKind::Weights)
      return report.damaged(entry, "segment ", index, " holds ",
                            format::EnumNameSegmentKind(segment.kind()),
                            ", not weights");
    if (index < current)
      return report.damaged(entry, "segment ", index,
                            " comes after a tensor of segment ", current);
    if (index > current && !finishSegments(index))
      return false;
    if (tensor.offset() != *placeTensor(end))
      return report.damaged(entry, "offset is ", tensor.offset(),
                            ", but the tensor before it ends at ", end);
    if (tensor.offset() > segment.length() ||
        tensor.length() > segment.length() - tensor.offset())
      return report.damaged(entry, "length ", tensor.length(), " at offset ",
                            tensor.offset(), " passes the end ",
                            segment.length(), " of segment ", index);
    end = tensor.offset() + tensor.length();
    return true;
  }

  /// Closes the segments before `next`: tensors must have filled them.
  bool finishSegments(uint32_t next) {
    for (; current < next; ++current, end = 0) {
      const format::Segment &segment = *segments.Get(current);
      if (segment.kind() == format::SegmentKind::Weights &&
          segment.length() != end)
        return report.damaged("segment ", current, " has ", segment.length(),
                              " bytes, but its tensors end at ", end);
    }
    return true;
  }

  bool verifyName(const format::Tensor &tensor) {
    std::string layout = TensorForm::of(tensor).layoutName();
    if (!names.insert(tensor.name()->str() + "\n" + layout).second)
      return report.damaged(entry, "there are two of this name as ", layout);
    return true;
  }

  const Report &report;
  const Segments &segments;
  const format::Artifact &table;
  std::string entry;
  std::set<std::string> names;
  uint32_t current = 0; // segment
  uint64_t end = 0;     // of the tensors so far in the current segment
};

} // namespace

bool moert::verifyTensors(const Report &report, const format::Artifact &table) {
  return TensorVerifier(report, table).verify();
}
