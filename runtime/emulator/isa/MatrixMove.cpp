//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.14.5.15 to .17: matrices between shared memory and registers.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/MemoryPath.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Fragment.h"

#include <cstring>
#include <iterator>

namespace emulator {
namespace {

constexpr unsigned rowBytes = 16, registerBytes = 4 * warpLanes;

/// Where element `j` of register `q` of a matrix lies, as a row of shared
/// memory and an element of it.
using Layout = Place (*)(unsigned lane, unsigned q, unsigned j);

Place rowWise(unsigned lane, unsigned, unsigned j) {
  return placeInEight(false, lane, j);
}
Place columnWise(unsigned lane, unsigned, unsigned j) {
  return placeInEight(true, lane, j);
}
/// ldmatrix.m16n16.trans.b8.
Place bytesOfSixteen(unsigned lane, unsigned q, unsigned j) {
  return {4 * (lane % 4) + 2 * q + j % 2, lane / 4 + 8 * (j / 2)};
}
/// stmatrix.m16n8.trans.b8: bytes lie as the sums of mma, transposed.
Place bytesOfSums(unsigned lane, unsigned, unsigned j) {
  const Place sum = placeInC(lane, j);
  return {sum.column, sum.row};
}

/// What a use of ldmatrix or stmatrix keeps: row r of matrix m is at the
/// address that lane m * rows + r holds.
struct MatrixMove {
  AddressOperand address;
  MemorySpace space = MemorySpace::Shared;
  Layout layout = rowWise;
  unsigned rows = 8, matrices = 1, registersOfMatrix = 1;
  unsigned elementBytes = 2;
  Slot registers[4];
};

bool locate(Warp &warp, const MatrixMove &move, AccessKind kind,
            Pointers &pointers) {
  Access access;
  access.space = move.space;
  access.kind = kind;
  access.bytes = rowBytes;
  access.lanes = allLanes >> (warpLanes - move.rows * move.matrices);
  addressesOf(warp, move.address.base, move.address.wide, move.address.offset,
              access.address);
  std::byte *host =
      shortPath(warp, access.space, access.address, access.lanes, rowBytes);
  if (!host)
    return warp.translate(access, pointers);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    pointers.lane[lane] = host + access.address[lane];
  return true;
}

/// Calls visit(element in the register, element in shared memory).
template <class Visit>
void eachElement(const MatrixMove &move, const Pointers &pointers,
                 unsigned matrix, unsigned q, std::byte *lanes, Visit visit) {
  const unsigned packed = 4 / move.elementBytes;
  for (unsigned i = 0; i < packed * warpLanes; ++i) {
    const Place at = move.layout(i / packed, q, i % packed);
    visit(lanes + i * move.elementBytes,
          pointers.lane[move.rows * matrix + at.row] +
              at.column * move.elementBytes);
  }
}

/// Calls visit(register, matrix, q) for each register.
template <class Visit>
void eachRegister(Warp &warp, const MatrixMove &move, Visit visit) {
  for (unsigned matrix = 0; matrix < move.matrices; ++matrix)
    for (unsigned q = 0; q < move.registersOfMatrix; ++q)
      visit(warp.lanes<std::byte>(
                move.registers[matrix * move.registersOfMatrix + q]),
            matrix, q);
}

Outcome loadMatrix(Warp &warp, const Instruction &i, Mask) {
  const MatrixMove &move = i.detailAs<MatrixMove>();
  Pointers pointers;
  if (!locate(warp, move, AccessKind::Load, pointers))
    return Outcome::Fault;
  eachRegister(warp, move, [&](std::byte *lanes, unsigned matrix, unsigned q) {
    if (move.layout == rowWise) {
      // The four lanes of a row hold it as it lies in memory.
      for (unsigned row = 0; row < move.rows; ++row)
        std::memcpy(lanes + row * rowBytes,
                    pointers.lane[move.rows * matrix + row], rowBytes);
      return;
    }
    eachElement(move, pointers, matrix, q, lanes,
                [&](std::byte *own, const std::byte *shared) {
                  std::memcpy(own, shared, move.elementBytes);
                });
  });
  return Outcome::Next;
}

Outcome storeMatrix(Warp &warp, const Instruction &i, Mask) {
  const MatrixMove &move = i.detailAs<MatrixMove>();
  Pointers pointers;
  if (!locate(warp, move, AccessKind::Store, pointers))
    return Outcome::Fault;
  warp.wrote();
  eachRegister(warp, move, [&](std::byte *lanes, unsigned matrix, unsigned q) {
    eachElement(move, pointers, matrix, q, lanes,
                [&](const std::byte *own, std::byte *shared) {
                  std::memcpy(shared, own, move.elementBytes);
                });
  });
  return Outcome::Next;
}

// --- 9.7.14.5.17: movmatrix ---

Outcome transposeMatrix(Warp &warp, const Instruction &i, Mask) {
  const uint16_t *from = warp.lanes<uint16_t>(i.operand[1]);
  uint16_t result[2 * warpLanes];
  for (unsigned half = 0; half < 2 * warpLanes; ++half) {
    const Place at = placeInEight(true, half / 2, half % 2);
    result[half] = from[at.row * 8 + at.column];
  }
  std::memcpy(warp.lanes<uint16_t>(i.operand[0]), result, registerBytes);
  return Outcome::Next;
}

// --- selectors ---

void describe(Selection &s, MatrixMove move) {
  move.address = addressOperand(s, "a");
  move.space = sharedSpace(s.word("ss"));
  const unsigned count = s.count("r");
  move.matrices = static_cast<unsigned>(s.word("num")[1] - '0');
  if (count != move.matrices * move.registersOfMatrix)
    s.refuse("has " + std::to_string(count) + " registers; expected " +
             std::to_string(move.matrices * move.registersOfMatrix));
  for (unsigned q = 0; q < count; ++q) {
    move.registers[q] = s.slot("r", q);
    if (move.registers[q] == noSlot)
      s.refuse("each register of the matrices must be named");
  }
  s.detail(move);
}

template <Handler run> Handler selectHalves(Selection &s) {
  MatrixMove move;
  move.layout = s.has("trans") ? columnWise : rowWise;
  describe(s, move);
  return run;
}

Handler selectLoadBytes(Selection &s) {
  MatrixMove move;
  move.layout = bytesOfSixteen;
  move.rows = 16;
  move.registersOfMatrix = 2;
  move.elementBytes = 1;
  describe(s, move);
  return loadMatrix;
}

Handler selectStoreBytes(Selection &s) {
  MatrixMove move;
  move.layout = bytesOfSums;
  move.elementBytes = 1;
  describe(s, move);
  return storeMatrix;
}

Handler selectTranspose(Selection &) { return transposeMatrix; }

constexpr Convergence full = Convergence::Full;

// The manual writes `.m8n8.x4`; ptxas takes `.x4.m8n8`, which CUTLASS writes,
// too.
const char *const halves = "num = x1 x2 x4; ss = shared shared::cta";
const Row rows[] = {
    {"9.7.14.5.15",
     "ldmatrix.sync.aligned.m8n8.num{.trans}{.ss}.b16 r:b32+, [a]", halves,
     selectHalves<loadMatrix>, "sm_75", full},
    {"9.7.14.5.15",
     "ldmatrix.sync.aligned.num{.trans}.m8n8{.ss}.b16 r:b32+, [a]", halves,
     selectHalves<loadMatrix>, "sm_75", full},
    {"9.7.14.5.15",
     "ldmatrix.sync.aligned.num.m8n8{.trans}{.ss}.b16 r:b32+, [a]", halves,
     selectHalves<loadMatrix>, "sm_75", full},
    {"9.7.14.5.15",
     "ldmatrix.sync.aligned.m16n16.num.trans{.ss}.b8 r:b32+, [a]",
     "num = x1 x2; ss = shared shared::cta", selectLoadBytes, "sm_100a", full},
    {"9.7.14.5.15",
     "ldmatrix.sync.aligned.m16n16.num.trans{.ss}.b8 r:b32+, [a]",
     "num = x1 x2; ss = shared shared::cta", selectLoadBytes, "sm_120a", full},
    {"9.7.14.5.16",
     "stmatrix.sync.aligned.m8n8.num{.trans}{.ss}.b16 [a], r:b32+", halves,
     selectHalves<storeMatrix>, "sm_90", full},
    {"9.7.14.5.16",
     "stmatrix.sync.aligned.num{.trans}.m8n8{.ss}.b16 [a], r:b32+", halves,
     selectHalves<storeMatrix>, "sm_90", full},
    {"9.7.14.5.16",
     "stmatrix.sync.aligned.num.m8n8{.trans}{.ss}.b16 [a], r:b32+", halves,
     selectHalves<storeMatrix>, "sm_90", full},
    {"9.7.14.5.16", "stmatrix.sync.aligned.m16n8.num.trans{.ss}.b8 [a], r:b32+",
     halves, selectStoreBytes, "sm_100a", full},
    {"9.7.14.5.16", "stmatrix.sync.aligned.m16n8.num.trans{.ss}.b8 [a], r:b32+",
     halves, selectStoreBytes, "sm_120a", full},
    {"9.7.14.5.17", "movmatrix.sync.aligned.m8n8.trans.b16 d:b32, a:b32", "",
     selectTranspose, "sm_75", full},
};

} // namespace

Section matrixMoveSection() {
  return {"Warp-Level Matrix Moves", rows, std::size(rows)};
}

} // namespace emulator
