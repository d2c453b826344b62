//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How fast weights are packed into a file, beside `cp` of the same bytes on the
// same disk. The two take turns, because other work on the machine disturbs
// both.
//
//===----------------------------------------------------------------------===//

#include "compiler/artifact/OutputFile.h"
#include "compiler/artifact/Pack.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <random>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace moec;
using moert::TensorForm;
using moert::format::DataType;
using moert::format::Layout;

namespace {

struct Options {
  std::string folder = ".";
  uint64_t mebibytes = 1024;
  uint64_t columns = 4096;
  int repeat = 5;
  bool sync = false;
  bool cold = false;
};

struct Seconds {
  double wall, processor;
};

/// A layout to measure, and its times beside those of the copies.
struct Subject {
  const char *name;
  TensorForm form;
  std::vector<Seconds> seconds;
};

} // namespace

static llvm::ExitOnError exitOnError("error: ");

/// Of this process and the ones it waited for.
static double processorSeconds() {
  double seconds = 0;
  for (auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage;
    ::getrusage(who, &usage);
    for (timeval time : {usage.ru_utime, usage.ru_stime})
      seconds += double(time.tv_sec) + double(time.tv_usec) * 1e-6;
  }
  return seconds;
}

static Seconds measure(const std::function<void()> &action) {
  auto begin = std::chrono::steady_clock::now();
  double beginProcessor = processorSeconds();
  action();
  std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return {wall.count(), processorSeconds() - beginProcessor};
}

/// Of each of the two on its own.
static Seconds median(std::vector<Seconds> values) {
  auto middleOf = [&](double Seconds::*kind) {
    auto middle = values.begin() + values.size() / 2;
    std::nth_element(values.begin(), middle, values.end(),
                     [&](Seconds a, Seconds b) { return a.*kind < b.*kind; });
    return (*middle).*kind;
  };
  return {middleOf(&Seconds::wall), middleOf(&Seconds::processor)};
}

/// Random bytes: neither the disk nor the file system can make them shorter.
static void writeSource(const std::string &path, uint64_t size) {
  OutputFile file = exitOnError(OutputFile::create(path));
  std::vector<uint64_t> block(1 << 20);
  std::mt19937_64 random(1);
  for (uint64_t offset = 0; offset < size; offset += block.size() * 8) {
    for (uint64_t &word : block)
      word = random();
    uint64_t count = std::min<uint64_t>(block.size() * 8, size - offset);
    auto *bytes = reinterpret_cast<const uint8_t *>(block.data());
    exitOnError(file.write(offset, {bytes, count}));
  }
  exitOnError(file.commit());
}

static llvm::ArrayRef<uint8_t> mapSource(const std::string &path,
                                         uint64_t size) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void *data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (descriptor < 0 || data == MAP_FAILED)
    exitOnError(llvm::createStringError(path + ": cannot be mapped"));
  ::close(descriptor);
  return {static_cast<const uint8_t *>(data), size};
}

/// Drops a file from the system's cache of the disk.
static void forget(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
}

static void run(const std::string &command) {
  if (std::system(command.c_str()) != 0)
    exitOnError(llvm::createStringError(command + ": failed"));
}

static void pack(const MappedParameter &source, const TensorForm &form,
                 const std::string &path) {
  OutputFile file = exitOnError(OutputFile::create(path));
  exitOnError(packParameter(
      source, form, [&](uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
        return file.write(offset, bytes);
      }));
  exitOnError(file.commit());
}

static std::vector<Subject> makeSubjects(const Options &options) {
  std::vector<Subject> subjects;
  auto add = [&](const char *name, DataType type, uint32_t depth,
                 uint32_t unit) {
    TensorForm form;
    form.type = type;
    uint64_t rowBytes = options.columns * moert::elementBytes(type);
    form.shape = {(options.mebibytes << 20) / rowBytes / 32 * 32,
                  options.columns};
    if (unit) {
      form.layout = Layout::Panels;
      form.width = 32;
      form.depth = depth;
      form.unit = unit;
    }
    subjects.push_back({name, form, {}});
  };
  add("bf16 panels", DataType::BF16, 8, 2);
  add("f16 panels", DataType::F16, 4, 1);
  add("f32 panels", DataType::F32, 4, 1);
  add("row-major", DataType::BF16, 0, 0);
  return subjects;
}

static void report(const char *name, const Options &options, Seconds seconds,
                   Seconds copy) {
  double gigabytes = double(options.mebibytes << 20) * 1e-9;
  llvm::outs() << llvm::format(
      "%-12s %7.3f s %7.2f GB/s %5.0f %% of cp; %6.3f s of processor\n", name,
      seconds.wall, gigabytes / seconds.wall, 100 * copy.wall / seconds.wall,
      seconds.processor);
  llvm::outs().flush();
}

static void measureAll(const Options &options) {
  std::string sourcePath = options.folder + "/packing.source";
  std::string targetPath = options.folder + "/packing.target";
  uint64_t size = options.mebibytes << 20;
  writeSource(sourcePath, size);
  run("sync");
  MappedParameter source({mapSource(sourcePath, size)});
  std::vector<Subject> subjects = makeSubjects(options);
  std::vector<Seconds> copies;
  std::string end = options.sync ? "sync " + targetPath : "true";
  auto measureFile = [&](const std::function<void()> &write) {
    std::remove(targetPath.c_str());
    run("sync");
    if (options.cold)
      forget(sourcePath);
    return measure([&] {
      write();
      run(end);
    });
  };
  // The first round warms up.
  for (int i = 0; i <= options.repeat; ++i) {
    Seconds copy =
        measureFile([&] { run("cp " + sourcePath + " " + targetPath); });
    copies.resize(i, copy);
    for (Subject &subject : subjects)
      subject.seconds.resize(
          i, measureFile([&] { pack(source, subject.form, targetPath); }));
  }
  std::remove(sourcePath.c_str());
  std::remove(targetPath.c_str());
  report("cp", options, median(copies), median(copies));
  for (const Subject &subject : subjects)
    report(subject.name, options, median(subject.seconds), median(copies));
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options options;
  CLI::App app("Measure packing of weights beside cp");
  app.add_option("--folder", options.folder, "Where to write, on which disk")
      ->check(CLI::ExistingDirectory);
  app.add_option("--mib", options.mebibytes, "Size of the weights in MiB")
      ->check(CLI::Range(uint64_t(64), uint64_t(1) << 20));
  app.add_option("--columns", options.columns, "K of the matrix")
      ->check(CLI::Range(uint64_t(16), uint64_t(1) << 16));
  app.add_option("-r,--repeat", options.repeat, "Rounds")
      ->check(CLI::Range(1, 100));
  app.add_flag("--sync", options.sync, "Wait until the disk has the bytes");
  app.add_flag("--cold", options.cold, "Read the source from the disk, too");
  CLI11_PARSE(app, argc, argv);
  measureAll(options);
  rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  llvm::outs() << "resident at most: " << usage.ru_maxrss / 1024 << " MiB\n";
  return 0;
}
