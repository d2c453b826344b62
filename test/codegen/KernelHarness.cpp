//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include "test/codegen/AmxEmulator.h"
#include "test/codegen/GpuHarness.h"

#include "codegen/x86/CompileKernels.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "mlir/Parser/Parser.h"
#include "llvm/TargetParser/Host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <dlfcn.h>
#include <stdexcept>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace moec;
using namespace moec::test;

//===----------------------------------------------------------------------===//
// Compiling and loading
//===----------------------------------------------------------------------===//

static bool runsHere(const char *name) {
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  Target target = llvm::cantFail(lookupTarget(name));
  return llvm::all_of(target.requiredFeatures, [&](const std::string &feature) {
    return features.lookup(feature);
  });
}

std::vector<Order> moec::test::ordersOf(Element weight) {
  if (weight == Element::BF16)
    return {Order::Chain, Order::Tiles};
  return {Order::Chain};
}

std::vector<std::string> moec::test::runnableTargets(Order order) {
  std::vector<std::string> names;
  if (order == Order::Tiles) {
    if (runsHere("x86-64-v4"))
      names.push_back("sapphirerapids");
    return names;
  }
  for (const char *name : {"x86-64-v3", "x86-64-v4", "znver4"})
    if (runsHere(name))
      names.push_back(name);
  return names;
}

namespace {

struct Compiled {
  std::string name, code;
  KernelPlan plan;
};

} // namespace

static Compiled compile(const std::string &text, const std::string &name,
                        int64_t maxRows) {
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect, decoder::DecoderDialect,
                      moe::MoEDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    throw std::runtime_error("the test's module does not parse");
  Target target = llvm::cantFail(lookupTarget(name));
  KernelContext kernelContext = {target, maxRows};
  auto code = compileKernels(*module, kernelContext, CodeForm::SharedObject);
  if (!code)
    throw std::runtime_error(llvm::toString(code.takeError()));
  auto kernel = *module->getOps<exec::KernelOp>().begin();
  auto builder = findKernelBuilder(kernel, target.machine);
  auto plan = (*builder)->plan(kernel, kernelContext);
  return {kernel.getSymName().str(), *code, *plan};
}

/// Writes a shared object to memory.
static int writeToMemory(const std::string &code) {
  int file = memfd_create("kernel", MFD_CLOEXEC);
  if (file < 0 || write(file, code.data(), code.size()) !=
                      static_cast<ssize_t>(code.size()))
    throw std::runtime_error("cannot write the code to memory");
  return file;
}

LoadedKernel::LoadedKernel(const std::string &module, const std::string &target,
                           int64_t maxRows) {
  Compiled compiled = compile(module, target, maxRows);
  // Stays open: dlopen takes a path that it has seen for the same library.
  file = writeToMemory(compiled.code);
  std::string path = "/proc/self/fd/" + std::to_string(file);
  library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw std::runtime_error(dlerror());
  kernel =
      reinterpret_cast<moert_kernel>(dlsym(library, compiled.name.c_str()));
  if (!kernel)
    throw std::runtime_error("the code does not export " + compiled.name);
  tasksPerRow = compiled.plan.tasksPerRow;
  fixedTasks = compiled.plan.fixedTasks;
  scratchBytes = compiled.plan.scratchBytes;
  isOrdered = compiled.plan.isOrdered;
}

LoadedKernel::~LoadedKernel() {
  dlclose(library);
  close(file);
}

std::string moec::test::compileError(const std::string &module,
                                     const std::string &target) {
  try {
    compile(module, target, 1024);
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// moert_launch::await. Alone on its thread, a range waits in vain: the ranges
/// before it have run.
static void awaitCounter(const int64_t *counter, int64_t value) {
  while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < value)
    std::this_thread::yield();
}

int32_t LoadedKernel::runRanges(
    const std::vector<void *> &arguments, int64_t rows,
    const std::vector<std::pair<int64_t, int64_t>> &ranges) const {
  constexpr size_t guard = 256;
  TestTensor scratch(Element::I32, (scratchBytes + 3) / 4 + guard / 4);
  auto *bytes = static_cast<unsigned char *>(scratch.data());
  int32_t status = MOERT_KERNEL_OK;
  int64_t finished = 0;
  moert_launch launch = {arguments.data(), rows, &status, &finished,
                         awaitCounter};
  makeAmxRunnable();
  for (auto [begin, end] : ranges) {
    std::memset(bytes, 0xff, scratch.bytes());
    kernel(&launch, begin, end, bytes);
    for (size_t i = scratchBytes; i < scratch.bytes(); ++i)
      if (bytes[i] != 0xff)
        throw std::runtime_error("the kernel wrote beyond its scratch memory");
  }
  return status;
}

int32_t LoadedKernel::run(const std::vector<void *> &arguments, int64_t rows,
                          int64_t begin, int64_t end) const {
  return runRanges(arguments, rows, {{begin, end}});
}

int32_t LoadedKernel::runInRanges(const std::vector<void *> &arguments,
                                  int64_t rows, int64_t cut) const {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (int64_t end = tasks(rows); end > 0;) {
    int64_t begin = (end - 1) / cut * cut;
    ranges.push_back({begin, end});
    end = begin;
  }
  if (isOrdered)
    std::reverse(ranges.begin(), ranges.end());
  return runRanges(arguments, rows, ranges);
}

int32_t LoadedKernel::runOnThreads(const std::vector<void *> &arguments,
                                   int64_t rows, int64_t cut) const {
  int32_t status = MOERT_KERNEL_OK;
  int64_t finished = 0;
  moert_launch launch = {arguments.data(), rows, &status, &finished,
                         awaitCounter};
  makeAmxRunnable();
  std::atomic<int64_t> next(0);
  auto work = [&] {
    TestTensor scratch(Element::I32, (scratchBytes + 3) / 4);
    for (int64_t begin; (begin = next.fetch_add(cut)) < tasks(rows);)
      kernel(&launch, begin, std::min(begin + cut, tasks(rows)),
             scratch.data());
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back(work);
  for (std::thread &thread : threads)
    thread.join();
  return status;
}

int64_t Argument::elements() const {
  TestTensor one(element, 1);
  return bytes / one.bytes();
}

using Snapshot = std::vector<std::string>;

Snapshot moec::test::takeSnapshot(const std::vector<Argument> &arguments) {
  Snapshot snapshot;
  for (const Argument &argument : arguments)
    snapshot.emplace_back(static_cast<char *>(argument.data),
                          argument.writtenBytes);
  return snapshot;
}

void moec::test::restore(const std::vector<Argument> &arguments,
                         const Snapshot &snapshot) {
  for (size_t i = 0; i < arguments.size(); ++i)
    std::memcpy(arguments[i].data, snapshot[i].data(), snapshot[i].size());
}

int32_t moec::test::runEverywhere(const std::string &module,
                                  const std::vector<Argument> &arguments,
                                  int64_t rows) {
  std::vector<void *> pointers;
  for (const Argument &argument : arguments)
    pointers.push_back(argument.data);
  Snapshot before = takeSnapshot(arguments), expected;
  int32_t expectedStatus = MOERT_KERNEL_OK;
  for (const std::string &target : runnableTargets()) {
    LoadedKernel kernel(module, target);
    for (int64_t cut : {kernel.tasks(rows), int64_t(1), int64_t(3)}) {
      restore(arguments, before);
      int32_t status = kernel.runInRanges(pointers, rows, cut);
      if (expected.empty()) {
        expected = takeSnapshot(arguments);
        expectedStatus = status;
      }
      EXPECT_EQ(status, expectedStatus) << target << ", ranges of " << cut;
      EXPECT_TRUE(takeSnapshot(arguments) == expected)
          << target << ", ranges of " << cut << ": other bits";
    }
  }
  restore(arguments, before);
  expectSameOnGpu(module, arguments, rows, expected, expectedStatus);
  restore(arguments, expected);
  return expectedStatus;
}
