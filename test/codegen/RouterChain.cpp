//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/RouterChain.h"

using namespace moec::test;

std::vector<std::string> RouterLayer::singleKernels() const {
  KernelText norm = {
      {{"%x", x()}, {"%nw", normWeight()}}, normOp(), {{"%y", normed()}}};
  KernelText topK = {
      {{"%l", logits()}}, topKOp(), {{"%e", choices()}, {"%p", weights()}}};
  KernelText dispatch = {
      {{"%e", choices()}}, dispatchOp(), {{"%plan", plan()}}};
  MatmulText product = {weight, experts, hidden};
  return {norm.text(), product.pack(), product.router(bias ? "f32" : ""),
          topK.text(), dispatch.text()};
}

RouterChain::RouterChain(const RouterLayer &layer)
    : layer(layer), normWeight(Element::F32, layer.hidden),
      bias(Element::F32, layer.experts),
      gate(layer.weight, layer.experts, layer.hidden, 3),
      panels(packPanels(gate, 1)) {
  normWeight.randomize(1, 0.2);
  bias.randomize(2);
  for (const std::string &text : layer.singleKernels())
    kernels.push_back(
        std::make_unique<LoadedKernel>(text, runnableTargets().front()));
}

int32_t RouterChain::run(RouterValues &v, int64_t tokens) {
  TestTensor packed(layer.activation(),
                    tokens * padded(layer.hidden, layer.weight));
  TestTensor logits(Element::F32, tokens * layer.experts);
  runWhole(*kernels[0], {reads(v.x), reads(normWeight), writes(v.normed)},
           tokens);
  runWhole(*kernels[1], {reads(v.normed), writes(packed)}, tokens);
  std::vector<Argument> product = {reads(packed), reads(panels)};
  if (layer.bias)
    product.push_back(reads(bias));
  product.push_back(writes(logits));
  runWhole(*kernels[2], product, tokens);
  int32_t status =
      runWhole(*kernels[3],
               {reads(logits), writes(v.experts), writes(v.weights)}, tokens);
  runWhole(*kernels[4], {reads(v.experts), writes(v.plan)}, tokens);
  return status;
}
