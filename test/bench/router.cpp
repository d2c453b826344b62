//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Measures the kernel that routes beside the launches that it replaces: norm,
/// pack, router, top-k and dispatch of bf16. Both are measured in turn, and
/// ratios are medians of pairs. Each launch reads another router's weight, of
/// so many that they come from memory, as in a model.
///
///   moec-bench-router [--target=host] [--threads=2] [--tokens=1,2,4,8,64]
///                     [--experts=8,64] [--hidden=4096] [--repeat=200]
///
//===----------------------------------------------------------------------===//

#include "Pool.h"
#include "Timing.h"
#include "test/codegen/RouterChain.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace moec::bench;
using namespace moec::test;

namespace {

constexpr int64_t weightBytes = 512 << 20; ///< of all routers together

/// The routers of a model, and the kernels that route.
class Routers {
public:
  Routers(Pool &pool, const std::string &target, const RouterLayer &layer,
          int64_t most);
  void measure(int64_t tokens, int repeat);

private:
  void run(const LoadedKernel &kernel, std::vector<void *> arguments,
           int64_t tokens, int64_t grain);
  void runSingly(int64_t tokens);
  void runFused(int64_t tokens);
  void *weight(TestTensor &all, int64_t bytes) {
    return static_cast<char *>(all.data()) + turn % count * bytes;
  }

  Pool &pool;
  RouterLayer layer;
  RouterValues values;
  int64_t rowBytes, panelBytes, count, turn = 0;
  TestTensor normWeight, gates, panels, packed, logits;
  std::vector<std::unique_ptr<LoadedKernel>> singles;
  std::unique_ptr<LoadedKernel> fused;
  std::vector<TestTensor> scratch;
};

} // namespace

Routers::Routers(Pool &pool, const std::string &target,
                 const RouterLayer &layer, int64_t most)
    : pool(pool), layer(layer), values(layer, most),
      rowBytes(2 * layer.experts * layer.hidden),
      panelBytes(2 * (layer.experts + 31) / 32 * 32 * layer.hidden),
      count(weightBytes / panelBytes), normWeight(Element::F32, layer.hidden),
      gates(Element::BF16, count * rowBytes / 2),
      panels(Element::BF16, count * panelBytes / 2),
      packed(Element::BF16, most * layer.hidden),
      logits(Element::F32, most * layer.experts),
      scratch(pool.size(), TestTensor(Element::F32, 1 << 20)) {
  values.x.randomize(1);
  normWeight.fill(1);
  for (TestTensor *all : {&gates, &panels}) {
    auto *bits = static_cast<uint16_t *>(all->data());
    for (int64_t i = 0; i < all->size(); ++i)
      bits[i] = uint16_t(0x3c00 | (i * 2654435761u >> 20 & 0x81ff));
  }
  for (const std::string &text : layer.singleKernels())
    singles.push_back(std::make_unique<LoadedKernel>(text, target));
  KernelText all = {layer.operands(),
                    layer.normOp() + layer.routing(),
                    {{"%p", layer.weights()},
                     {"%y", layer.normed()},
                     {"%plan", layer.plan()}}};
  fused = std::make_unique<LoadedKernel>(all.text(), target);
}

void Routers::run(const LoadedKernel &kernel, std::vector<void *> arguments,
                  int64_t tokens, int64_t grain) {
  int32_t status = 0;
  int64_t finished = 0;
  pool.run(kernel.tasks(tokens), grain,
           [&](unsigned thread, int64_t from, int64_t to) {
             kernel.call(
                 {arguments.data(), tokens, &status, &finished, nullptr}, from,
                 to, scratch[thread].data());
           });
}

void Routers::runSingly(int64_t tokens) {
  run(*singles[0], {values.x.data(), normWeight.data(), values.normed.data()},
      tokens, 4);
  run(*singles[1], {values.normed.data(), packed.data()}, tokens, 64);
  run(*singles[2], {packed.data(), weight(panels, panelBytes), logits.data()},
      tokens, 1);
  run(*singles[3],
      {logits.data(), values.experts.data(), values.weights.data()}, tokens,
      16);
  run(*singles[4], {values.experts.data(), values.plan.data()}, tokens, 1);
}

void Routers::runFused(int64_t tokens) {
  run(*fused,
      {values.x.data(), normWeight.data(), weight(gates, rowBytes),
       values.weights.data(), values.normed.data(), values.plan.data()},
      tokens, 16);
}

void Routers::measure(int64_t tokens, int repeat) {
  std::vector<double> single, together, ratios;
  for (int i = 0; i < repeat; ++i, ++turn) {
    double start = now();
    runSingly(tokens);
    double middle = now();
    runFused(tokens);
    double end = now();
    single.push_back(middle - start);
    together.push_back(end - middle);
    ratios.push_back(single.back() / together.back());
  }
  std::printf("%7ld %7ld %10.1f %10.1f %8.3f\n", long(layer.experts),
              long(tokens), 1e6 * median(single), 1e6 * median(together),
              median(ratios));
}

int main(int argc, char **argv) {
  std::string target = runnableTargets().back();
  unsigned threads = std::thread::hardware_concurrency();
  int repeat = 200;
  int64_t hidden = 4096;
  std::vector<int64_t> tokens = {1, 2, 4, 8, 64}, experts = {8, 64};
  CLI::App app("Measures the kernel that routes beside single launches");
  app.add_option("--target", target, "what to compile for");
  app.add_option("--threads", threads, "threads");
  app.add_option("--tokens", tokens, "tokens of a step")->delimiter(',');
  app.add_option("--experts", experts, "experts to choose from")
      ->delimiter(',');
  app.add_option("--hidden", hidden, "elements of a token");
  app.add_option("--repeat", repeat, "measurements of each kind");
  CLI11_PARSE(app, argc, argv);
  Pool pool(threads);
  std::printf("%7s %7s %10s %10s %8s\n", "experts", "tokens", "singly us",
              "fused us", "ratio");
  for (int64_t e : experts) {
    Routers routers(pool, target, {e, hidden, 2, Element::BF16},
                    *std::max_element(tokens.begin(), tokens.end()));
    for (int64_t t : tokens)
      routers.measure(t, repeat);
  }
}
