//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/ParameterSource.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace moec;
using moert::TensorForm;
using moert::format::DataType;

static TensorForm formOf(DataType type, std::vector<uint64_t> shape) {
  TensorForm form;
  form.type = type;
  form.shape = std::move(shape);
  return form;
}

static float toFloat(DataType type, const uint8_t *bytes) {
  float value;
  if (type == DataType::F32) {
    std::memcpy(&value, bytes, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, bytes, 2);
  if (type == DataType::BF16) {
    uint32_t bits = uint32_t(half) << 16;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  int exponent = half >> 10 & 31;
  float fraction = float(half & 1023);
  value = exponent ? std::ldexp(1024 + fraction, exponent - 25)
                   : std::ldexp(fraction, -24);
  return half & 0x8000 ? -value : value;
}

static std::vector<float> valuesOf(const ParameterSource &source, DataType type,
                                   uint64_t count) {
  uint64_t size = moert::elementBytes(type);
  std::vector<uint8_t> scratch(count * size);
  const uint8_t *bytes = source.read(0, count * size, scratch.data());
  std::vector<float> values;
  for (uint64_t i = 0; i < count; ++i)
    values.push_back(toFloat(type, bytes + i * size));
  return values;
}

TEST(RandomParameterTest, MatrixIsUniformWithVarianceOfOneOverColumns) {
  for (DataType type : {DataType::F32, DataType::F16, DataType::BF16}) {
    RandomParameter source(7, "w", formOf(type, {100, 64}));
    double sum = 0, squares = 0;
    std::vector<float> values = valuesOf(source, type, 6400);
    for (float value : values) {
      EXPECT_LE(std::fabs(value), std::sqrt(3.0 / 64) * 1.01);
      sum += value;
      squares += value * value;
    }
    EXPECT_NEAR(sum / 6400, 0.0, 0.006);
    EXPECT_NEAR(squares / 6400, 1.0 / 64, 0.001);
  }
}

TEST(RandomParameterTest, TableHasUnitVariance) {
  RandomParameter source(7, "table", formOf(DataType::BF16, {100, 64}), true);
  double squares = 0;
  for (float value : valuesOf(source, DataType::BF16, 6400))
    squares += value * value;
  EXPECT_NEAR(squares / 6400, 1.0, 0.04);
}

TEST(RandomParameterTest, VectorIsNearOne) {
  RandomParameter source(7, "norm", formOf(DataType::BF16, {64}));
  for (float value : valuesOf(source, DataType::BF16, 64))
    EXPECT_NEAR(value, 1.0, 0.104);
}

TEST(RandomParameterTest, ShorterTypesAreRoundedToNearest) {
  // Columns enough for values below the normal range of halves, too.
  auto shape = {uint64_t(1), uint64_t(1) << 24};
  RandomParameter exact(1, "w", formOf(DataType::F32, shape));
  std::vector<float> values = valuesOf(exact, DataType::F32, 4096);
  RandomParameter half(1, "w", formOf(DataType::F16, shape));
  std::vector<float> halves = valuesOf(half, DataType::F16, 4096);
  RandomParameter brain(1, "w", formOf(DataType::BF16, shape));
  std::vector<float> brains = valuesOf(brain, DataType::BF16, 4096);
  for (size_t i = 0; i < values.size(); ++i) {
    float magnitude = std::fabs(values[i]);
    EXPECT_LE(std::fabs(values[i] - halves[i]),
              std::max(magnitude * 0x1p-11f, 0x1p-25f));
    EXPECT_LE(std::fabs(values[i] - brains[i]), magnitude * 0x1p-8f);
  }
}

TEST(RandomParameterTest, ElementDependsOnSeedNameAndIndexOnly) {
  auto form = formOf(DataType::F32, {8, 8});
  RandomParameter source(1, "a", form);
  auto values = valuesOf(source, DataType::F32, 64);
  EXPECT_EQ(valuesOf(RandomParameter(1, "a", form), DataType::F32, 64), values);
  EXPECT_NE(valuesOf(RandomParameter(2, "a", form), DataType::F32, 64), values);
  EXPECT_NE(valuesOf(RandomParameter(1, "b", form), DataType::F32, 64), values);
  float part[3];
  source.read(5 * 4, 3 * 4, reinterpret_cast<uint8_t *>(part));
  EXPECT_EQ(std::vector<float>(part, part + 3),
            std::vector<float>(values.begin() + 5, values.begin() + 8));
}

TEST(MappedParameterTest, BytesInOneRangeAreReadInPlace) {
  std::vector<uint8_t> first = {1, 2, 3}, second = {4, 5};
  MappedParameter source({first, second});
  uint8_t scratch[5];
  EXPECT_EQ(source.read(1, 2, scratch), &first[1]);
  EXPECT_EQ(source.read(3, 2, scratch), &second[0]);
}

TEST(MappedParameterTest, BytesOfSeveralRangesAreJoined) {
  std::vector<uint8_t> first = {1, 2, 3}, second = {4}, third = {5, 6};
  MappedParameter source({first, second, third});
  uint8_t scratch[5] = {};
  ASSERT_EQ(source.read(1, 4, scratch), scratch);
  EXPECT_EQ(std::vector<uint8_t>(scratch, scratch + 4),
            (std::vector<uint8_t>{2, 3, 4, 5}));
}
