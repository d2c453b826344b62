//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Measures fused matrix kernels of the experts beside the launches that they
/// replace, on one layer of Mixtral's width in bf16, and beside their floor:
/// the longer of the bytes of the experts that have rows, at the rate of a read
/// probe, and of the FLOPs, at that of multiplications in registers. All are
/// measured in turn, and ratios are medians over turns.
///
///   moec-bench-fusion [--target=host] [--threads=2] [--tokens=1,16,64,512]
///                     [--repeat=7] [--uneven] [--small-pages] [--cpu-time]
///
/// Slots go to the experts evenly, or very unevenly.
///
//===----------------------------------------------------------------------===//

#include "Pool.h"
#include "Probes.h"
#include "Timing.h"
#include "test/codegen/MatmulFusions.h"

#include "codegen/x86/MatrixLoops.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
#include <sys/mman.h>

using namespace moec::bench;
using namespace moec::test;

namespace {

constexpr int64_t experts = 8, choices = 2, hidden = 4096, inner = 14336;
constexpr int64_t panels = 32;

/// Of the weights of one product of all experts.
constexpr int64_t weightCount = experts * hidden * inner;

/// Small bf16 numbers. An artifact's are in small pages.
void *makeWeights(bool smallPages) {
  size_t count = weightCount;
  void *data = mmap(nullptr, 2 * count, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(data, 2 * count, smallPages ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
  auto *values = static_cast<uint16_t *>(data);
  for (size_t i = 0; i < count; ++i)
    values[i] = 0x3c00 | (i * 2654435761u >> 20 & 0x81ff);
  return data;
}

/// How often each expert is chosen of a model that routes unevenly.
constexpr double popularity[experts] = {60, 39, 14, 9, 2, 2, 1, 1};

/// The expert of each slot: those of a token differ.
std::vector<int64_t> route(int64_t tokens, bool unevenly) {
  std::mt19937_64 random(1);
  std::discrete_distribution<int64_t> draw(popularity, popularity + experts);
  std::vector<int64_t> expertOf;
  for (int64_t token = 0; token < tokens; ++token) {
    int64_t first = unevenly ? draw(random) : token * choices % experts;
    int64_t second = (first + 1) % experts;
    while (unevenly && (second = draw(random)) == first)
      ;
    expertOf.push_back(first);
    expertOf.push_back(second);
  }
  return expertOf;
}

/// The arrays of a plan; see runtime/abi/Kernel.h.
std::vector<int32_t> makePlan(const std::vector<int64_t> &expertOf) {
  std::vector<int32_t> plan(1), slots, rowOf(expertOf.size());
  for (int64_t e = 0; e < experts; ++e) {
    for (size_t slot = 0; slot < expertOf.size(); ++slot) {
      if (expertOf[slot] != e)
        continue;
      rowOf[slot] = int32_t(slots.size());
      slots.push_back(int32_t(slot));
    }
    plan.push_back(int32_t(slots.size()));
  }
  plan.insert(plan.end(), slots.begin(), slots.end());
  plan.insert(plan.end(), rowOf.begin(), rowOf.end());
  return plan;
}

struct Options {
  std::string target = "host";
  unsigned threads = std::thread::hardware_concurrency();
  int repeat = 7;
  std::vector<int64_t> tokens = {1, 16, 64, 512};
  bool uneven = false, smallPages = false, cpuTime = false;
};

/// What a step of so many tokens needs, and its launches.
class Layer {
public:
  Layer(Pool &pool, const Options &options)
      : options(options), pool(pool),
        multiply(multiplyOf(llvm::cantFail(moec::lookupTarget(options.target)),
                            true)),
        up({Element::BF16, inner, hidden,
            multiply == Multiply::TilesBF16 ? Order::Tiles : Order::Chain}),
        down({Element::BF16, hidden, inner, up.order}),
        library(up.pack(experts) + up.grouped(experts) + down.pack(experts) +
                    down.grouped(experts) + gateUpText(up, experts) +
                    downText(down, experts) + singleTexts(),
                options.target,
                choices * *std::max_element(options.tokens.begin(),
                                            options.tokens.end())),
        scratch(pool.size(), TestTensor(Element::F32, 4 << 20)) {}

  void measure(int64_t tokens);

private:
  /// What both of a pair compute: of so many experts, for so many rows.
  struct Work {
    double weightBytes, flops;
  };
  void compare(const char *name, int64_t tokens, Work work,
               const std::function<void()> &singly,
               const std::function<void()> &fused);
  double floor(Work work);
  static std::string singleTexts();
  void run(const std::string &name, std::vector<void *> arguments,
           std::pair<int64_t, int64_t> rowsAndTasks, int64_t grain = 0) {
    if (grain == 0)
      grain =
          up.order == Order::Tiles ? moec::amxGroupPanels : moec::groupPanels;
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

  const Options &options;
  Pool &pool;
  Multiply multiply;
  MatmulText up, down;
  KernelLibrary library;
  std::vector<TestTensor> scratch;
  void *w1 = makeWeights(options.smallPages),
       *w2 = makeWeights(options.smallPages),
       *w3 = makeWeights(options.smallPages);
  int64_t probed = 0; ///< bytes of w1 that the read probe has passed
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

/// Seconds that the work takes at least, by probes of the machine as it is now.
double Layer::floor(Work work) {
  constexpr int64_t chunk = 1 << 21, chunks = 48, rounds = 1 << 20;
  double read = 0;
  for (auto *reader : {readPlain, readPrefetching}) {
    auto *data = static_cast<const char *>(w1) + probed;
    double start = now();
    pool.run(chunks, 1, [&](unsigned, int64_t from, int64_t to) {
      reader(data + from * chunk, (to - from) * chunk);
    });
    read = std::max(read, chunks * chunk / (now() - start));
    probed = (probed + chunks * chunk) % (2 * weightCount - chunks * chunk);
  }
  std::vector<double> flops(pool.size());
  double start = now();
  pool.run(pool.size(), 1, [&](unsigned, int64_t from, int64_t) {
    flops[from] = multiplyInRegisters(multiply, rounds);
  });
  double rate =
      std::accumulate(flops.begin(), flops.end(), 0.0) / (now() - start);
  return std::max(work.weightBytes / read, work.flops / rate);
}

void Layer::compare(const char *name, int64_t tokens, Work work,
                    const std::function<void()> &singly,
                    const std::function<void()> &fused) {
  std::vector<double> single, together, ratios, floors, shares;
  for (int i = 0; i < options.repeat; ++i) {
    floors.push_back(floor(work));
    double start = now();
    singly();
    double middle = now();
    fused();
    double end = now();
    single.push_back(middle - start);
    together.push_back(end - middle);
    ratios.push_back(single.back() / together.back());
    shares.push_back(floors.back() / together.back());
  }
  std::printf("%6ld  %-12s %10.3f %10.3f %8.3f %10.3f %8.0f %%\n", long(tokens),
              name, 1e3 * median(single), 1e3 * median(together),
              median(ratios), 1e3 * median(floors), 100 * median(shares));
}

void Layer::measure(int64_t tokens) {
  int64_t rows = tokens * choices;
  std::vector<int32_t> plan = makePlan(route(tokens, options.uneven));
  TestTensor x(Element::BF16, tokens * hidden),
      xs(Element::BF16, rows * hidden), packed(Element::BF16, rows * hidden),
      g(Element::F32, rows * inner), u(Element::F32, rows * inner),
      h(Element::BF16, rows * inner), hPacked(Element::BF16, rows * inner),
      ys(Element::F32, rows * hidden), y(Element::F32, tokens * hidden),
      weights(Element::F32, rows), residual(Element::F32, tokens * hidden);
  x.randomize(1), weights.randomize(2), residual.randomize(3);
  bool packs = up.order == Order::Chain;
  int64_t upTasks = inner / panels, downTasks = hidden / panels;
  auto gateUpSingly = [&] {
    run("permute", {x.data(), plan.data(), xs.data()}, {rows, rows});
    if (packs)
      run("pack_groups" + up.suffix(), {xs.data(), plan.data(), packed.data()},
          {rows, up.lines()});
    for (auto [w, to] : {std::pair(w1, &g), {w3, &u}})
      run("grouped" + up.suffix(),
          {(packs ? packed : xs).data(), w, plan.data(), to->data()},
          {rows, experts * upTasks});
    run("swiglu", {g.data(), u.data(), h.data()}, {rows, rows}, 1);
  };
  auto gateUp = [&] {
    run("gate_up_experts", {x.data(), plan.data(), w1, w3, h.data()},
        {rows, experts * upTasks});
  };
  auto downSingly = [&] {
    if (packs)
      run("pack_groups" + down.suffix(),
          {h.data(), plan.data(), hPacked.data()}, {rows, down.lines()});
    run("grouped" + down.suffix(),
        {(packs ? hPacked : h).data(), w2, plan.data(), ys.data()},
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
  double reached = 0;
  for (int64_t e = 0; e < experts; ++e)
    reached += plan[e] < plan[e + 1];
  Work one = {reached * 2 * hidden * inner, 2.0 * rows * hidden * inner};
  compare("gate-up", tokens, {2 * one.weightBytes, 2 * one.flops}, gateUpSingly,
          gateUp);
  compare("down-combine", tokens, one, downSingly, downCombine);
}

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Measures fused kernels beside what they replace and the floor");
  app.add_option("--target", options.target, "what to compile for");
  app.add_option("--threads", options.threads, "threads");
  app.add_option("--tokens", options.tokens, "tokens of a step")
      ->delimiter(',');
  app.add_option("--repeat", options.repeat, "measurements of each kind");
  app.add_flag("--uneven", options.uneven,
               "slots go to some experts more often");
  app.add_flag("--small-pages", options.smallPages, "as an artifact's are");
  app.add_flag("--cpu-time", options.cpuTime,
               "measure time on the CPU; one thread");
  CLI11_PARSE(app, argc, argv);
  if (options.cpuTime) {
    clockId = CLOCK_PROCESS_CPUTIME_ID;
    options.threads = 1;
  }
  Pool pool(options.threads);
  Layer layer(pool, options);
  std::printf("%6s  %-12s %10s %10s %8s %10s %10s\n", "tokens", "fusion",
              "singly ms", "fused ms", "ratio", "floor ms", "of floor");
  for (int64_t tokens : options.tokens)
    layer.measure(tokens);
}
