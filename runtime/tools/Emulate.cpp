//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// moert emulate: one kernel on the emulated device.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Commands.h"
#include "runtime/tools/EmulateReport.h"
#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"
#include "runtime/tools/Flags.h"

#include <csignal>

using namespace moert;
using namespace moert::tools;

namespace {

struct EmulateFlags {
  std::string image, kernel;
  std::string grid, block, cluster;
  unsigned sharedBytes = 0;
  bool cooperative = false;
  std::vector<std::string> arguments, outputs, expectations;
  Tolerance tolerance;
  EmulatedSettings device;
  bool lazy = false, json = false;
  std::string profile = "summary";
  size_t shown = 8;
};

/// `X`, `X,Y` or `X,Y,Z`; `x` is as good as a comma.
Extents parseExtents(const char *flag, const std::string &text) {
  Extents extents{1, 1, 1};
  size_t axis = 0, start = 0;
  while (axis < 3) {
    const size_t end = text.find_first_of(",x", start);
    std::string part = text.substr(start, end - start);
    const std::string wrong = wholeNumber(1, INT32_MAX)(part);
    if (!wrong.empty())
      throw UsageFailure(std::string(flag) + ": '" + text + "': " + wrong);
    extents[axis++] = static_cast<unsigned>(std::stoul(part));
    if (end == std::string::npos)
      return extents;
    start = end + 1;
  }
  throw UsageFailure(std::string(flag) + ": '" + text +
                     "': has more than three extents");
}

/// The kernel of that name, else the one whose name contains it.
size_t findKernel(const std::vector<KernelInfo> &kernels,
                  const EmulateFlags &flags) {
  std::vector<size_t> found;
  std::string names;
  for (size_t i = 0; i < kernels.size(); ++i) {
    if (kernels[i].name == flags.kernel)
      return i;
    if (kernels[i].name.find(flags.kernel) != std::string::npos)
      found.push_back(i);
    names += (names.empty() ? "" : ", ") + kernels[i].name;
  }
  if (found.size() == 1)
    return found[0];
  throw Failure(flags.image + ": has " +
                (found.empty() ? "no kernel" : "several kernels like") + " '" +
                flags.kernel + "'; it has " + (names.empty() ? "none" : names));
}

LaunchShape shapeOf(const EmulateFlags &flags, const KernelInfo &kernel) {
  LaunchShape shape;
  if (!flags.grid.empty())
    shape.grid = parseExtents("--grid", flags.grid);
  if (!flags.block.empty())
    shape.block = parseExtents("--block", flags.block);
  else if (kernel.requiredThreads[0])
    shape.block = kernel.requiredThreads;
  else
    throw UsageFailure("--block is needed: " + kernel.name +
                       " does not say how many threads a block has");
  if (!flags.cluster.empty())
    shape.cluster = parseExtents("--cluster", flags.cluster);
  shape.sharedBytes = flags.sharedBytes;
  shape.cooperative = flags.cooperative;
  return shape;
}

/// `PARAMETER=FILE`, by index or name of the parameter.
struct FileOfArgument {
  size_t index;
  std::string file;
};

FileOfArgument parseFile(const char *flag, const std::string &text,
                         const KernelInfo &kernel,
                         const std::vector<KernelArgument> &arguments) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (equals == std::string::npos || equals + 1 == text.size())
    throw UsageFailure(std::string(flag) + ": '" + text +
                       "' is not PARAMETER=FILE.npy");
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    if (name != std::to_string(i) && name != kernel.parameters[i].name)
      continue;
    if (!arguments[i].hasArray())
      throw UsageFailure(std::string(flag) + ": '" + text + "': parameter " +
                         std::to_string(i) + " is '" + arguments[i].spec +
                         "', no array");
    return {i, text.substr(equals + 1)};
  }
  throw UsageFailure(std::string(flag) + ": '" + text + "': " + kernel.name +
                     " has no parameter '" + name + "'");
}

struct Expectation {
  FileOfArgument where;
  NpyArray array;
};

/// Runs a kernel and collects what became of its arrays.
class Run {
public:
  Run(const EmulateFlags &flags, EmulatedKernels &device, size_t kernel)
      : flags_(flags), device_(device), index_(kernel),
        kernel_(device.kernels()[kernel]) {}

  EmulateReport run(std::vector<KernelArgument> arguments);

private:
  std::vector<Expectation> readExpectations() const;
  void launch(EmulateReport &report);
  void collect(EmulateReport &report);

  const EmulateFlags &flags_;
  EmulatedKernels &device_;
  const size_t index_;
  const KernelInfo &kernel_;
  std::vector<KernelArgument> arguments_;
};

void Run::launch(EmulateReport &report) {
  std::vector<std::vector<std::byte>> parameters;
  for (size_t i = 0; i < arguments_.size(); ++i)
    parameters.push_back(place(arguments_[i], device_, kernel_, i));
  // What new arrays hold is compared with what they will hold.
  for (KernelArgument &argument : arguments_)
    if (argument.hasArray() && !argument.isFilled)
      check(device_.read(argument.array.bytes.data(), argument.address,
                         argument.array.bytes.size()));
  // A kernel cannot be asked to stop, so that signals end the process again.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::string profile;
  check(device_.launch(index_, report.shape, parameters, profile));
  if (!profile.empty())
    report.profile = nlohmann::ordered_json::parse(profile);
}

void Run::collect(EmulateReport &report) {
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const KernelArgument &argument = arguments_[i];
    if (!argument.hasArray())
      continue;
    Result result;
    result.index = i;
    result.name = kernel_.parameters[i].name;
    result.address = argument.address;
    result.array = argument.array;
    check(device_.read(result.array.bytes.data(), argument.address,
                       result.array.bytes.size()));
    result.changed = result.array.bytes != argument.array.bytes;
    report.results.push_back(std::move(result));
  }
}

/// Read before the launch, so that a wrong file costs no time.
std::vector<Expectation> Run::readExpectations() const {
  std::vector<Expectation> expectations;
  for (const std::string &text : flags_.expectations) {
    Expectation expected{parseFile("--expect", text, kernel_, arguments_), {}};
    expected.array = readNpy(expected.where.file);
    const NpyArray &own = arguments_[expected.where.index].array;
    if (expected.array.shape != own.shape)
      throw Failure(
          expected.where.file + ": shape: " + showShape(expected.array.shape) +
          "; the array of parameter " + std::to_string(expected.where.index) +
          " has " + showShape(own.shape));
    expectations.push_back(std::move(expected));
  }
  return expectations;
}

EmulateReport Run::run(std::vector<KernelArgument> arguments) {
  arguments_ = std::move(arguments);
  if (arguments_.size() != kernel_.parameters.size())
    throw UsageFailure("--arg: " + kernel_.name + " has " +
                       std::to_string(kernel_.parameters.size()) +
                       " parameters; " + std::to_string(arguments_.size()) +
                       " arguments are given");
  EmulateReport report;
  report.kernel = kernel_.name;
  report.shown = flags_.shown;
  report.shape = shapeOf(flags_, kernel_);
  std::vector<FileOfArgument> outputs;
  for (const std::string &text : flags_.outputs)
    outputs.push_back(parseFile("--out", text, kernel_, arguments_));
  const std::vector<Expectation> expectations = readExpectations();
  launch(report);
  collect(report);
  for (Result &result : report.results) {
    for (const FileOfArgument &output : outputs)
      if (output.index == result.index) {
        writeNpy(output.file, result.array);
        result.file = output.file;
      }
    for (const Expectation &expected : expectations)
      if (expected.where.index == result.index) {
        result.comparison =
            compare(result.array, expected.array, flags_.tolerance);
        result.comparison->file = expected.where.file;
      }
  }
  return report;
}

void emulate(EmulateFlags &flags) {
  std::vector<KernelArgument> arguments;
  for (const std::string &spec : flags.arguments)
    arguments.push_back(parseArgument(spec));
  if (flags.lazy)
    flags.device.completion = "lazy";
  flags.device.profile = !flags.kernel.empty() && flags.profile != "none";
  flags.device.lines = flags.profile == "lines";
  std::unique_ptr<EmulatedKernels> device;
  check(EmulatedKernels::load(flags.device, flags.image, device));
  const std::vector<KernelInfo> &kernels = device->kernels();
  if (flags.kernel.empty())
    return print(flags.json ? listJson(kernels) : listText(kernels));
  const size_t kernel = findKernel(kernels, flags);
  EmulateReport report = Run(flags, *device, kernel).run(std::move(arguments));
  print(flags.json ? report.json() : report.text());
  if (!report.passed())
    throw Failure(report.kernel + ": arrays differ from what is expected");
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

const char *const examples =
    R"(Runs a kernel of PTX, of a fat binary or of a cubin that holds PTX, and prints
what became of its arrays and what the launch did. Without KERNEL it lists the
kernels and their parameters. A part of a kernel's name will do if no other
kernel has it.

One --arg for each parameter, in order:
  x.npy             an array, copied to the device
  bf16:x.npy        the same, with elements of that type: unsigned integers of
                    NumPy are their bits, other numbers are rounded
  f32[128,64]       a new array; f32[128,64]=0 fills it
  5, f32:0.5        a number, of the parameter's type or the one given
  bytes:x.npy       the bytes of a parameter that is a struct
  map:ARRAY:64x64:128   a tensor map of an array, with a box in NumPy's order
                    of axes and a swizzle of 0, 32, 64 or 128 bytes
Types: f32 f64 f16 bf16 e4m3 e5m2 s8 s16 s32 s64 u8 u16 u32 u64.

Differences from the expected arrays, launches that are refused, faults and
findings of checks end with exit code 1; the report of a fault goes to stderr.
A profiled launch runs on one thread: --profile=none makes long ones shorter.

Examples:
  moert emulate kernels.ptx
  moert emulate kernels.ptx saxpy --grid 4 --block 256 \
      --arg 1024 --arg f32:2 --arg x.npy --arg y.npy --expect 3=y2.npy
  moert emulate gemm.fatbin gemm --arch sm_90a --lazy --check all \
      --grid 8,8 --block 128 --shared 98304 --arg map:bf16:a.npy:64x64:128 \
      --arg map:bf16:b.npy:64x64:128 --arg f32[512,512] --out 2=c.npy \
      --profile=lines --json)";

void addLaunch(CLI::App &command, EmulateFlags &flags) {
  command.add_option("--grid", flags.grid, "blocks [1]")
      ->option_text("X[,Y[,Z]]");
  command
      .add_option("--block", flags.block,
                  "threads of a block [what the kernel asks for]")
      ->option_text("X[,Y[,Z]]");
  command.add_option("--cluster", flags.cluster, "blocks of a cluster")
      ->option_text("X[,Y[,Z]]");
  command
      .add_option("--shared", flags.sharedBytes,
                  "bytes of dynamic shared memory of a block")
      ->check(wholeNumber(0, INT32_MAX))
      ->option_text("BYTES");
  command.add_flag("--cooperative", flags.cooperative,
                   "all blocks must fit on the device at once");
  command.add_option("--arg", flags.arguments, "the next parameter")
      ->allow_extra_args(false)
      ->option_text("ARGUMENT ...");
  command
      .add_option("--out", flags.outputs,
                  "write an array, named by its parameter's index or name")
      ->allow_extra_args(false)
      ->option_text("PARAMETER=FILE.npy ...");
  command
      .add_option("--expect", flags.expectations,
                  "compare an array with what a file holds")
      ->allow_extra_args(false)
      ->option_text("PARAMETER=FILE.npy ...");
  command
      .add_option("--atol", flags.tolerance.absolute,
                  "difference that is allowed, absolute [0]")
      ->check(realNumber(0, 1e300))
      ->option_text("X");
  command
      .add_option("--rtol", flags.tolerance.relative,
                  "the same as a part of the expected number [0]")
      ->check(realNumber(0, 1e300))
      ->option_text("X");
}

void addDevice(CLI::App &command, EmulateFlags &flags) {
  EmulatedSettings &device = flags.device;
  command
      .add_option("--arch", device.arch,
                  "the device: sm_80 to sm_121a [$MOEC_EMULATED_ARCH, else "
                  "sm_90a]")
      ->option_text("ARCH");
  command.add_option("--sms", device.multiprocessors, "multiprocessors it has")
      ->option_text("N");
  command
      .add_option("--order", device.order,
                  "of warps and blocks: forward, reverse, random:SEED or "
                  "starve:WARP [$MOEC_EMULATED_ORDER, else forward]")
      ->option_text("ORDER");
  auto *completion =
      command
          .add_option("--async", device.completion,
                      "when asynchronous operations complete: eager, lazy, or "
                      "by kind, copies=lazy,mma=eager [$MOEC_EMULATED_ASYNC, "
                      "else eager]")
          ->option_text("WHEN");
  command.add_flag("--lazy", flags.lazy, "--async=lazy")->excludes(completion);
  command
      .add_option("--check", device.checks,
                  "all, none, or a list of races, waits, proxies, barriers, "
                  "bounds, uninitialised, banks [$MOEC_EMULATED_CHECK, else "
                  "none]")
      ->option_text("CHECKS");
}

} // namespace

void moert::tools::addEmulate(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "emulate", "Run one kernel on the emulated GPU, and profile it");
  auto flags = std::make_shared<EmulateFlags>();
  command->add_option("IMAGE", flags->image, "PTX, a fat binary, or a cubin")
      ->required()
      ->option_text("IMAGE");
  command->add_option("KERNEL", flags->kernel, "its name, or a part of it")
      ->option_text("KERNEL");
  addLaunch(*command, *flags);
  addDevice(*command, *flags);
  command
      ->add_option("--profile", flags->profile,
                   "none, summary, or lines, with what each instruction did "
                   "[summary]")
      ->check(CLI::IsMember({"none", "summary", "lines"}))
      ->option_text("WHAT");
  command
      ->add_option("--show", flags->shown,
                   "elements of each array to print [8]")
      ->check(wholeNumber(0, maxCount))
      ->option_text("N");
  command->add_flag("--json", flags->json, "print JSON");
  command->footer(examples);
  command->callback([flags] { emulate(*flags); });
}
