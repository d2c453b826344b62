//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/MatmulFusions.h"

#include <cstring>

using namespace moec::test;

namespace {

/// The types of a product, by a name that stands for them in the text.
struct Types {
  std::string x, w, y, h, plan;

  Types(const MatmulText &shape, int64_t experts) {
    std::string n = std::to_string(shape.n), k = std::to_string(shape.k);
    std::string activation = spell(activationOf(shape.weight));
    std::string matrix = n + "x" + k + "x" + spell(shape.weight);
    if (experts)
      matrix = std::to_string(experts) + "x" + matrix;
    x = "tensor<?x" + k + "x" + activation + ">";
    y = "tensor<?x" + n + "xf32>";
    h = "tensor<?x" + n + "x" + activation + ">";
    w = "tensor<" + matrix + ", #exec.panels<32, " +
        std::to_string(depthOf(shape.weight)) + ", " +
        std::to_string(unitOf(shape.weight)) + ">>";
    plan = "!moe.plan<" + std::to_string(experts) + ", 2>";
  }

  /// Replaces $x, $w, $y, $h and $p.
  std::string in(std::string text) const {
    const std::pair<const char *, const std::string &> names[] = {
        {"$x", x}, {"$w", w}, {"$y", y}, {"$h", h}, {"$p", plan}};
    for (const auto &[name, type] : names)
      for (size_t at; (at = text.find(name)) != std::string::npos;)
        text.replace(at, 2, type);
    return text;
  }
};

} // namespace

std::string moec::test::linearAddText(const MatmulText &shape) {
  return Types(shape, 0).in(R"(exec.kernel @linear_add {
^bb0(%x: $x, %w: $w, %r: $y):
  %s = decoder.linear %x, %w : $x, $w -> $y
  %y = decoder.add %r, %s : $y
  exec.yield %y : $y
})");
}

std::string moec::test::gateUpText(const MatmulText &shape, int64_t experts) {
  if (!experts)
    return Types(shape, 0).in(R"(exec.kernel @gate_up {
^bb0(%x: $x, %w1: $w, %w3: $w):
  %g = decoder.linear %x, %w1 : $x, $w -> $y
  %u = decoder.linear %x, %w3 : $x, $w -> $y
  %h = decoder.swiglu %g, %u : $y -> $h
  exec.yield %h : $h
})");
  return Types(shape, experts).in(R"(exec.kernel @gate_up_experts {
^bb0(%x: $x, %plan: $p, %w1: $w, %w3: $w):
  %xs = moe.permute %x, %plan : $x, $p -> $x
  %g = moe.grouped_linear %xs, %w1, %plan : $x, $w, $p -> $y
  %u = moe.grouped_linear %xs, %w3, %plan : $x, $w, $p -> $y
  %h = decoder.swiglu %g, %u : $y -> $h
  exec.yield %h : $h
})");
}

std::string moec::test::downText(const MatmulText &shape, int64_t experts) {
  return Types(shape, experts).in(R"(exec.kernel @down {
^bb0(%h: $x, %w: $w, %plan: $p, %weights: tensor<?x2xf32>, %r: $y):
  %ys = moe.grouped_linear %h, %w, %plan : $x, $w, $p -> $y
  %s = moe.combine %ys, %weights, %plan : $y, tensor<?x2xf32>, $p -> $y
  %y = decoder.add %r, %s : $y
  exec.yield %y : $y
})");
}

std::string moec::test::swigluText(Element result) {
  std::string y = "tensor<?x1x" + spell(result) + ">";
  return "exec.kernel @swiglu {\n"
         "^bb0(%g: tensor<?x1xf32>, %u: tensor<?x1xf32>):\n"
         "  %y = decoder.swiglu %g, %u : tensor<?x1xf32> -> " +
         y + "\n  exec.yield %y : " + y + "\n}";
}

std::string moec::test::addOfTwoProductsText() {
  return Types({Element::F32, 32, 64}, 0).in(R"(exec.kernel @k {
^bb0(%x: $x, %v: $w, %w: $w):
  %a = decoder.linear %x, %v : $x, $w -> $y
  %b = decoder.linear %x, %w : $x, $w -> $y
  %y = decoder.add %a, %b : $y
  exec.yield %y : $y
})");
}

FusedKernel::FusedKernel(const std::string &text) {
  for (Order order : {Order::Chain, Order::Tiles})
    for (const std::string &target : runnableTargets(order))
      targets[target] = std::make_unique<LoadedKernel>(text, target);
}

testing::AssertionResult moec::test::sameBytes(TestTensor &got,
                                               TestTensor &wanted) {
  if (got.bytes() == wanted.bytes() &&
      std::memcmp(got.data(), wanted.data(), got.bytes()) == 0)
    return testing::AssertionSuccess();
  for (int64_t i = 0; i < got.size(); ++i)
    if (!(got.get(i) == wanted.get(i)))
      return testing::AssertionFailure()
             << "element " << i << " is " << got.get(i) << ", not "
             << wanted.get(i);
  return testing::AssertionFailure() << "the sign of a zero differs";
}
