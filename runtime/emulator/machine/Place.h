//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Addresses in words: the variable or allocation that they lie in.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_PLACE_H
#define RUNTIME_EMULATOR_MACHINE_PLACE_H

#include <cstdint>
#include <string>

namespace emulator {

struct Function;
struct Region;
struct SharedVariable;
class Warp;

/// `allocation 3 of 256 bytes`, `variable table of 64 bytes`.
std::string nameOf(const Region &region);

/// `shared variable tile + 16`, `allocation 3 of 256 bytes + 12`: where a
/// generic address lies; empty if that is not known.
std::string placeOf(Warp &warp, uint64_t address);

/// The last variable that begins at or below a PTX offset into shared memory;
/// null if there is none.
const SharedVariable *variableBelow(const Function &kernel, uint32_t offset);

/// `4 bytes beyond the end of shared variable tile (64 bytes)`: where an offset
/// lies that belongs to no variable.
std::string besideVariables(const Function &kernel, uint32_t offset);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_PLACE_H
