//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/artifact/TableCase.h"

#include <cmath>

using namespace moert;
using namespace moert::format;

namespace {

class VerifyProgramsTest : public testing::TestWithParam<TableCase> {};

TargetT &target(ArtifactParts &parts) { return *parts.table.targets[0]; }
KernelT &kernel(ArtifactParts &parts) { return *target(parts).kernels[0]; }
ProgramT &program(ArtifactParts &parts) { return *target(parts).programs[0]; }
BufferT &buffer(ArtifactParts &parts, size_t index) {
  return *program(parts).buffers[index];
}
LaunchT &launch(ArtifactParts &parts, size_t index) {
  return *program(parts).launches[index];
}

void withSymbol(Extent &extent, Symbol symbol) {
  extent = Extent(extent.scale(), extent.constant(), symbol);
}
void withConstant(Extent &extent, int64_t constant) {
  extent = Extent(extent.scale(), constant, extent.symbol());
}
void withScale(Extent &extent, int64_t scale) {
  extent = Extent(scale, extent.constant(), extent.symbol());
}
/// A program for the best logits, whose last launch writes one result.
void addTop(ArtifactParts &parts, uint32_t topLogits) {
  parts.table.model->top_logits = topLogits;
  for (auto &target : parts.table.targets) {
    auto top = std::make_unique<ProgramT>(*target->programs.back());
    top->entry = "top";
    if (topLogits > 0)
      top->launches.back()->arguments.back() = Argument(ArgumentKind::Top, 0);
    target->programs.push_back(std::move(top));
  }
}
/// A sound one, of the first program.
NotFusedT &addNotFused(ArtifactParts &parts) {
  auto candidate = std::make_unique<NotFusedT>();
  candidate->fusion = "qkv";
  candidate->reason = "it does not pay";
  target(parts).programs[0]->not_fused.push_back(std::move(candidate));
  return *target(parts).programs[0]->not_fused.back();
}
/// Gives the kernel of the first target, a GPU now, a tensor map.
void addTensorMap(ArtifactParts &parts, uint32_t operand, uint32_t boxRows) {
  target(parts).machine = Machine::Nvidia;
  kernel(parts).block =
      std::make_unique<Block>(128, 4, 1024, 0, 32, 0, 8, 0);
  kernel(parts).tensor_maps.emplace_back(operand, boxRows);
}
void withIndex(Argument &argument, uint32_t index) {
  argument = Argument(argument.kind(), index);
}

} // namespace

// '>' stands for the names of the target and the program.
TEST_P(VerifyProgramsTest, IsNamed) {
  ArtifactParts parts = ArtifactParts::sound();
  GetParam().change(parts);
  std::string violation = violationOf(parts.assemble(), VerifyDepth::Deep);
  std::string expected = GetParam().violation;
  if (expected[0] == '>')
    expected = "target 'x86-64-v3': program 'step' for 'decode': " +
               expected.substr(1);
  EXPECT_EQ(violation.find(expected), 0u) << violation;
}

INSTANTIATE_TEST_SUITE_P(
    Targets, VerifyProgramsTest,
    testing::Values(
        CASE(EmptyName, target(p).name = "",
             "target 0: name is not a printable text"),
        CASE(NameTwice, target(p).name = "x86-64-v4",
             "target 'x86-64-v4': there are two of this name"),
        CASE(HugeScratch, target(p).scratch_bytes = uint64_t(1) << 40,
             "target 'x86-64-v3': scratch of 1099511627776 bytes, but at most"),
        CASE(NoBandwidth, target(p).rates = std::make_unique<Rates>(0, 1, 1, 1),
             "target 'x86-64-v3': its rate bytes_per_second is 0.000000, but "
             "must be "
             "a positive number"),
        CASE(InfiniteArithmetic,
             target(p).rates = std::make_unique<Rates>(1, INFINITY, 1, 1),
             "target 'x86-64-v3': its rate flops_per_second is inf, but must "
             "be a positive number"),
        CASE(NoChip, target(p).rates = std::make_unique<Rates>(1, 1, 1, 0),
             "target 'x86-64-v3': its rate on_chip_bytes is 0"),
        CASE(EmptyFusion, target(p).kernels[0]->fusion = "\n",
             "target 'x86-64-v3': the fusion of kernel 0 is not a printable "
             "text"),
        CASE(UnprintableReason, addNotFused(p).reason = "a\nb",
             "target 'x86-64-v3': program 0 was not fused for a reason that is "
             "not a printable text"),
        CASE(UnprintableOperation, addNotFused(p).operation = "a\nb",
             "target 'x86-64-v3': program 0 was not fused at a place that is "
             "not a printable text"),
        CASE(UnprintableLocation, addNotFused(p).location = "a\nb",
             "target 'x86-64-v3': program 0 was not fused at a place that is "
             "not a printable text"),
        CASE(NotFusedNowhere, addNotFused(p).count = 0,
             "target 'x86-64-v3': program 0 was not fused at 0 places"),
        CASE(EmptyFeature, target(p).features[0] = "",
             "target 'x86-64-v3': a CPU feature is not a printable text"),
        CASE(CodeOutOfRange, target(p).code = 4,
             "target 'x86-64-v3': code is segment 4, but there are 4"),
        CASE(CodeOfWeights, target(p).code = 3,
             "target 'x86-64-v3': code is segment 3, but its kind is Weights"),
        CASE(SymbolWithSlash, kernel(p).symbol = "a/b",
             "target 'x86-64-v3': the symbol of kernel 0 is not an identifier"),
        CASE(SymbolWithDigitFirst, kernel(p).symbol = "1a",
             "target 'x86-64-v3': the symbol of kernel 0 is not an identifier"),
        CASE(EmptySymbol, kernel(p).symbol = "",
             "target 'x86-64-v3': the symbol of kernel 0 is not an identifier"),
        CASE(ComputesNothing, kernel(p).computes = "",
             "target 'x86-64-v3': what kernel 0 computes is not a printable"),
        CASE(UnprintableMethod, kernel(p).method = "a\nb",
             "target 'x86-64-v3': the method of kernel 0 is not a printable"),
        CASE(TensorMapOnACpu, kernel(p).tensor_maps.emplace_back(1, 64),
             "target 'x86-64-v3': kernel 0 has tensor maps, but no block of a "
             "GPU"),
        CASE(TensorMapOfAResult, addTensorMap(p, 2, 64),
             "target 'x86-64-v3': kernel 0 has a tensor map of operand 2, but "
             "there are 2"),
        CASE(BoxWithoutRows, addTensorMap(p, 1, 0),
             "target 'x86-64-v3': kernel 0 has boxes of 0 rows, but they must "
             "have 1 to 256"),
        CASE(HugeBox, addTensorMap(p, 1, 257),
             "target 'x86-64-v3': kernel 0 has boxes of 257 rows, but they "
             "must have 1 to 256"),
        CASE(SymbolTwice,
             target(p).kernels.push_back(std::make_unique<KernelT>(kernel(p))),
             "target 'x86-64-v3': kernel 1 has the symbol linear_40x20 of a "
             "kernel before it"),
        CASE(NoProgram, target(p).programs.clear(),
             "target 'x86-64-v3': has no program 'step'"),
        CASE(OtherEntry,
             for (auto &program
                  : target(p).programs) program->entry = "other",
             "target 'x86-64-v3': has no program 'step'"),
        CASE(TopLogitsWithoutPrograms, p.table.model->top_logits = 3,
             "target 'x86-64-v3': programs 'top' are for at most 0 tokens, but "
             "with 3 top logits must be for 64"),
        CASE(
            TopWithoutLogits, addTop(p, 0),
            "target 'x86-64-v3': programs 'top' are for at most 64 tokens, but "
            "with 0 top logits must be for 0"),
        CASE(EmptyRegime, program(p).regime = "",
             "target 'x86-64-v3': program 0 has a name that is not"),
        CASE(RegimeTwice, program(p).regime = "wide",
             "target 'x86-64-v3': there are two programs 'step' for 'wide'"),
        CASE(NoTokens, program(p).max_tokens = 0,
             "target 'x86-64-v3': program 0 is for at most 0 tokens"),
        CASE(HugeTokens, program(p).max_tokens = 1 << 30,
             "target 'x86-64-v3': program 0 is for at most 1073741824 tokens"),
        CASE(ProgramsOutOfOrder, program(p).max_tokens = 64,
             "target 'x86-64-v3': program 1 is for at most 64 tokens, but one "
             "before it for 64")),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Buffers, VerifyProgramsTest,
    testing::Values(
        CASE(HugeArena, program(p).arena_bytes = uint64_t(1) << 60,
             ">arena of 1152921504606846976 bytes, but at most"),
        CASE(EmptyName, buffer(p, 1).name = "",
             ">buffer 1 has a name or type that is not a printable text"),
        CASE(UnknownSymbol, withSymbol(*buffer(p, 1).extent, Symbol(5)),
             ">buffer 'y' (entry 1): rows depends on symbol 5"),
        CASE(
            NegativeRows, withConstant(*buffer(p, 1).extent, -2),
            ">buffer 'y' (entry 1): rows = 1 * 1 + -2 is negative or does not"),
        CASE(RowsOverflow, withScale(*buffer(p, 1).extent, INT64_MAX),
             ">buffer 'y' (entry 1): rows = 9223372036854775807 * 4 + 0 is "
             "negative or does not fit 63 bits"),
        CASE(NoRowBytes, buffer(p, 1).row_bytes = 0,
             ">buffer 'y' (entry 1): rows of 0 bytes"),
        CASE(Unaligned, buffer(p, 1).offset += 32,
             ">buffer 'y' (entry 1): offset 5152 is not a multiple of 64"),
        CASE(BeyondTheArena, buffer(p, 1).offset = 15360 - 64,
             ">buffer 'y' (entry 1): 4 rows of 80 bytes at offset 15296 pass "
             "the end of the arena of 15360 bytes"),
        CASE(BytesOverflow, buffer(p, 1).row_bytes = ~uint64_t(0),
             ">buffer 'y' (entry 1): 4 rows of 18446744073709551615 bytes"),
        CASE(UsesReversed, buffer(p, 1).first_use = 3,
             ">buffer 'y' (entry 1): lives from launch 3 to 2"),
        CASE(
            UsesOutOfRange, buffer(p, 1).last_use = 3,
            ">buffer 'y' (entry 1): lives from launch 1 to 3, but there are 3"),
        CASE(OverlapFromBelow, buffer(p, 1).offset = 256,
             ">buffer 'y' (entry 1): overlaps buffer 0 during launch 1"),
        CASE(OverlapFromAbove, buffer(p, 0).offset = 128;
             buffer(p, 1).offset = 0,
             ">buffer 'y' (entry 1): overlaps buffer 0 during launch 1")),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Launches, VerifyProgramsTest,
    testing::Values(
        CASE(TensorMapOfAnInput, addTensorMap(p, 0, 64),
             ">launch 0: argument 0 has a tensor map, but its kind is Input"),
        CASE(TensorMapOfOddRows, addTensorMap(p, 1, 64),
             ">launch 0: tensor embed has a tensor map, but is no row-major "
             "matrix with rows of multiples of 16 bytes"),
        CASE(KernelOutOfRange, launch(p, 1).kernel = 1,
             ">launch 1: kernel is 1, but there are 1"),
        CASE(ArgumentMissing, launch(p, 1).arguments.pop_back(),
             ">launch 1: has 2 arguments, but kernel linear_40x20 has 3"),
        CASE(HugeOperands, kernel(p).operands = 0xffffffff,
             ">launch 0: has 3 arguments, but kernel linear_40x20 has "
             "4294967296"),
        CASE(NoGrain, launch(p, 1).grain = 0, ">launch 1: grain is 0"),
        CASE(UnknownWeightUse, launch(p, 1).weight_use = WeightUse(3),
             ">launch 1: weight use is 3, but the largest is 2"),
        CASE(NegativeTasks, withConstant(*launch(p, 1).tasks, -1),
             ">launch 1: tasks = 2 * 0 + -1 is negative"),
        CASE(RowsOverflow, withScale(*launch(p, 1).rows, INT64_MIN),
             ">launch 1: rows = -9223372036854775808 * 1 + 0 is negative"),
        CASE(FlopsOverflow, withScale(*launch(p, 1).flops, INT64_MAX),
             ">launch 1: flops = 9223372036854775807 * 4 + 0 is negative"),
        CASE(UnknownArgument,
             launch(p, 0).arguments[1] = Argument(ArgumentKind(6), 0),
             ">launch 0: argument 1: kind is 6, but the largest is 5"),
        CASE(BufferOutOfRange, withIndex(launch(p, 0).arguments[2], 2),
             ">launch 0: argument 2: Buffer 2, but there are 2"),
        CASE(TensorOutOfRange, withIndex(launch(p, 0).arguments[1], 3),
             ">launch 0: argument 1: Tensor 3, but there are 3"),
        CASE(InputOutOfRange, withIndex(launch(p, 0).arguments[0], 3),
             ">launch 0: argument 0: Input 3, but there are 3"),
        CASE(CacheOutOfRange, withIndex(launch(p, 1).arguments[1], 2),
             ">launch 1: argument 1: Cache 2, but there are 2"),
        CASE(LogitsOutOfRange, withIndex(launch(p, 2).arguments[2], 1),
             ">launch 2: argument 2: Logits 1, but there are 1"),
        CASE(TopOfNone,
             launch(p, 2).arguments[2] = Argument(ArgumentKind::Top, 0),
             ">launch 2: argument 2: Top 0, but there are 0"),
        CASE(BufferBeforeItLives, withIndex(launch(p, 0).arguments[2], 1),
             ">launch 0: argument 2: buffer 'y' (entry 1): lives from launch 1 "
             "to 2 only"),
        CASE(TensorWritten,
             launch(p, 0).arguments[2] = Argument(ArgumentKind::Tensor, 1),
             ">launch 0: argument 2: is written, but its kind is Tensor"),
        CASE(InputWritten,
             launch(p, 0).arguments[2] = Argument(ArgumentKind::Input, 1),
             ">launch 0: argument 2: is written, but its kind is Input"),
        CASE(LogitsNeverWritten,
             launch(p, 2).arguments[2] = Argument(ArgumentKind::Cache, 0),
             ">no launch writes the logits")),
    nameOf);

TEST(VerifyTopPrograms, BothResultsAreWritten) {
  ArtifactParts parts = ArtifactParts::sound();
  addTop(parts, 3);
  EXPECT_EQ(violationOf(parts.assemble(), VerifyDepth::Deep),
            "target 'x86-64-v3': program 'top' for 'wide': no launch writes the "
            "best tokens; the file is damaged, compile it again");
  for (auto &target : parts.table.targets) {
    LaunchT &last = *target->programs.back()->launches.back();
    last.arguments[1] = Argument(ArgumentKind::Top, 1);
    target->kernels.push_back(std::make_unique<KernelT>(*target->kernels[0]));
    KernelT &kernel = *target->kernels.back();
    kernel.symbol = "best";
    kernel.operands = 1;
    kernel.results = 2;
    last.kernel = 1;
  }
  EXPECT_EQ(violationOf(parts.assemble(), VerifyDepth::Deep), "");
}
