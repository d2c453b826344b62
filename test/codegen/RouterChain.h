//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Routing as a chain of kernels of one operation each.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_ROUTERCHAIN_H
#define TEST_CODEGEN_ROUTERCHAIN_H

#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulRunner.h"

namespace moec::test {

/// A router and what is around it: types and operations as text.
struct RouterLayer {
  int64_t experts, hidden, k;
  Element weight;
  bool bias = false;
  std::string score = "softmax) renormalize";

  Element activation() const { return activationOf(weight); }
  std::string x() const { return rowsOf(hidden, Element::F32); }
  std::string normWeight() const { return vectorOf(hidden, Element::F32); }
  std::string normed() const { return rowsOf(hidden, activation()); }
  std::string gate() const {
    return "tensor<" + std::to_string(experts) + "x" + std::to_string(hidden) +
           "x" + spell(weight) + ">";
  }
  std::string biasType() const { return vectorOf(experts, Element::F32); }
  std::string logits() const { return rowsOf(experts, Element::F32); }
  std::string choices() const { return rowsOf(k, Element::I32); }
  std::string weights() const { return rowsOf(k, Element::F32); }
  std::string plan() const {
    return "!moe.plan<" + std::to_string(experts) + ", " + std::to_string(k) +
           ">";
  }

  std::string normOp() const {
    return "  %y = decoder.rms_norm %x, %nw epsilon(1.0e-05) : " + x() + ", " +
           normWeight() + " -> " + normed() + "\n";
  }
  std::string routerOp() const {
    return "  %l = moe.router %y, %w" +
           (bias ? " bias %b : " + biasType() : "") + " : " + normed() + ", " +
           gate() + " -> " + logits() + "\n";
  }
  std::string topKOp() const {
    return "  %e, %p = moe.top_k %l k(" + std::to_string(k) + ") score(" +
           score + " : " + logits() + " -> " + choices() + ", " + weights() +
           "\n";
  }
  std::string dispatchOp() const {
    return "  %plan = moe.dispatch %e : " + choices() + " -> " + plan() + "\n";
  }
  /// Router, top_k and dispatch.
  std::string routing() const { return routerOp() + topKOp() + dispatchOp(); }
  /// Kernels of one operation each: norm, pack, router, top_k, dispatch.
  std::vector<std::string> singleKernels() const;
  /// Operands of all four operations but the bias.
  KernelText::Values operands() const {
    return {{"%x", x()}, {"%nw", normWeight()}, {"%w", gate()}};
  }
};

/// All values between the operations of a step.
struct RouterValues {
  TestTensor x, normed, experts, weights, plan;

  RouterValues(const RouterLayer &layer, int64_t tokens)
      : x(Element::F32, tokens * layer.hidden),
        normed(layer.activation(), tokens * layer.hidden),
        experts(Element::I32, tokens * layer.k),
        weights(Element::F32, tokens * layer.k),
        plan(Element::I32, layer.experts + 1 + 2 * tokens * layer.k) {}
};

/// A layer's parameters, and its operations as kernels of one each.
class RouterChain {
public:
  explicit RouterChain(const RouterLayer &layer);

  /// Computes all values from x. Returns the status of top_k.
  int32_t run(RouterValues &values, int64_t tokens);

  RouterLayer layer;
  TestTensor normWeight, bias;
  Matrix gate;

private:
  TestTensor panels;
  std::vector<std::unique_ptr<LoadedKernel>> kernels;
};

} // namespace moec::test

#endif // TEST_CODEGEN_ROUTERCHAIN_H
