//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/artifact/TableCase.h"

#include "runtime/artifact/Checksum.h"

#include <cstring>

using namespace moert;
using namespace moert::format;

namespace {

class VerifyTableTest : public testing::TestWithParam<TableCase> {};

TensorT &tensor(ArtifactParts &parts, size_t index) {
  return *parts.table.tensors[index];
}
SegmentT &segment(ArtifactParts &parts, size_t index) {
  return *parts.table.segments[index];
}

} // namespace

TEST_P(VerifyTableTest, IsNamed) {
  ArtifactParts parts = ArtifactParts::sound();
  GetParam().change(parts);
  std::string violation = violationOf(parts.assemble(), VerifyDepth::Deep);
  EXPECT_EQ(violation.find(GetParam().violation), 0u) << violation;
}

INSTANTIATE_TEST_SUITE_P(
    Root, VerifyTableTest,
    testing::Values(
        CASE(EmptyProducer, p.table.producer = "", "the producer's name"),
        CASE(OtherKernelInterface, p.table.kernel_abi = 99,
             "its kernels have interface 99, but this program has 4"),
        CASE(OtherGpuKernelInterface, p.table.gpu_kernel_abi = 99,
             "its kernels for GPUs have interface 99, but this program has 2"),
        CASE(NoTarget, p.table.targets.clear(), "there is no target")),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Segments, VerifyTableTest,
    testing::Values(
        CASE(UnknownKind, segment(p, 0).kind = SegmentKind(9),
             "segment 0: kind is 9, but the largest is 2"),
        CASE(OffsetWithAHole, segment(p, 1).offset += 4096,
             "segment 1: offset is 16384, but what is before it ends at 12288"),
        CASE(OffsetThatOverlaps, segment(p, 1).offset = 8192,
             "segment 1: offset is 8192, but what is before it ends at 12288"),
        CASE(OffsetUnaligned, segment(p, 0).offset = 4097,
             "segment 0: offset is 4097, but what is before it ends at 4096"),
        CASE(EmptySegment, segment(p, 2).length = 0, "segment 2: length is 0"),
        CASE(
            LengthBeyondTheFile, segment(p, 3).length = ~uint64_t(0),
            "segment 3: length 18446744073709551615 at offset 20480 passes the "
            "table's offset 28672"),
        CASE(LengthTooShort, segment(p, 0).length = 4990,
             "the padding at offset 9086 is "),
        CASE(WrongChecksum, segment(p, 0).checksum = 0,
             "segment 0 (Code): checksum is 0x0000000000000000, but it should "
             "be 0x"),
        CASE(ChecksumOfWeights, segment(p, 3).checksum = 1,
             "segment 3 (Weights): checksum is 0x0000000000000001, but it "
             "should be 0x0000000000000000"),
        CASE(SegmentMissing, p.table.segments.pop_back(),
             "the table's offset is 28672, but the segments end at 20480"),
        CASE(TokenizerOutOfRange, p.table.tokenizer = 5,
             "the tokenizer is segment 4, but there are 4"),
        CASE(TokenizerIsCode, p.table.tokenizer = 1,
             "the tokenizer is segment 0, but its kind is Code")),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Model, VerifyTableTest,
    testing::Values(
        CASE(EmptyArchitecture, p.table.model->architecture = "",
             "model: architecture is not a printable text"),
        CASE(ArchitectureWithNewline, p.table.model->architecture = "a\nb",
             "model: architecture is not a printable text"),
        CASE(NoVocabulary, p.table.model->vocabulary = 0,
             "model: vocabulary is 0, but must be from 1 to 16777216"),
        CASE(HugeVocabulary, p.table.model->vocabulary = 0xffffffff,
             "model: vocabulary is 4294967295, but must be from 1 to"),
        CASE(NoHidden, p.table.model->hidden = 0, "model: hidden size is 0"),
        CASE(NoLayers, p.table.model->layers = 0, "model: layers is 0"),
        CASE(HugeLayers, p.table.model->layers = 1 << 20,
             "model: layers is 1048576"),
        CASE(NoHeads, p.table.model->kv_heads = 0,
             "model: key and value heads is 0"),
        CASE(NoHeadDimension, p.table.model->head_dim = 0,
             "model: head dimension is 0"),
        CASE(OddHeadDimension, p.table.model->head_dim = 7,
             "model: head dimension 7 is odd"),
        CASE(UnknownCacheType, p.table.model->cache_type = DataType(3),
             "model: cache type is 3, but the largest is 2"),
        CASE(NoPositions, p.table.model->max_positions = 0,
             "model: positions is 0"),
        CASE(HugeWindow, p.table.model->window = 0x80000000,
             "model: window is 2147483648"),
        CASE(MoreChoicesThanExperts, p.table.model->experts_per_token = 5,
             "model: experts per token is 5, but must be from 1 to 4"),
        CASE(NoChoices, p.table.model->experts_per_token = 0,
             "model: experts per token is 0"),
        CASE(ChoicesOfDenseModel, p.table.model->experts = 0,
             "model: experts per token of a dense model is 2"),
        CASE(NoParameters, p.table.model->parameters = 0,
             "model: parameters is 0"),
        CASE(BosNotInVocabulary, p.table.model->bos = 40,
             "model: bos token 40 is not in the vocabulary of 40"),
        CASE(BosNegative, p.table.model->bos = -2, "model: bos token -2"),
        CASE(EosNotInVocabulary, p.table.model->eos.push_back(1000),
             "model: eos token 1000 is not in the vocabulary of 40"),
        CASE(EosNegative, p.table.model->eos[0] = -1, "model: eos token -1")),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Tensors, VerifyTableTest,
    testing::Values(
        CASE(EmptyName, tensor(p, 1).name = "",
             "tensor 1: name is not a printable text"),
        CASE(LongName, tensor(p, 1).name = std::string(2000, 'x'),
             "tensor 1: name is not a printable text"),
        CASE(UnknownType, tensor(p, 1).type = DataType(77),
             "tensor 'norm' (entry 1): type is 77, but the largest is 2"),
        CASE(NoShape, tensor(p, 1).shape.clear(),
             "tensor 'norm' (entry 1): has 0 dimensions"),
        CASE(ManyDimensions, tensor(p, 1).shape.resize(9, 1),
             "tensor 'norm' (entry 1): has 9 dimensions"),
        CASE(EmptyDimension, tensor(p, 1).shape[0] = 0,
             "tensor 'norm' (entry 1): a dimension is 0"),
        CASE(SizeOverflows, tensor(p, 0).shape[0] = ~uint64_t(0),
             "tensor 'embed' (entry 0): the bytes of 18446744073709551615x20x"
             "bf16 do not fit 64 bits"),
        CASE(UnknownLayout, tensor(p, 1).layout = Layout(2),
             "tensor 'norm' (entry 1): layout is 2, but the largest is 1"),
        CASE(
            PanelsOfRowMajor, tensor(p, 1).panel_depth = 8,
            "tensor 'norm' (entry 1): is row-major, but has panels of 0, 8, 0"),
        CASE(PanelsOfVector, tensor(p, 1).layout = Layout::Panels,
             "tensor 'norm' (entry 1): has panels, but 1 dimensions"),
        CASE(NoPanelWidth, tensor(p, 2).panel_width = 0,
             "tensor 'head' (entry 2): has panels of 0, 8, 2"),
        CASE(NoPanelUnit, tensor(p, 2).panel_unit = 0,
             "tensor 'head' (entry 2): has panels of 32, 8, 0"),
        CASE(UnitDoesNotDivide, tensor(p, 2).panel_unit = 3,
             "tensor 'head' (entry 2): has panels of 32, 8, 3"),
        CASE(WrongLength, tensor(p, 2).length -= 2,
             "tensor 'head' (entry 2): length is 3070, but 40x20xbf16 as "
             "panels<32, 8, 2> has 3072 bytes"),
        CASE(SegmentOutOfRange, tensor(p, 0).segment = 4,
             "tensor 'embed' (entry 0): segment is 4, but there are 4"),
        CASE(SegmentOfCode, tensor(p, 0).segment = 1,
             "tensor 'embed' (entry 0): segment 1 holds Code, not weights"),
        CASE(
            OffsetUnaligned, tensor(p, 1).offset += 2,
            "tensor 'norm' (entry 1): offset is 2690, but the tensor before it "
            "ends at 1600"),
        CASE(OffsetThatOverlaps, tensor(p, 1).offset = 0,
             "tensor 'norm' (entry 1): offset is 0, but the tensor before it "
             "ends at 1600"),
        CASE(BeyondTheSegment, tensor(p, 2).shape[0] = 65;
             tensor(p, 2).length = 4608,
             "tensor 'head' (entry 2): length 4608 at offset 3840 passes the "
             "end 6912 of segment 3"),
        CASE(BytesOfNoTensor, p.table.tensors.pop_back(),
             "segment 3 has 6912 bytes, but its tensors end at 2728"),
        CASE(NameTwice, tensor(p, 1).name = "embed",
             "tensor 'embed' (entry 1): there are two of this name as "
             "row-major"),
        CASE(WrongChecksum, tensor(p, 2).checksum = 7,
             "tensor 'head' (entry 2): checksum is 0x0000000000000007, but its "
             "bytes give 0x")),
    nameOf);

//===----------------------------------------------------------------------===//
// The header
//===----------------------------------------------------------------------===//

namespace {

struct HeaderCase {
  const char *name;
  std::function<void(moert_header &)> change;
  const char *violation; ///< how the message begins
};

void PrintTo(const HeaderCase &testCase, std::ostream *stream) {
  *stream << testCase.name;
}

class VerifyHeaderTest : public testing::TestWithParam<HeaderCase> {};

} // namespace

TEST_P(VerifyHeaderTest, IsNamed) {
  std::string file = ArtifactParts::sound().assemble();
  moert_header header = headerOf(file);
  GetParam().change(header);
  std::string violation = violationOf(withHeader(file, header));
  EXPECT_EQ(violation.find(GetParam().violation), 0u) << violation;
}

INSTANTIATE_TEST_SUITE_P(
    Header, VerifyHeaderTest,
    testing::Values(
        HeaderCase{"OtherMagic", [](moert_header &h) { h.magic[1] = 'X'; },
                   "does not begin with the magic of an artifact"},
        HeaderCase{"OtherMajor", [](moert_header &h) { h.major = 2; },
                   "has format 2.6, but this program reads 1.6"},
        HeaderCase{"NewerMinor", [](moert_header &h) { h.minor = 7; },
                   "has format 1.7, but this program reads 1.6"},
        HeaderCase{"Reserved", [](moert_header &h) { h.reserved = 5; },
                   "the header's reserved field is 5, not 0"},
        HeaderCase{"OtherSize", [](moert_header &h) { ++h.file_size; }, "has "},
        HeaderCase{
            "TableUnaligned", [](moert_header &h) { h.table_offset += 8; },
            "the table's offset 28680 is not a positive multiple of 4096"},
        HeaderCase{"TableAtStart", [](moert_header &h) { h.table_offset = 0; },
                   "the table's offset 0 is not a positive multiple of 4096"},
        HeaderCase{"TableBeyondTheFile",
                   [](moert_header &h) { h.table_offset = 1ull << 63; },
                   "a table of "},
        HeaderCase{"TableTooShort", [](moert_header &h) { --h.table_size; },
                   "a table of "},
        HeaderCase{"TableTooLong",
                   [](moert_header &h) { h.table_size = ~uint64_t(0); },
                   "a table of "},
        HeaderCase{"TableChecksum",
                   [](moert_header &h) { h.table_checksum ^= 1; },
                   "the table's checksum is 0x"}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(VerifyHeaderTest, ChecksumIsNamed) {
  std::string file = ArtifactParts::sound().assemble();
  file[8 + 2 + 2 + 4] ^= 1; // file_size
  EXPECT_EQ(violationOf(file).find("the header's checksum is 0x"), 0u);
}

TEST(VerifyHeaderTest, PaddingIsNamed) {
  std::string file = ArtifactParts::sound().assemble();
  file[56] = 1;
  EXPECT_EQ(violationOf(file).find(
                "the padding at offset 56, behind the header, is 1, not 0"),
            0u);
}

TEST(VerifyHeaderTest, TableThatIsNoFlatBufferIsNamed) {
  ArtifactParts parts = ArtifactParts::sound();
  std::string file = parts.assemble();
  moert_header header = headerOf(file);
  for (uint64_t size : {1, 7, 8, 64}) {
    file.resize(header.table_offset);
    file.resize(header.table_offset + size, '\x5a');
    header.file_size = file.size();
    header.table_size = size;
    header.table_checksum =
        checksum(file.data() + header.table_offset, header.table_size);
    EXPECT_EQ(violationOf(withHeader(file, header)),
              "the table of " + std::to_string(size) +
                  " bytes is not FlatBuffers data of an artifact; the file is "
                  "damaged, compile it again");
  }
}

// FlatBuffers' own verifier lets this pass.
TEST(VerifyTensorsTest, MisalignedShapeIsNamed) {
  ArtifactParts parts = ArtifactParts::sound();
  parts.table.tensors[1]->shape = {1, 20};
  std::string file = parts.assemble();
  moert_header header = headerOf(file);
  char *table = file.data() + header.table_offset;
  auto *shape = GetArtifact(table)->tensors()->Get(1)->shape();
  auto place = reinterpret_cast<const char *>(shape) - table;
  // Whatever refers to the shape now refers to its first element.
  for (int64_t at = 0; at + 4 <= int64_t(header.table_size); at += 4) {
    uint32_t offset;
    std::memcpy(&offset, table + at, sizeof(offset));
    if (at + offset != place)
      continue;
    offset += 4;
    std::memcpy(table + at, &offset, sizeof(offset));
  }
  header.table_checksum = checksum(table, header.table_size);
  EXPECT_EQ(violationOf(withHeader(file, header)),
            "tensor 'norm' (entry 1): the dimensions are not aligned; the file "
            "is damaged, compile it again");
}
