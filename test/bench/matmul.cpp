//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Measures matrix kernels beside the read bandwidth and the multiplication
/// rate of the machine. Every measurement of a kernel comes with one of each
/// probe just before it, and shares are medians of those ratios: so what else
/// runs on the machine disturbs them little.
///
///   moec-bench-matmul [--target=host] [--threads=2] [--rows=1,16,512]
///                     [--repeat=9] [--pages=huge|small|file] [--cpu-time]
///                     [--shape=14336x4096] [--weight=bf16|f16|f32]
///
/// With one thread on a busy machine, --cpu-time leaves out what others take.
///
//===----------------------------------------------------------------------===//

#include "Pool.h"
#include "Probes.h"
#include "Timing.h"
#include "test/codegen/MatmulRunner.h"

#include "codegen/Target.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace moec;
using namespace moec::bench;
using namespace moec::test;

namespace {

struct Options {
  std::string target = "host", pages = "huge", folder = "/var/tmp";
  std::string weight = "bf16";
  unsigned threads = std::thread::hardware_concurrency();
  int repeat = 9;
  std::vector<int64_t> rows = {1, 2, 4, 8, 12, 16, 32, 64, 128, 512};
  std::vector<std::string> shapes = {"14336x4096", "4096x14336"};
};

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Small bf16 numbers in memory of a kind, enough of it that no cache holds any
/// part until it is read again.
class Weights {
public:
  Weights(int64_t bytes, const Options &options)
      : bytes(bytes), copies((int64_t(1) << 30) / bytes + 1) {
    size = bytes * copies;
    int file = -1, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    std::string path = options.folder + "/moec-bench-matmul.weights";
    if (options.pages == "file") {
      file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
      if (file < 0 || ftruncate(file, size) != 0)
        std::exit((std::perror(path.c_str()), 1));
      unlink(path.c_str());
      kind = MAP_SHARED;
    }
    data = static_cast<char *>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, kind, file, 0));
    if (file >= 0)
      close(file);
    madvise(data, size,
            options.pages == "huge" ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    auto *values = reinterpret_cast<uint16_t *>(data);
    for (int64_t i = 0; i < size / 2; ++i)
      values[i] = 0x3c00 | (i * 2654435761u >> 20 & 0x81ff);
  }
  ~Weights() { munmap(data, size); }
  char *next() { return data + bytes * (turn++ % copies); }
  int64_t length() const { return bytes; }

private:
  int64_t bytes, copies, size, turn = 0;
  char *data;
};

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

struct Bench {
  const Options &options;
  Pool pool;
  Multiply multiply;

  explicit Bench(const Options &options)
      : options(options), pool(options.threads) {
    multiply = multiplyOf(llvm::cantFail(lookupTarget(options.target)),
                          options.weight == "bf16");
  }

  /// GB/s, the better of two ways to read.
  double probeRead(Weights &weights) {
    double best = 0;
    for (auto *read : {readPlain, readPrefetching}) {
      char *data = weights.next();
      int64_t chunk = 1 << 21, chunks = weights.length() / chunk;
      double start = now();
      pool.run(chunks, 1, [&](unsigned, int64_t from, int64_t to) {
        read(data + from * chunk, (to - from) * chunk);
      });
      best = std::max(best, chunks * chunk / (now() - start) / 1e9);
    }
    return best;
  }
  /// GFLOP/s.
  double probeMultiply() {
    std::vector<double> flops(pool.size());
    double start = now();
    pool.run(pool.size(), 1, [&](unsigned, int64_t from, int64_t) {
      flops[from] = multiplyInRegisters(multiply, 1 << 20);
    });
    double sum = 0;
    for (double f : flops)
      sum += f;
    return sum / (now() - start) / 1e9;
  }

  void shape(int64_t n, int64_t k);
  void row(const KernelLibrary &library, Weights &weights, MatmulText text,
           int64_t rows);
};

} // namespace

void Bench::row(const KernelLibrary &library, Weights &weights, MatmulText text,
                int64_t rows) {
  Element element = activationOf(text.weight);
  TestTensor x(element, rows * text.k), packed(element, rows * text.k);
  TestTensor y(Element::F32, rows * text.n);
  x.randomize(1);
  int64_t scratchBytes = 8 << 20;
  std::vector<TestTensor> scratch(pool.size(),
                                  TestTensor(Element::F32, scratchBytes / 4));
  auto run = [&](const std::string &name, std::vector<void *> arguments,
                 int64_t tasks) {
    moert_kernel kernel = library.get(name);
    int32_t status = 0;
    moert_launch launch = {arguments.data(), rows, &status, nullptr, nullptr};
    pool.run(tasks, 8, [&](unsigned thread, int64_t from, int64_t to) {
      kernel(&launch, from, to, scratch[thread].data());
    });
  };
  std::vector<double> times, readShares, multiplyShares;
  double flops = 2.0 * rows * text.n * text.k;
  for (int i = 0; i < options.repeat; ++i) {
    double read = probeRead(weights), multiplied = probeMultiply();
    double start = now();
    bool packs = text.order == Order::Chain;
    if (packs)
      run("pack" + text.suffix(), {x.data(), packed.data()}, text.lines());
    run("linear" + text.suffix(),
        {(packs ? packed : x).data(), weights.next(), y.data()}, text.panels());
    double time = now() - start;
    times.push_back(time);
    readShares.push_back(weights.length() / time / 1e9 / read);
    multiplyShares.push_back(flops / time / 1e9 / multiplied);
  }
  double best = *std::min_element(times.begin(), times.end());
  std::printf("%5ld %9.3f %9.1f %9.1f %9.0f %% %9.0f %%\n", long(rows),
              best * 1e3, flops / best / 1e9, weights.length() / best / 1e9,
              100 * median(readShares), 100 * median(multiplyShares));
}

void Bench::shape(int64_t n, int64_t k) {
  Element weight = Element::BF16;
  for (Element element : {Element::F16, Element::F32})
    if (spell(element) == options.weight)
      weight = element;
  MatmulText text = {weight, n, k,
                     multiply == Multiply::TilesBF16 ? Order::Tiles
                                                     : Order::Chain};
  int64_t most = *std::max_element(options.rows.begin(), options.rows.end());
  double start = now();
  KernelLibrary library(text.pack() + text.linear(), options.target, most);
  std::printf("N=%ld K=%ld %s, target %s, %u threads, %s pages; "
              "compiled in %.2f s\n",
              long(n), long(k), options.weight.c_str(), options.target.c_str(),
              pool.size(), options.pages.c_str(), now() - start);
  Weights weights(n * k * (weight == Element::F32 ? 4 : 2), options);
  double read = 0, multiplied = 0;
  for (int i = 0; i < options.repeat; ++i) {
    read = std::max(read, probeRead(weights));
    multiplied = std::max(multiplied, probeMultiply());
  }
  std::printf("read probe %.1f GB/s, multiply probe %.1f GFLOP/s\n", read,
              multiplied);
  std::printf("%5s %9s %9s %9s %11s %11s\n", "rows", "best ms", "GFLOP/s",
              "GB/s", "of read", "of multiply");
  for (int64_t rows : options.rows)
    row(library, weights, text, rows);
}

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Measures matrix kernels beside probes of the machine");
  app.add_option("--target", options.target, "what to compile for");
  app.add_option("--threads", options.threads, "threads");
  app.add_option("--rows", options.rows, "rows of activations")->delimiter(',');
  app.add_option("--repeat", options.repeat, "measurements of each kind");
  app.add_option("--shape", options.shapes, "NxK, multiples of 32")
      ->delimiter(',');
  app.add_option("--weight", options.weight, "element of the weights")
      ->check(CLI::IsMember({"bf16", "f16", "f32"}));
  app.add_option("--pages", options.pages, "memory of the weights")
      ->check(CLI::IsMember({"huge", "small", "file"}));
  app.add_option("--folder", options.folder, "where --pages=file makes a file");
  bool cpuTime = false;
  app.add_flag("--cpu-time", cpuTime, "measure time on the CPU; one thread");
  CLI11_PARSE(app, argc, argv);
  if (cpuTime) {
    clockId = CLOCK_PROCESS_CPUTIME_ID;
    options.threads = 1;
  }
  Bench bench(options);
  for (const std::string &shape : options.shapes) {
    size_t x = shape.find('x');
    bench.shape(std::stol(shape.substr(0, x)), std::stol(shape.substr(x + 1)));
  }
}
