//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Mutants of softmax and attention.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

namespace emulator {

constexpr auto synchronization = Defective::Synchronization;
constexpr auto memory = Defective::Memory;
constexpr auto arithmetic = Defective::Arithmetic;

static std::vector<Mutant> mutantsOfRows() {
  return {
      {"no barrier behind the maxima",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 3, 1}}},
      {"no barrier before the maxima are written over",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 3, 2}}},
      {"no barrier behind the sums",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 3, 3}}},
      {"one column more than there is",
       memory,
       Faults,
       {{"ld.param.u32 %r37, [softmaxRows_param_2];",
         "ld.param.u32 %r37, [softmaxRows_param_2];\n"
         " add.s32 %r37, %r37, 1;"}}},
      {"a distance of the shuffles wrong",
       arithmetic,
       Results,
       {{"mov.u32 %r72, 8;", "mov.u32 %r72, 4;"}}},
  };
}

static std::vector<Mutant> mutantsOfAttention() {
  const char *const wait = " cp.async.wait_group 1;\n";
  return {
      {"no wait for the copies", synchronization, Waits, {{wait, ""}}},
      {"the wait keeps one group more",
       synchronization,
       Waits,
       {{wait, " cp.async.wait_group 2;\n"}}},
      {"no commit before the loop",
       synchronization,
       Waits,
       {{" cp.async.commit_group;\n", "", 2, 1}}},
      {"no commit in the loop",
       synchronization,
       Waits,
       {{" cp.async.commit_group;\n", "", 2, 2}}},
      {"no barrier behind the wait",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", "", 2, 1}}},
      {"no barrier before the next copies",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", "", 2, 2}}},
      {"keys beyond the last are copied",
       memory,
       Faults,
       {{"setp.lt.s32 %p50, %r440, %r73;", "setp.lt.s32 %p50, %r73, %r440;"}}},
      {"no test of the queries where they are written",
       memory,
       Faults,
       {{" @%p83 bra $L__BB1_43;\n", ""}}},
      {"queries overrun the keys' tile",
       memory,
       Waits,
       {{"mad.lo.s32 %r114, %r109, 72, %r113;",
         "mad.lo.s32 %r114, %r109, 144, %r113;"}}},
      {"the mask lets a later key through",
       arithmetic,
       Results,
       {{"setp.lt.s32 %p64, %r840, %r35;", "setp.le.s32 %p64, %r840, %r35;"}}},
      {"sums are not rescaled with a new maximum",
       arithmetic,
       Results,
       {{"mul.f32 %f598, %f504, %f598;", "mov.f32 %f598, %f598;"}}},
      {"the total of another lane",
       arithmetic,
       Results,
       {{"mov.u32 %r863, 2;", "mov.u32 %r863, 4;"}}},
      {"values are not transposed",
       arithmetic,
       Results,
       {{"x4.trans.shared.b16 {%r687,", "x4.shared.b16 {%r687,"}}},
      {"weights of two products swapped",
       arithmetic,
       Results,
       {{"{%r667, %r669}", "{%r669, %r667}"}}},
  };
}

std::vector<MutantTable> mutantsOfSoftmax() {
  return {{&softmaxRowsKernel, mutantsOfRows()},
          {&attentionKernel, mutantsOfAttention()}};
}

} // namespace emulator
