//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Where the elements of a matrix lie in the registers of a warp: the figures
// of PTX ISA sections 9.7.14.5 (mma), 9.7.14.5.15 (ldmatrix) and 9.7.15.5
// (wgmma). In all of them, g = lane / 4 and t = lane % 4.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_FRAGMENT_H
#define RUNTIME_EMULATOR_MACHINE_FRAGMENT_H

namespace emulator {

/// A place in a matrix.
struct Place {
  unsigned row = 0, column = 0;
};

/// Elements of `bits` that a register of A or B holds; 64-bit ones fill one.
constexpr unsigned elementsPerRegister(unsigned bits) {
  return bits >= 32 ? 1 : 32 / bits;
}

/// A of `rows` (8 or 16) x k: element `j` of register `q`, 0 the lowest bits.
constexpr Place placeInA(unsigned rows, unsigned bits, unsigned lane,
                         unsigned q, unsigned j) {
  const unsigned packed = elementsPerRegister(bits);
  const unsigned halves = rows / 8;
  return {lane / 4 + 8 * (q % halves),
          packed * (lane % 4) + j + 4 * packed * (q / halves)};
}

/// B of k x 8.
constexpr Place placeInB(unsigned bits, unsigned lane, unsigned q, unsigned j) {
  const unsigned packed = elementsPerRegister(bits);
  return {packed * (lane % 4) + j + 4 * packed * q, lane / 4};
}

/// C and D of 8 or 16 rows x n: value `i` of a lane. A register holds one
/// 32- or 64-bit value, or values 2q and 2q + 1 of f16. For wgmma, the rows are
/// the 16 of the warp.
constexpr Place placeInC(unsigned lane, unsigned i) {
  return {lane / 4 + 8 * (i / 2 % 2), 8 * (i / 4) + 2 * (lane % 4) + i % 2};
}

/// An 8x8 matrix of ldmatrix and stmatrix: half `j` of the lane's register.
constexpr Place placeInEight(bool transposed, unsigned lane, unsigned j) {
  const Place place{lane / 4, 2 * (lane % 4) + j};
  return transposed ? Place{place.column, place.row} : place;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_FRAGMENT_H
