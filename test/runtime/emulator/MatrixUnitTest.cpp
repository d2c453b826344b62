//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The register fragments of the manual's figures, and products on them.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestTensor.h"

#include "runtime/emulator/machine/Fragment.h"
#include "runtime/emulator/machine/MatrixElement.h"
#include "runtime/emulator/machine/MatrixTile.h"
#include "runtime/emulator/machine/MatrixUnit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <vector>

using namespace emulator;

namespace {

constexpr unsigned lanes = 32;

int valueAt(Type type, unsigned row, unsigned column) {
  const int value = int(row * 7 + column * 5 + row * column) % 4;
  const bool noSign = type == Type::U8 || type == Type::U4;
  return noSign ? value : value - 2;
}

/// What element k adds to an element of D.
int productOf(const MmaForm &form, Place at, unsigned k) {
  const int a = valueAt(form.a, at.row, k), b = valueAt(form.b, k, at.column);
  if (form.a != Type::B1)
    return a * b;
  return form.exclusive ? (a ^ b) & 1 : a & b & 1;
}

struct Registers {
  uint32_t words[mmaRegisters][lanes] = {};
};

/// D of a form against the sum over k, for one set of registers.
void check(const MmaForm &form) {
  Registers a, b, c, d;
  const unsigned bitsA = bitsOf(form.a), bitsB = bitsOf(form.b);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    for (unsigned q = 0; q < form.registersOfA(); ++q)
      for (unsigned j = 0; j < elementsPerRegister(bitsA); ++j) {
        const Place at = placeInA(form.m, bitsA, lane, q, j);
        a.words[q][lane] |=
            encodeElement(form.a, valueAt(form.a, at.row, at.column))
            << j * bitsA;
      }
    for (unsigned q = 0; q < form.registersOfB(); ++q)
      for (unsigned j = 0; j < elementsPerRegister(bitsB); ++j) {
        const Place at = placeInB(bitsB, lane, q, j);
        b.words[q][lane] |=
            encodeElement(form.b, valueAt(form.b, at.row, at.column))
            << j * bitsB;
      }
  }
  MmaRegisters registers;
  for (unsigned q = 0; q < mmaRegisters; ++q) {
    registers.a[q] = a.words[q];
    registers.b[q] = b.words[q];
    registers.c[q] = c.words[q];
    registers.d[q] = d.words[q];
  }
  multiply(form, registers);
  for (unsigned lane = 0; lane < lanes; ++lane)
    for (unsigned i = 0; i < form.m * form.n / lanes; ++i) {
      const Place at = placeInC(lane, i);
      int sum = 0;
      for (unsigned k = 0; k < form.k; ++k)
        sum += productOf(form, at, k);
      uint32_t word = d.words[i][lane];
      float real;
      std::memcpy(&real, &word, sizeof(real));
      if (form.d == Type::F16)
        real = halfToFloat(d.words[i / 2][lane] >> 16 * (i % 2));
      const int got = form.d == Type::S32 ? int(word) : int(real);
      ASSERT_EQ(got, sum) << nameOf(form.a) << " m" << form.m << " k" << form.k
                          << " row " << at.row << " column " << at.column;
    }
}

MmaForm form(unsigned m, unsigned k, Type a, Type b, Type d) {
  MmaForm form;
  form.m = m;
  form.k = k;
  form.a = a;
  form.b = b;
  form.c = form.d = d;
  return form;
}

} // namespace

TEST(Fragment, TheSixteenByEightBySixteenOfTheManual) {
  // Lane 13 has g = 3, t = 1.
  EXPECT_EQ(placeInA(16, 16, 13, 0, 1).row, 3u);
  EXPECT_EQ(placeInA(16, 16, 13, 0, 1).column, 3u);
  EXPECT_EQ(placeInA(16, 16, 13, 1, 0).row, 11u);
  EXPECT_EQ(placeInA(16, 16, 13, 3, 0).row, 11u);
  EXPECT_EQ(placeInA(16, 16, 13, 3, 0).column, 10u);
  EXPECT_EQ(placeInB(16, 13, 1, 1).row, 11u);
  EXPECT_EQ(placeInB(16, 13, 1, 1).column, 3u);
  EXPECT_EQ(placeInC(13, 3).row, 11u);
  EXPECT_EQ(placeInC(13, 3).column, 3u);
  EXPECT_EQ(placeInC(13, 5).column, 11u);
}

TEST(Fragment, EachElementOfAHasOnePlace) {
  for (unsigned bits : {4u, 8u, 16u, 32u}) {
    std::set<std::pair<unsigned, unsigned>> places;
    for (unsigned lane = 0; lane < lanes; ++lane)
      for (unsigned q = 0; q < 4; ++q)
        for (unsigned j = 0; j < elementsPerRegister(bits); ++j) {
          const Place at = placeInA(16, bits, lane, q, j);
          places.insert({at.row, at.column});
        }
    EXPECT_EQ(places.size(), 16 * 8 * elementsPerRegister(bits));
  }
}

TEST(Fragment, TransposedEightByEightSwapsRowAndColumn) {
  EXPECT_EQ(placeInEight(false, 13, 1).row, 3u);
  EXPECT_EQ(placeInEight(false, 13, 1).column, 3u);
  EXPECT_EQ(placeInEight(true, 4, 1).row, 1u);
  EXPECT_EQ(placeInEight(true, 4, 1).column, 1u);
  EXPECT_EQ(placeInEight(true, 29, 0).row, 2u);
  EXPECT_EQ(placeInEight(true, 29, 0).column, 7u);
}

TEST(MatrixUnit, FloatsOfSixteenBits) {
  for (unsigned k : {8u, 16u}) {
    check(form(16, k, Type::F16, Type::F16, Type::F32));
    check(form(16, k, Type::F16, Type::F16, Type::F16));
    check(form(16, k, Type::BF16, Type::BF16, Type::F32));
  }
}

TEST(MatrixUnit, Tf32IgnoresTheLowBits) {
  for (unsigned k : {4u, 8u})
    check(form(16, k, Type::TF32, Type::TF32, Type::F32));
}

TEST(MatrixUnit, FloatsOfEightBitsMayDiffer) {
  for (Type a : {Type::E4M3, Type::E5M2})
    for (Type b : {Type::E4M3, Type::E5M2})
      for (unsigned k : {16u, 32u})
        check(form(16, k, a, b, Type::F32));
}

TEST(MatrixUnit, Integers) {
  for (Type a : {Type::S8, Type::U8})
    for (Type b : {Type::S8, Type::U8}) {
      check(form(8, 16, a, b, Type::S32));
      check(form(16, 16, a, b, Type::S32));
      check(form(16, 32, a, b, Type::S32));
    }
  for (Type a : {Type::S4, Type::U4})
    for (unsigned k : {32u, 64u})
      check(form(16, k, a, Type::S4, Type::S32));
}

TEST(MatrixUnit, IntegerResultsWrapOrSaturate) {
  EXPECT_EQ(integerResult(int64_t(1) << 31, false), INT32_MIN);
  EXPECT_EQ(integerResult(int64_t(1) << 31, true), INT32_MAX);
  EXPECT_EQ(integerResult(-(int64_t(1) << 40), true), INT32_MIN);
}

TEST(MatrixUnit, BitsThatBothHaveOrThatDiffer) {
  for (bool exclusive : {false, true})
    for (unsigned k : {128u, 256u}) {
      MmaForm bits = form(16, k, Type::B1, Type::B1, Type::S32);
      bits.exclusive = exclusive;
      check(bits);
    }
}

TEST(MatrixUnit, ResultsMayLieInTheRegistersOfC) {
  const MmaForm halves = form(16, 8, Type::F16, Type::F16, Type::F32);
  Registers zero, sums;
  for (unsigned q = 0; q < 4; ++q)
    for (unsigned lane = 0; lane < lanes; ++lane) {
      const float value = float(q * 100 + lane);
      std::memcpy(&sums.words[q][lane], &value, sizeof(value));
    }
  MmaRegisters registers;
  for (unsigned q = 0; q < 4; ++q) {
    registers.a[q] = registers.b[q] = zero.words[0];
    registers.c[q] = sums.words[q];
    registers.d[q] = sums.words[3 - q];
  }
  multiply(halves, registers);
  for (unsigned q = 0; q < 4; ++q)
    for (unsigned lane = 0; lane < lanes; ++lane) {
      float value;
      std::memcpy(&value, &sums.words[3 - q][lane], sizeof(value));
      ASSERT_EQ(value, float(q * 100 + lane));
    }
}

TEST(MatrixElement, SpecialValuesOfEightBits) {
  const uint8_t bytes[] = {0x7E, 0x7F, 0x01, 0x80};
  float e4m3[4], e5m2[4];
  decode(Type::E4M3, bytes, 4, e4m3);
  EXPECT_EQ(e4m3[0], 448.0f);
  EXPECT_TRUE(std::isnan(e4m3[1]));
  EXPECT_EQ(e4m3[2], std::ldexp(1.0f, -9));
  EXPECT_TRUE(std::signbit(e4m3[3]));
  const uint8_t others[] = {0x7B, 0x7C, 0x01, 0x7D};
  decode(Type::E5M2, others, 4, e5m2);
  EXPECT_EQ(e5m2[0], 57344.0f);
  EXPECT_TRUE(std::isinf(e5m2[1]));
  EXPECT_EQ(e5m2[2], std::ldexp(1.0f, -16));
  EXPECT_TRUE(std::isnan(e5m2[3]));
}
