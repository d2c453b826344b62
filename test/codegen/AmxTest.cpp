//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products on AMX tiles, beyond what they share with other matrix kernels:
/// more rows than are packed at once, what code they become, what they refuse.
///
//===----------------------------------------------------------------------===//

#include "codegen/x86/CompileKernels.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"
#include "test/codegen/MatmulCases.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringRef.h"

#include <gmock/gmock.h>

using namespace moec;
using namespace moec::test;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr const char *target = "sapphirerapids";

struct Shape {
  int64_t n, k, rows;
};

std::string assembly(Element weight) {
  MatmulText product = {weight, 70, 601, ordersOf(weight).back()};
  std::string text = product.linear();
  if (weight == Element::BF16)
    text += product.router();
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect, moe::MoEDialect,
                      decoder::DecoderDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  return llvm::cantFail(compileKernels(
      *module, {llvm::cantFail(lookupTarget(target)), 64}, CodeForm::Assembly));
}

/// From the label of a function to its end.
llvm::StringRef body(llvm::StringRef assembly, llvm::StringRef function) {
  std::string label = "\n" + function.str() + ":";
  size_t from = assembly.find(label);
  return assembly.slice(from, assembly.find(".Lfunc_end", from));
}

class AmxRows : public testing::TestWithParam<Shape> {};

} // namespace

/// Slabs that are packed one by one, for chunks of rows; whole rows, that do
/// not fit; a slab of a rest alone.
TEST_P(AmxRows, EqualTheSumsOfTiles) {
  if (runnableTargets(Order::Tiles).empty())
    GTEST_SKIP() << "this CPU has no AVX-512";
  auto [n, k, rows] = GetParam();
  MatmulText text = {Element::BF16, n, k, Order::Tiles};
  LoadedKernel kernel(text.linear(), target, rows);
  Matrix x(Element::BF16, rows, k, 1), w(Element::BF16, n, k, 2);
  TestTensor panels = packPanels(w, 1), y = floats(rows * n);
  std::vector<float> wanted;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < n; ++column)
      wanted.push_back(chain(x, row, w, column, Order::Tiles));
  for (int64_t cut : {int64_t(1), text.panels()}) {
    y.fill(NAN);
    kernel.runInRanges({x.elements.data(), panels.data(), y.data()}, rows, cut);
    EXPECT_TRUE(moec::test::sameBits(values(y), wanted.data(), rows * n));
  }
}
static const Shape shapes[] = {
    {70, 1101, 600}, {33, 2080, 513}, {300, 1056, 530}, {33, 33001, 17}};
INSTANTIATE_TEST_SUITE_P(Shapes, AmxRows, testing::ValuesIn(shapes));

TEST(AmxCode, TilesAreReleased) {
  std::string code = assembly(Element::BF16);
  llvm::StringRef kernel = body(code, "linear_70x601");
  EXPECT_EQ(kernel.count("tilerelease"), 1u);
  EXPECT_GT(kernel.rfind("tilerelease"), kernel.rfind("call"));
  for (const char *loop : {"amx_16x32_bf16", "amx_32x32_bf16"}) {
    EXPECT_THAT(body(code, loop).str(), HasSubstr("tdpbf16ps"));
    EXPECT_THAT(body(code, loop).str(), Not(HasSubstr("tilerelease")));
  }
}

/// Scores have the same bits in kernels that choose experts, too.
TEST(AmxCode, ScoresOfExpertsAreComputedWithoutTiles) {
  std::string code = assembly(Element::BF16);
  EXPECT_THAT(body(code, "router_70x601").str(), Not(HasSubstr("tile")));
}

TEST(AmxCode, OtherElementsAreComputedWithoutTiles) {
  for (Element weight : {Element::F16, Element::F32})
    EXPECT_THAT(assembly(weight), Not(HasSubstr("tile")));
}

TEST(AmxPlan, RefusesPackedActivations) {
  MatmulText packed = {Element::BF16, 40, 48};
  EXPECT_THAT(compileError(packed.linear(), target),
              HasSubstr("the kernels for AMX read row-major ones"));
  EXPECT_EQ(compileError(packed.linear(), "x86-64-v4"), "");
}
