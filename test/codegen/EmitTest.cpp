//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Arithmetic of Emit: right, and the same bits on every target.
///
//===----------------------------------------------------------------------===//

#include "codegen/Emit.h"
#include "codegen/x86/CompileKernels.h"
#include "test/codegen/KernelHarness.h"
#include "test/codegen/MatmulRunner.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace moec;
using namespace moec::test;

namespace {

using Floats = std::vector<float>;
constexpr int64_t lanes = 16;
constexpr float infinity = std::numeric_limits<float>::infinity();

using Operation = llvm::function_ref<mlir::Value(Emit &, mlir::Value)>;

/// A kernel that applies an operation to one vector in each task.
std::string compileVectors(const std::string &target, Operation operation) {
  mlir::MLIRContext context;
  loadEmitDialects(context);
  auto location = mlir::UnknownLoc::get(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(location);
  Emit emit(location, mlir::OpBuilder::atBlockEnd(module->getBody()));
  emitKernel(emit, "apply", [&](const KernelArguments &arguments) {
    mlir::Type f32 = emit.getF32Type();
    mlir::Value from = arguments.pointer(emit, 0);
    mlir::Value to = arguments.pointer(emit, 1);
    emit.loop(arguments.begin, arguments.end, 1, [&](mlir::Value i) {
      mlir::Value offset = emit.mul(i, lanes);
      mlir::Value v =
          emit.load(emit.vector(lanes, f32), emit.at(from, f32, offset));
      emit.store(operation(emit, v), emit.at(to, f32, offset));
    });
  });
  return llvm::cantFail(compileFunctions(
      *module, llvm::cantFail(lookupTarget(target)), CodeForm::SharedObject));
}

/// Applies the operation to every number on every target, and returns the
/// results of the last after comparing their bits.
Floats applyEverywhere(Floats input, Operation operation) {
  input.resize((input.size() + lanes - 1) / lanes * lanes);
  Floats first;
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(compileVectors(target, operation));
    Floats output(input.size());
    launch(library.get("apply"), {input.data(), output.data()}, 1,
           {0, int64_t(input.size()) / lanes});
    if (first.empty())
      first = output;
    EXPECT_EQ(std::memcmp(first.data(), output.data(), 4 * output.size()), 0)
        << target;
  }
  return first;
}

/// Distance in units in the last place of `wanted`.
double ulps(float got, double wanted) {
  float nearest = float(wanted);
  double unit =
      double(std::nextafter(std::fabs(nearest), infinity)) - std::fabs(nearest);
  return std::fabs(got - wanted) / unit;
}

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

} // namespace

TEST(Emit, ExpIsWithinTwoUnitsInTheLastPlace) {
  Floats input;
  for (float x = -87.3f; x < 88.7f; x += 0.000731f)
    input.push_back(x);
  for (float x = 1e-9f; x < 1; x *= 1.01f)
    input.insert(input.end(), {x, -x});
  Floats output = applyEverywhere(
      input, [](Emit &emit, mlir::Value v) { return emit.exp(v); });
  double worst = 0;
  for (size_t i = 0; i < input.size(); ++i)
    worst = std::max(worst, ulps(output[i], std::exp(double(input[i]))));
  EXPECT_LE(worst, 2.0);
}

TEST(Emit, ExpIsRightAtItsEnds) {
  Floats input = {-infinity, -1e30f, -104.0f, -88.0f, -0.0f,    0.0f,
                  88.0f,     88.7f,  88.73f,  1e30f,  infinity, NAN};
  Floats output = applyEverywhere(
      input, [](Emit &emit, mlir::Value v) { return emit.exp(v); });
  EXPECT_EQ(output[0], 0.0f);
  EXPECT_EQ(output[1], 0.0f);
  EXPECT_EQ(output[2], 0.0f);
  EXPECT_NEAR(output[3], std::exp(-88.0), 1e-43);
  EXPECT_EQ(output[4], 1.0f);
  EXPECT_EQ(output[5], 1.0f);
  EXPECT_LE(ulps(output[6], std::exp(88.0)), 2);
  EXPECT_LE(ulps(output[7], std::exp(double(88.7f))), 2);
  EXPECT_EQ(output[8], infinity);
  EXPECT_EQ(output[9], infinity);
  EXPECT_EQ(output[10], infinity);
  EXPECT_TRUE(std::isnan(output[11]));
}

TEST(Emit, RoundsToBF16NearestTiesToEven) {
  Floats input = {1.0f,
                  fromBits(0x3f808000), // a tie, even below
                  fromBits(0x3f818000), // a tie, even above
                  fromBits(0x3f808001), // just above a tie
                  fromBits(0x7f7fffff), // beyond the largest bf16
                  fromBits(0x00008000), // a denormal tie
                  fromBits(0x00018000), // a denormal tie
                  -infinity,
                  fromBits(0x7f800001), // a signalling NaN
                  fromBits(0xffc00000)};
  Floats output = applyEverywhere(input, [](Emit &emit, mlir::Value v) {
    return emit.widen(emit.round(v, emit.getBF16Type()));
  });
  const uint32_t wanted[] = {0x3f800000, 0x3f800000, 0x3f820000, 0x3f810000,
                             0x7f800000, 0x00000000, 0x00020000, 0xff800000,
                             0x7fc00000, 0xffc00000};
  for (size_t i = 0; i < input.size(); ++i)
    EXPECT_EQ(toBits(output[i]), wanted[i]) << i;
}

TEST(Emit, RoundsToF16NearestTiesToEven) {
  Floats input = {1.0f,     1.00048828125f, 1.00146484375f, 65519.0f,
                  65520.0f, -1e9f,          5.9604645e-8f};
  Floats output = applyEverywhere(input, [](Emit &emit, mlir::Value v) {
    return emit.widen(emit.round(v, emit.getF16Type()));
  });
  const float wanted[] = {1.0f,     1.0f,      1.001953125f, 65504.0f,
                          infinity, -infinity, 5.9604645e-8f};
  for (size_t i = 0; i < input.size(); ++i)
    EXPECT_EQ(output[i], wanted[i]) << i;
}

TEST(Emit, SumsLanesAsABalancedTree) {
  Floats input;
  for (int i = 0; i < lanes; ++i)
    input.push_back(i % 3 ? 1e-3f * i : 1e5f / (i + 1));
  Floats output = applyEverywhere(input, [](Emit &emit, mlir::Value v) {
    return emit.splat(emit.sumLanes(v), lanes);
  });
  Floats wanted = input;
  for (int half = lanes / 2; half; half /= 2)
    for (int i = 0; i < half; ++i)
      wanted[i] += wanted[i + half];
  EXPECT_EQ(output[0], wanted[0]);
}

TEST(Emit, FindsTheLargestLane) {
  for (int place = 0; place < lanes; ++place) {
    Floats input(lanes, -3.0f);
    input[place] = 7.0f;
    EXPECT_EQ(applyEverywhere(input,
                              [](Emit &emit, mlir::Value v) {
                                return emit.splat(emit.maxLanes(v), lanes);
                              })[0],
              7.0f);
  }
}
