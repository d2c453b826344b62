//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The code of matrix kernels: the instructions wanted, nothing spilled, the
/// same bytes each time.
///
//===----------------------------------------------------------------------===//

#include "codegen/Emit.h"
#include "codegen/x86/CompileKernels.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"
#include "test/codegen/MatmulRunner.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

using namespace moec;
using namespace moec::test;
using testing::HasSubstr;
using testing::Not;

namespace {

std::string compileProduct(const char *target, Element weight, CodeForm form) {
  MatmulText product = {weight, 256, 1024};
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect, moe::MoEDialect,
                      decoder::DecoderDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      product.pack() + product.linear(), &context);
  return llvm::cantFail(compileKernels(
      *module, {llvm::cantFail(lookupTarget(target)), 64}, form));
}

/// Lines that move a vector register of the kind to or from the stack.
int countSpills(const std::string &assembly, const std::string &registers) {
  std::regex spill("%" + registers + "[0-9]+.*\\(%r[sb]p|\\(%r[sb]p.*%" +
                   registers);
  int count = 0;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(assembly).split(lines, '\n');
  for (llvm::StringRef line : lines)
    count += std::regex_search(line.str(), spill);
  return count;
}

} // namespace

TEST(MatmulCode, DotProductsFillTheWidestRegisters) {
  std::string code =
      compileProduct("znver4", Element::BF16, CodeForm::Assembly);
  std::smatch match;
  EXPECT_TRUE(std::regex_search(code, std::regex("vdpbf16ps\\s.*%zmm")));
  EXPECT_FALSE(std::regex_search(code, std::regex("vdpbf16ps\\s.*%[xy]mm")));
}

TEST(MatmulCode, NoDotProductWhereTheTargetHasNone) {
  for (const char *target : {"x86-64-v3", "x86-64-v4"})
    EXPECT_THAT(compileProduct(target, Element::BF16, CodeForm::Assembly),
                Not(HasSubstr("vdpbf16ps")));
}

TEST(MatmulCode, NothingSpillsInAVX512) {
  for (const char *target : {"x86-64-v4", "znver4"})
    for (Element weight : {Element::BF16, Element::F16, Element::F32})
      EXPECT_EQ(countSpills(compileProduct(target, weight, CodeForm::Assembly),
                            "zmm"),
                0)
          << target << " " << spell(weight);
}

TEST(MatmulCode, AVX2StaysInItsRegisters) {
  std::string code =
      compileProduct("x86-64-v3", Element::BF16, CodeForm::Assembly);
  EXPECT_THAT(code, Not(HasSubstr("%zmm")));
}

TEST(MatmulCode, IsTheSameEachTime) {
  for (const char *target : {"x86-64-v3", "znver4"})
    EXPECT_EQ(compileProduct(target, Element::BF16, CodeForm::SharedObject),
              compileProduct(target, Element::BF16, CodeForm::SharedObject));
}

TEST(MatmulCode, LLVMIRNamesTheTargetOfEachFunction) {
  EXPECT_THAT(compileProduct("znver4", Element::F32, CodeForm::LLVM),
              HasSubstr("\"target-cpu\"=\"x86-64-v4\""));
}

TEST(MatmulCode, UndefinedSymbolIsAnErrorThatNamesIt) {
  mlir::MLIRContext context;
  loadEmitDialects(context);
  auto location = mlir::UnknownLoc::get(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(location);
  Emit emit(location, mlir::OpBuilder::atBlockEnd(module->getBody()));
  auto type = mlir::LLVM::LLVMFunctionType::get(
      mlir::LLVM::LLVMVoidType::get(&context), {});
  mlir::LLVM::LLVMFuncOp::create(emit, "elsewhere", type);
  emitKernel(emit, "kernel",
             [&](const KernelArguments &) { emit.call("elsewhere", {}); });
  auto code =
      compileFunctions(*module, llvm::cantFail(lookupTarget("x86-64-v3")),
                       CodeForm::SharedObject);
  ASSERT_FALSE(bool(code));
  EXPECT_THAT(llvm::toString(code.takeError()),
              HasSubstr("undefined symbol: elsewhere"));
}
