//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The operations of a layer of experts as a chain for GPUs.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_EXPERTSCHAIN_H
#define TEST_CODEGEN_EXPERTSCHAIN_H

#include "test/codegen/GpuChain.h"
#include "test/codegen/MatmulCases.h"

namespace moec::test {

/// A plan of experts whose numbers of rows differ, one without any.
struct Experts {
  static constexpr int64_t count = 4, choices = 2;
  int64_t tokens;

  std::string plan() const { return "!moe.plan<4, 2>"; }
  int64_t slots() const { return tokens * choices; }
  TestTensor makePlan() const;
};

/// A layer of experts: width, and width inside.
struct Layer : Experts {
  Element weight;
  int64_t hidden, inner;

  Layer(const ProductCase &how, int64_t tokens)
      : Experts{tokens}, weight(how.weight), hidden(how.hidden),
        inner(how.inner) {}
  Element activation() const { return activationOf(weight); }
  void addGateUp(GpuChain &chain) const;
  void addDown(GpuChain &chain) const;
};

} // namespace moec::test

#endif // TEST_CODEGEN_EXPERTSCHAIN_H
