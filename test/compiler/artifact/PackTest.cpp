//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Pack.h"

#include "runtime/artifact/Checksum.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>

using namespace moec;
using moert::TensorForm;
using moert::format::DataType;
using moert::format::Layout;

namespace {

using Bytes = std::vector<uint8_t>;

struct PackCase {
  DataType type;
  std::vector<uint64_t> shape;
  uint32_t width, depth, unit; ///< 0: row-major

  TensorForm form() const {
    TensorForm form;
    form.type = type;
    form.shape = shape;
    form.layout = width ? Layout::Panels : Layout::RowMajor;
    form.width = width;
    form.depth = depth;
    form.unit = unit;
    return form;
  }
};

void PrintTo(const PackCase &packCase, std::ostream *stream) {
  *stream << packCase.form().typeName() << " as "
          << packCase.form().layoutName();
}

class PackTest : public testing::TestWithParam<PackCase> {};

Bytes randomBytes(uint64_t size) {
  std::mt19937_64 random(size);
  Bytes bytes(size);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

uint64_t elements(const std::vector<uint64_t> &shape) {
  uint64_t product = 1;
  for (uint64_t dimension : shape)
    product *= dimension;
  return product;
}

/// [E][N / width][K / unit][width][unit], element by element.
Bytes packByDefinition(const TensorForm &form, const Bytes &source) {
  if (form.layout == Layout::RowMajor)
    return source;
  uint64_t size = moert::elementBytes(form.type);
  uint64_t k = form.shape.back(), n = form.shape[form.shape.size() - 2];
  uint64_t experts = elements(form.shape) / n / k;
  uint64_t paddedN = *moert::roundUp(n, form.width);
  uint64_t paddedK = *moert::roundUp(k, form.depth);
  Bytes packed(experts * paddedN * paddedK * size);
  for (uint64_t e = 0; e < experts; ++e)
    for (uint64_t row = 0; row < n; ++row)
      for (uint64_t column = 0; column < k; ++column) {
        uint64_t panel = e * paddedN / form.width + row / form.width;
        uint64_t step = panel * paddedK / form.unit + column / form.unit;
        uint64_t place = step * form.width + row % form.width;
        uint64_t to = place * form.unit + column % form.unit;
        uint64_t from = (e * n + row) * k + column;
        std::memcpy(&packed[to * size], &source[from * size], size);
      }
  return packed;
}

struct Packed {
  Bytes bytes;
  uint64_t checksum = 0;
};

Packed pack(const ParameterSource &source, const TensorForm &form) {
  Packed packed;
  packed.bytes.assign(*form.bytes(), 0xcc);
  std::atomic<uint64_t> written = 0;
  auto checksum = packParameter(
      source, form, [&](uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
        std::memcpy(&packed.bytes[offset], bytes.data(), bytes.size());
        written += bytes.size();
        return llvm::Error::success();
      });
  EXPECT_TRUE(bool(checksum));
  packed.checksum = *checksum;
  EXPECT_EQ(written, packed.bytes.size());
  return packed;
}

/// Memory in place of mapped files, which `release` must not touch.
class MemoryParameter : public MappedParameter {
public:
  using MappedParameter::MappedParameter;
  void prefetch(uint64_t, uint64_t) const override {}
  void release(uint64_t offset, uint64_t length) const override {
    released += length;
  }
  mutable std::atomic<uint64_t> released = 0;
};

} // namespace

TEST_P(PackTest, EqualsTheDefinition) {
  TensorForm form = GetParam().form();
  uint64_t size = moert::elementBytes(form.type);
  Bytes source = randomBytes(elements(form.shape) * size);
  Bytes expected = packByDefinition(form, source);
  Packed packed = pack(MemoryParameter({source}), form);
  EXPECT_TRUE(packed.bytes == expected);
  EXPECT_EQ(packed.checksum, moert::checksum(expected.data(), expected.size()));
}

// Rows, and even elements, may be cut anywhere.
TEST_P(PackTest, DoesNotDependOnHowTheSourceIsCut) {
  TensorForm form = GetParam().form();
  uint64_t size = moert::elementBytes(form.type);
  Bytes source = randomBytes(elements(form.shape) * size);
  std::vector<llvm::ArrayRef<uint8_t>> ranges;
  llvm::ArrayRef<uint8_t> rest = source;
  for (uint64_t length = 1; !rest.empty(); length = length * 3 + 1) {
    uint64_t taken = std::min<uint64_t>(length, rest.size());
    ranges.push_back(rest.take_front(taken));
    rest = rest.drop_front(taken);
  }
  Packed packed = pack(MemoryParameter(ranges), form);
  EXPECT_TRUE(packed.bytes == packByDefinition(form, source));
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, PackTest,
    testing::Values(
        PackCase{DataType::BF16, {32, 8}, 32, 8, 2},
        PackCase{DataType::BF16, {1, 1}, 32, 8, 2},
        PackCase{DataType::BF16, {33, 9}, 32, 8, 2},
        PackCase{DataType::BF16, {31, 65}, 32, 8, 2},
        PackCase{DataType::BF16, {96, 48}, 32, 8, 2},
        PackCase{DataType::BF16, {64, 4096}, 32, 8, 2},
        PackCase{DataType::BF16, {3, 40, 72}, 32, 8, 2},
        PackCase{DataType::BF16, {8, 1, 5}, 32, 8, 2},
        PackCase{DataType::F16, {33, 9}, 32, 4, 1},
        PackCase{DataType::F16, {64, 256}, 32, 4, 1},
        PackCase{DataType::F16, {2, 70, 130}, 32, 4, 1},
        PackCase{DataType::F32, {33, 9}, 32, 4, 1},
        PackCase{DataType::F32, {64, 256}, 32, 4, 1},
        PackCase{DataType::F32, {5, 31, 67}, 32, 4, 1},
        // Layouts of other machines.
        PackCase{DataType::F32, {48, 100}, 16, 8, 2},
        PackCase{DataType::BF16, {48, 100}, 16, 8, 4},
        PackCase{DataType::BF16, {50, 100}, 7, 6, 2},
        PackCase{DataType::BF16, {50, 100}, 1, 1, 1},
        // Several slabs; panels of more than a slab; many panels in a slab.
        PackCase{DataType::BF16, {3, 70, 9001}, 32, 8, 2},
        PackCase{DataType::F32, {33, 50001}, 32, 4, 1},
        PackCase{DataType::F16, {40000, 37}, 32, 4, 1},
        PackCase{DataType::BF16, {17}, 0, 0, 0},
        PackCase{DataType::F32, {3, 5, 7}, 0, 0, 0},
        PackCase{DataType::F16, {1200, 1301}, 0, 0, 0}));

TEST(PackParameterTest, SourceIsReleasedWhole) {
  PackCase packCase{DataType::BF16, {3, 70, 9001}, 32, 8, 2};
  Bytes source(3 * 70 * 9001 * 2);
  MemoryParameter parameter({source});
  pack(parameter, packCase.form());
  EXPECT_GE(parameter.released, source.size());
}

TEST(PackParameterTest, FailureOfTheSinkIsPassedOnOnce) {
  PackCase packCase{DataType::BF16, {3, 700, 9001}, 32, 8, 2};
  Bytes source(3 * 700 * 9001 * 2);
  std::atomic<int> calls = 0;
  auto checksum = packParameter(
      MemoryParameter({source}), packCase.form(),
      [&](uint64_t offset, llvm::ArrayRef<uint8_t>) -> llvm::Error {
        ++calls;
        return llvm::createStringError("full");
      });
  ASSERT_FALSE(bool(checksum));
  EXPECT_EQ(llvm::toString(checksum.takeError()), "full");
  // No more than one slab for each thread is under way.
  EXPECT_LE(calls, 3);
}

TEST(PackParameterTest, LayoutWithUnitsOfOtherSizesIsRefused) {
  PackCase packCase{DataType::F32, {32, 30}, 32, 6, 3};
  Bytes source(32 * 30 * 4);
  auto checksum = packParameter(MemoryParameter({source}), packCase.form(),
                                [&](uint64_t, llvm::ArrayRef<uint8_t>) {
                                  return llvm::Error::success();
                                });
  ASSERT_FALSE(bool(checksum));
  EXPECT_EQ(llvm::toString(checksum.takeError()),
            "the layout panels<32, 6, 3> of 32x30xf32 has units of 12 bytes; "
            "expected 2, 4 or 8");
}
