//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/artifact/TableCase.h"

using namespace moert;
using namespace moert::format;

namespace {

class VerifyLibraryTest : public testing::TestWithParam<TableCase> {};

TargetT &target(ArtifactParts &parts) { return *parts.table.targets[0]; }
KernelT &kernel(ArtifactParts &parts) { return *target(parts).kernels[1]; }
ProgramT &program(ArtifactParts &parts) { return *target(parts).programs[0]; }
/// The launch whose product the library computes, and the buffer of its rows.
LaunchT &launch(ArtifactParts &parts) { return *program(parts).launches[2]; }
BufferT &rows(ArtifactParts &parts) { return *program(parts).buffers[1]; }
TensorT &weight(ArtifactParts &parts) { return *parts.table.tensors[0]; }

LibraryProduct product(uint32_t rows, uint32_t weight, uint32_t residual,
                       uint64_t columns = 40, uint64_t depth = 20,
                       uint64_t workspace = 4096,
                       DataType type = DataType::BF16) {
  return {rows, weight, residual, type, columns, depth, workspace};
}
void setProduct(ArtifactParts &parts, LibraryProduct call) {
  kernel(parts).library = std::make_unique<LibraryProduct>(call);
}

/// A GPU, where the library computes the logits: [R, 20] x [40, 20].
ArtifactParts withLibrary() {
  ArtifactParts parts = ArtifactParts::sound();
  TargetT &gpu = target(parts);
  gpu.machine = Machine::Nvidia;
  gpu.kernels[0]->block = std::make_unique<Block>(128, 4, 1024, 0, 32, 0, 8, 0);
  auto product = std::make_unique<KernelT>();
  product->symbol = "library_40x20";
  product->computes = "decoder.linear";
  product->operands = 2;
  product->results = 1;
  gpu.kernels.push_back(std::move(product));
  setProduct(parts, ::product(0, 1, 2));
  weight(parts).type = DataType::BF16;
  for (auto &program : gpu.programs) {
    BufferT &rows = *program->buffers[1];
    rows.row_bytes = 40;
    rows.extent = std::make_unique<Extent>(1, 0, Symbol::Rows);
    LaunchT &launch = *program->launches[2];
    launch.kernel = 1;
    launch.rows = std::make_unique<Extent>(1, 0, Symbol::Rows);
    launch.arguments[1] = Argument(ArgumentKind::Tensor, 0);
  }
  return parts;
}

/// The kernel adds its third operand, a buffer, to the product.
void addResidual(ArtifactParts &parts, uint32_t buffer) {
  kernel(parts).operands = 3;
  setProduct(parts, product(0, 1, 2));
  for (auto &program : target(parts).programs) {
    auto &arguments = program->launches[2]->arguments;
    arguments.insert(arguments.end() - 1,
                     Argument(ArgumentKind::Buffer, buffer));
  }
}

} // namespace

TEST(VerifyLibraryTest, AcceptsAProduct) {
  EXPECT_EQ(violationOf(withLibrary().assemble(), VerifyDepth::Deep), "");
}

// '>' stands for the names of the target and the program.
TEST_P(VerifyLibraryTest, IsNamed) {
  ArtifactParts parts = withLibrary();
  GetParam().change(parts);
  std::string violation = violationOf(parts.assemble(), VerifyDepth::Deep);
  std::string expected = GetParam().violation;
  if (expected[0] == '>')
    expected = "target 'x86-64-v3': program 'step' for 'decode': launch 2: " +
               expected.substr(1);
  EXPECT_EQ(violation.find(expected), 0u) << violation;
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, VerifyLibraryTest,
    testing::Values(
        CASE(OnACpu, target(p).machine = Machine::X86;
             target(p).kernels[0]->block = nullptr,
             "target 'x86-64-v3': kernel 1 is a library's, which no CPU's is"),
        CASE(WithABlock,
             kernel(p).block = std::make_unique<Block>(128, 4, 1024, 0, 32, 0,
                                                       8, 0),
             "target 'x86-64-v3': kernel 1 has a block of a GPU"),
        CASE(TwoResults, kernel(p).results = 2,
             "target 'x86-64-v3': kernel 1 is a library's, but has 2 results"),
        CASE(NoSuchRows, setProduct(p, product(2, 1, 2)),
             "target 'x86-64-v3': kernel 1 multiplies operand 2 with operand 1 "
             "and adds 2, but there are 2"),
        CASE(NoSuchWeight, setProduct(p, product(0, 2, 2)),
             "target 'x86-64-v3': kernel 1 multiplies operand 0 with operand "
             "2 "),
        CASE(NoSuchResidual, setProduct(p, product(0, 1, 3)),
             "target 'x86-64-v3': kernel 1 multiplies operand 0 with operand 1 "
             "and adds 3, but there are 2"),
        CASE(HalfType,
             setProduct(p, product(0, 1, 2, 40, 20, 64, DataType::F16)),
             "target 'x86-64-v3': kernel 1 multiplies type 1, but a library's "
             "must be F32 or BF16"),
        CASE(NoColumns, setProduct(p, product(0, 1, 2, 0)),
             "target 'x86-64-v3': kernel 1 multiplies matrices of 0 x 20, but"),
        CASE(HugeDepth, setProduct(p, product(0, 1, 2, 40, 1 << 25)),
             "target 'x86-64-v3': kernel 1 multiplies matrices of 40 x "
             "33554432, but sizes must be 1 to 16777216"),
        CASE(HugeWorkspace,
             setProduct(p, product(0, 1, 2, 40, 20, uint64_t(1) << 40)),
             "target 'x86-64-v3': kernel 1 has a workspace of 1099511627776 "
             "bytes, but at most")),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Launches, VerifyLibraryTest,
    testing::Values(
        CASE(WeightInABuffer,
             launch(p).arguments[1] = Argument(ArgumentKind::Buffer, 1),
             ">the weight of a library's product is Buffer, but must be a "
             "tensor"),
        CASE(PackedWeight,
             launch(p).arguments[1] = Argument(ArgumentKind::Tensor, 2),
             ">tensor head is no row-major matrix of 40 x 20 "),
        CASE(OtherColumns, setProduct(p, product(0, 1, 2, 39)),
             ">tensor embed is no row-major matrix of 39 x 20 "),
        CASE(OtherDepth, setProduct(p, product(0, 1, 2, 40, 19)),
             ">tensor embed is no row-major matrix of 40 x 19 "),
        CASE(OtherType,
             setProduct(p, product(0, 1, 2, 40, 20, 64, DataType::F32)),
             ">tensor embed is no row-major matrix of 40 x 20 "),
        CASE(VectorWeight,
             launch(p).arguments[1] = Argument(ArgumentKind::Tensor, 1),
             ">tensor norm is no row-major matrix of 40 x 20 "),
        CASE(RowsOfTheRuntime,
             launch(p).arguments[0] = Argument(ArgumentKind::Input, 0),
             ">the rows of a library's product are Input, but must be a "
             "buffer"),
        CASE(ShortRows, rows(p).row_bytes = 38,
             ">buffer 'y' has rows of 38 bytes, but a library's product has "
             "40"),
        CASE(FewerRows,
             rows(p).extent = std::make_unique<Extent>(0, 1, Symbol::Rows),
             ">buffer 'y' has other rows than a library's product of it"),
        CASE(LogitsOfAllTokens,
             launch(p).rows = std::make_unique<Extent>(1, 0, Symbol::Tokens);
             rows(p).extent = std::make_unique<Extent>(1, 0, Symbol::Tokens),
             ">the results of a library's product of 40 columns are the logits "
             "of 40"),
        CASE(ResultsInABuffer,
             launch(p).arguments[2] = Argument(ArgumentKind::Buffer, 1),
             ">buffer 'y' has rows of 40 bytes, but a library's product has "
             "160"),
        CASE(ShortResiduals, addResidual(p, 1),
             ">buffer 'y' has rows of 40 bytes, but a library's product has "
             "160")),
    nameOf);
