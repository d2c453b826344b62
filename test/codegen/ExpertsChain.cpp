//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/ExpertsChain.h"

#include "test/codegen/GroupChain.h"

using namespace moec::test;

/// Expert 1 gets nothing, expert 3 the second choices of every third token.
TestTensor Experts::makePlan() const {
  std::vector<int64_t> expertOf;
  for (int64_t t = 0; t < tokens; ++t) {
    expertOf.push_back(t % 5 ? 0 : 2);
    expertOf.push_back(t % 3 ? (t % 5 ? 2 : 0) : 3);
  }
  TestTensor plan(Element::I32, count + 1 + 2 * slots());
  int64_t row = 0;
  for (int64_t e = 0; e < count; ++e) {
    plan.set(e, double(row));
    for (int64_t slot = 0; slot < slots(); ++slot)
      if (expertOf[slot] == e) {
        plan.set(count + 1 + row, double(slot));
        plan.set(count + 1 + slots() + slot, double(row++));
      }
  }
  plan.set(count, double(row));
  return plan;
}

/// permute, two products and swiglu: from %x and %plan to %h.
void Layer::addGateUp(GpuChain &chain) const {
  for (const char *name : {"w1", "w3"})
    chain.input(name, matrixOf({count, inner, hidden}, weight),
                random(weight, count * inner * hidden, name[1]));
  chain.result("xs", rowsOf(hidden, activation()),
               nothing(activation(), slots() * hidden));
  for (const char *name : {"g", "u"})
    chain.result(name, rowsOf(inner, Element::F32),
                 nothing(Element::F32, slots() * inner));
  chain.result("h", rowsOf(inner, activation()),
               nothing(activation(), slots() * inner));
  chain.step("%xs = moe.permute %x, %plan : $x, $plan -> $xs", {"x", "plan"},
             {"xs"}, slots());
  chain.step("%g = moe.grouped_linear %xs, %w1, %plan : $xs, $w1, $plan -> $g",
             {"xs", "w1", "plan"}, {"g"}, slots());
  chain.step("%u = moe.grouped_linear %xs, %w3, %plan : $xs, $w3, $plan -> $u",
             {"xs", "w3", "plan"}, {"u"}, slots());
  chain.step("%h = decoder.swiglu %g, %u : $g -> $h", {"g", "u"}, {"h"},
             slots());
}

/// A product, combine and add: from %h, %plan, %p and %r to %y.
void Layer::addDown(GpuChain &chain) const {
  chain.input("w2", matrixOf({count, hidden, inner}, weight),
              random(weight, count * inner * hidden, 7));
  chain.result("ys", rowsOf(hidden, Element::F32),
               nothing(Element::F32, slots() * hidden));
  for (const char *name : {"s", "y"})
    chain.result(name, rowsOf(hidden, Element::F32),
                 nothing(Element::F32, tokens * hidden));
  chain.step("%ys = moe.grouped_linear %h, %w2, %plan : $h, $w2, $plan -> $ys",
             {"h", "w2", "plan"}, {"ys"}, slots());
  chain.step("%s = moe.combine %ys, %p, %plan : $ys, $p, $plan -> $s",
             {"ys", "p", "plan"}, {"s"}, tokens);
  chain.step("%y = decoder.add %r, %s : $y", {"r", "s"}, {"y"}, tokens);
}
