//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Measures fused matrix kernels of the experts beside the launches that they
/// replace, on one layer of Mixtral's width in bf16. Both are measured in turn,
/// and ratios are medians of pairs.
///
///   moec-bench-fusion [--target=host] [--threads=2] [--tokens=1,16,64,512]
///                     [--repeat=7] [--cpu-time]
///
//===----------------------------------------------------------------------===//

#include "Pool.h"
#include "test/codegen/MatmulFusions.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <sys/mman.h>
#include <time.h>

using namespace moec::bench;
using namespace moec::test;

namespace {

constexpr int64_t experts = 8, choices = 2, hidden = 4096, inner = 14336;
constexpr int64_t panels = 32;

clockid_t clockId = CLOCK_MONOTONIC;

double now() {
  timespec time;
  clock_gettime(clockId, &time);
  return double(time.tv_sec) + time.tv_nsec * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Small bf16 numbers in huge pages.
void *makeWeights() {
  size_t count = experts * hidden * inner;
  void *data = mmap(nullptr, 2 * count, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(data, 2 * count, MADV_HUGEPAGE);
  auto *values = static_cast<uint16_t *>(data);
  for (size_t i = 0; i < count; ++i)
    values[i] = 0x3c00 | (i * 2654435761u >> 20 & 0x81ff);
  return data;
}

/// Slots go to all experts evenly.
std::vector<int32_t> makePlan(int64_t tokens) {
  std::vector<int32_t> plan(1), slots, rowOf(tokens * choices);
  for (int64_t e = 0; e < experts; ++e) {
    for (int64_t slot = e; slot < tokens * choices; slot += experts) {
      rowOf[slot] = int32_t(slots.size());
      slots.push_back(int32_t(slot));
    }
    plan.push_back(int32_t(slots.size()));
  }
  plan.insert(plan.end(), slots.begin(), slots.end());
  plan.insert(plan.end(), rowOf.begin(), rowOf.end());
  return plan;
}

/// What a step of so many tokens needs, and its launches.
class Layer {
public:
  Layer(Pool &pool, const std::string &target, int64_t most)
      : pool(pool), up({Element::BF16, inner, hidden}),
        down({Element::BF16, hidden, inner}),
        library(up.pack(experts) + up.grouped(experts) + down.pack(experts) +
                    down.grouped(experts) + gateUpText(up, experts) +
                    downText(down, experts) + singleTexts(),
                target, most * choices),
        scratch(pool.size(), TestTensor(Element::F32, 4 << 20)) {}

  void measure(int64_t tokens, int repeat);

private:
  static std::string singleTexts();
  void run(const std::string &name, std::vector<void *> arguments,
           std::pair<int64_t, int64_t> rowsAndTasks, int64_t grain = 8) {
    moert_kernel kernel = library.get(name);
    int32_t status = 0;
    moert_launch launch = {};
    launch.arguments = arguments.data();
    launch.rows = rowsAndTasks.first;
    launch.status = &status;
    pool.run(rowsAndTasks.second, grain,
             [&](unsigned thread, int64_t from, int64_t to) {
               kernel(&launch, from, to, scratch[thread].data());
             });
  }

  Pool &pool;
  MatmulText up, down;
  KernelLibrary library;
  std::vector<TestTensor> scratch;
  void *w1 = makeWeights(), *w2 = makeWeights(), *w3 = makeWeights();
};

} // namespace

std::string Layer::singleTexts() {
  return R"(
exec.kernel @permute {
^bb0(%x: tensor<?x4096xbf16>, %plan: !moe.plan<8, 2>):
  %r = moe.permute %x, %plan : tensor<?x4096xbf16>, !moe.plan<8, 2> -> tensor<?x4096xbf16>
  exec.yield %r : tensor<?x4096xbf16>
}
exec.kernel @swiglu {
^bb0(%g: tensor<?x14336xf32>, %u: tensor<?x14336xf32>):
  %h = decoder.swiglu %g, %u : tensor<?x14336xf32> -> tensor<?x14336xbf16>
  exec.yield %h : tensor<?x14336xbf16>
}
exec.kernel @combine {
^bb0(%r: tensor<?x4096xf32>, %w: tensor<?x2xf32>, %plan: !moe.plan<8, 2>):
  %y = moe.combine %r, %w, %plan : tensor<?x4096xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x4096xf32>
  exec.yield %y : tensor<?x4096xf32>
}
exec.kernel @add {
^bb0(%a: tensor<?x4096xf32>, %b: tensor<?x4096xf32>):
  %y = decoder.add %a, %b : tensor<?x4096xf32>
  exec.yield %y : tensor<?x4096xf32>
}
)";
}

void Layer::measure(int64_t tokens, int repeat) {
  int64_t rows = tokens * choices;
  std::vector<int32_t> plan = makePlan(tokens);
  TestTensor x(Element::BF16, tokens * hidden),
      xs(Element::BF16, rows * hidden), packed(Element::BF16, rows * hidden),
      g(Element::F32, rows * inner), u(Element::F32, rows * inner),
      h(Element::BF16, rows * inner), hPacked(Element::BF16, rows * inner),
      ys(Element::F32, rows * hidden), y(Element::F32, tokens * hidden),
      weights(Element::F32, rows), residual(Element::F32, tokens * hidden);
  x.randomize(1), weights.randomize(2), residual.randomize(3);
  int64_t upTasks = inner / panels, downTasks = hidden / panels;
  auto gateUpSingly = [&] {
    run("permute", {x.data(), plan.data(), xs.data()}, {rows, rows});
    run("pack_groups" + up.suffix(), {xs.data(), plan.data(), packed.data()},
        {rows, up.lines()});
    for (auto [w, to] : {std::pair(w1, &g), {w3, &u}})
      run("grouped" + up.suffix(), {packed.data(), w, plan.data(), to->data()},
          {rows, experts * upTasks});
    run("swiglu", {g.data(), u.data(), h.data()}, {rows, rows}, 1);
  };
  auto gateUp = [&] {
    run("gate_up_experts", {x.data(), plan.data(), w1, w3, h.data()},
        {rows, experts * upTasks});
  };
  auto downSingly = [&] {
    run("pack_groups" + down.suffix(), {h.data(), plan.data(), hPacked.data()},
        {rows, down.lines()});
    run("grouped" + down.suffix(), {hPacked.data(), w2, plan.data(), ys.data()},
        {rows, experts * downTasks});
    run("combine", {ys.data(), weights.data(), plan.data(), y.data()},
        {tokens, tokens}, 1);
    run("add", {residual.data(), y.data(), y.data()}, {tokens, tokens}, 1);
  };
  auto downCombine = [&] {
    run("down",
        {h.data(), w2, plan.data(), weights.data(), residual.data(), y.data()},
        {tokens, downTasks});
  };
  auto compare = [&](const char *name, auto singly, auto fused) {
    std::vector<double> single, together, ratios;
    for (int i = 0; i < repeat; ++i) {
      double start = now();
      singly();
      double middle = now();
      fused();
      double end = now();
      single.push_back(middle - start);
      together.push_back(end - middle);
      ratios.push_back(single.back() / together.back());
    }
    std::printf("%6ld  %-12s %10.3f %10.3f %8.3f\n", long(tokens), name,
                1e3 * median(single), 1e3 * median(together), median(ratios));
  };
  compare("gate-up", gateUpSingly, gateUp);
  compare("down-combine", downSingly, downCombine);
}

int main(int argc, char **argv) {
  std::string target = "host";
  unsigned threads = std::thread::hardware_concurrency();
  int repeat = 7;
  std::vector<int64_t> tokens = {1, 16, 64, 512};
  CLI::App app("Measures fused kernels beside the launches they replace");
  app.add_option("--target", target, "what to compile for");
  app.add_option("--threads", threads, "threads");
  app.add_option("--tokens", tokens, "tokens of a step")->delimiter(',');
  app.add_option("--repeat", repeat, "measurements of each kind");
  bool cpuTime = false;
  app.add_flag("--cpu-time", cpuTime, "measure time on the CPU; one thread");
  CLI11_PARSE(app, argc, argv);
  if (cpuTime) {
    clockId = CLOCK_PROCESS_CPUTIME_ID;
    threads = 1;
  }
  Pool pool(threads);
  Layer layer(pool, target, *std::max_element(tokens.begin(), tokens.end()));
  std::printf("%6s  %-12s %10s %10s %8s\n", "tokens", "fusion", "singly ms",
              "fused ms", "ratio");
  for (int64_t t : tokens)
    layer.measure(t, repeat);
}
