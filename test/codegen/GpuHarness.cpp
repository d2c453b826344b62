//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuHarness.h"

#include "codegen/nvidia/CompileKernels.h"
#include "codegen/nvidia/GpuKernels.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"
#include "runtime/abi/GpuKernel.h"
#include "runtime/emulator/check/Checks.h"
#include "runtime/emulator/machine/TensorMap.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/MathExtras.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>

using namespace moec;
using namespace moec::test;

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

std::string GpuMode::name() const {
  static const char *const orders[] = {"forward", "reverse", "random",
                                       "starve"};
  std::string order = orders[static_cast<unsigned>(this->order)];
  if (this->order == emulator::Order::Random)
    order += ":" + std::to_string(seed);
  return (completion == emulator::Completion::Lazy ? "lazy " : "eager ") +
         order;
}

std::vector<GpuMode> moec::test::gpuModes() {
  using emulator::Completion, emulator::Order;
  std::vector<GpuMode> modes;
  for (Completion completion : {Completion::Eager, Completion::Lazy})
    for (GpuMode mode : {GpuMode{Order::Forward, 0}, GpuMode{Order::Reverse, 0},
                         GpuMode{Order::Random, 1}, GpuMode{Order::Random, 2}})
      modes.push_back({mode.order, mode.seed, completion});
  return modes;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// Of all kernels: plans refer to it.
static mlir::MLIRContext &sharedContext() {
  static auto *context = [] {
    auto *made = new mlir::MLIRContext;
    made->loadDialect<exec::ExecDialect, decoder::DecoderDialect,
                      moe::MoEDialect>();
    return made;
  }();
  return *context;
}

GpuKernel GpuKernel::compile(const std::string &module, const std::string &name,
                             int64_t maxRows) {
  auto parsed =
      mlir::parseSourceString<mlir::ModuleOp>(module, &sharedContext());
  if (!parsed)
    throw std::runtime_error("the test's module does not parse");
  std::string target = name.substr(0, name.find(','));
  Target machine = llvm::cantFail(lookupTarget(target));
  machine.isBatchInvariant = name == target + ", batch";
  KernelContext kernelContext = {machine, maxRows};
  auto ptx = compileGpuKernels(*parsed, kernelContext, GpuForm::Ptx);
  if (!ptx)
    throw std::runtime_error(llvm::toString(ptx.takeError()));
  auto kernel = *parsed->getOps<exec::KernelOp>().begin();
  auto builder = findKernelBuilder(kernel, machine.machine);
  GpuKernel made;
  made.name = kernel.getSymName().str();
  made.target = target;
  made.text = *ptx;
  made.kernelPlan = *(*builder)->plan(kernel, kernelContext);
  for (const TensorMapPlan &map : made.kernelPlan.tensorMaps) {
    auto type = mlir::cast<mlir::RankedTensorType>(
        kernel.getBody().getArgument(map.operand).getType());
    uint64_t columns = type.getShape().back();
    made.maps.push_back(
        {map, uint64_t(type.getNumElements()) / columns, columns});
  }
  return made;
}

GpuKernel::GpuKernel(const std::string &module, const std::string &target,
                     int64_t maxRows) {
  static std::map<std::tuple<std::string, std::string, int64_t>, GpuKernel> all;
  std::tuple key(module, target, maxRows);
  auto found = all.find(key);
  if (found == all.end())
    found = all.emplace(key, compile(module, target, maxRows)).first;
  *this = found->second;
}

/// What the runtime makes of a bf16 matrix, see runtime/abi/GpuKernel.h.
static emulator::TensorMap encode(const GpuKernel::Map &map, uint64_t address) {
  constexpr uint16_t boxBytes = 128, each = 2;
  emulator::TensorMap made;
  made.address = address;
  made.rank = 2;
  std::fill(std::begin(made.extents), std::end(made.extents), 1);
  std::fill(std::begin(made.box), std::end(made.box), 1);
  std::fill(std::begin(made.elementStrides), std::end(made.elementStrides), 1);
  made.extents[0] = map.columns;
  made.extents[1] = map.rows;
  made.strides[0] = map.columns * each;
  made.box[0] = boxBytes / each;
  made.box[1] = map.plan.boxRows;
  made.element = emulator::TensorMap::Element::BF16;
  made.swizzle = emulator::TensorMap::Swizzle::Bytes128;
  made.seal();
  return made;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

/// A device with one kernel and the arguments of one launch.
class Device {
public:
  Device(const std::string &ptx, const std::string &target) {
    if (!emulator::Profile::parse(target, request.profile))
      throw std::runtime_error("the emulated device knows no " + target);
    emulator::LoadResult loaded =
        emulator::Program::load(ptx, "kernel.ptx", request.profile, memory);
    if (loaded.status != emulator::LoadStatus::Loaded)
      throw std::runtime_error("loading PTX: " + loaded.message);
    request.program = loaded.program;
    request.maxDynamicSharedBytes = request.profile.sharedPerBlockOptIn;
  }

  uint64_t copyIn(const void *data, size_t bytes) {
    uint64_t address = memory.allocate(std::max<size_t>(bytes, 1));
    if (bytes > 0 && !memory.write(address, data, bytes))
      throw std::runtime_error("cannot write to the emulated device");
    return address;
  }
  void copyOut(void *data, uint64_t address, size_t bytes) {
    if (bytes > 0 && !memory.read(data, address, bytes))
      throw std::runtime_error("cannot read from the emulated device");
  }
  uint64_t copyBatch(const moert_batch &batch, int64_t tokens);
  template <class T> void addParameter(const T &value) {
    const auto &all = request.kernel->parameters;
    if (next >= all.size() || all[next].bytes != sizeof value)
      throw std::runtime_error("the kernel has other parameters");
    std::memcpy(request.parameters.data() + all[next++].offset, &value,
                sizeof value);
  }
  void openKernel(const std::string &name) {
    request.kernel = request.program->kernel(name);
    if (!request.kernel)
      throw std::runtime_error("the code has no kernel " + name);
    request.parameters.assign(request.kernel->parameterBytes, std::byte(0));
  }

  emulator::DeviceMemory memory;
  emulator::LaunchRequest request;

private:
  size_t next = 0;
};

} // namespace

uint64_t Device::copyBatch(const moert_batch &batch, int64_t tokens) {
  int32_t sequences = 0;
  for (int64_t t = 0; t < tokens; ++t)
    sequences = std::max(sequences, batch.sequences[t] + 1);
  auto array = [&](const int32_t *from, size_t count) {
    return reinterpret_cast<const int32_t *>(
        copyIn(from, count * sizeof(int32_t)));
  };
  moert_batch copy = {
      array(batch.positions, tokens), array(batch.sequences, tokens),
      array(batch.page_table, sequences * batch.pages_per_sequence),
      batch.pages_per_sequence};
  return copyIn(&copy, sizeof copy);
}

GpuKernel GpuKernel::withPtx(std::string ptx) const {
  GpuKernel other = *this;
  other.text = std::move(ptx);
  return other;
}

int64_t GpuKernel::blocks(int64_t rows) const {
  return llvm::divideCeil(kernelPlan.tasksPerRow * rows + kernelPlan.fixedTasks,
                          blockShape(kernelPlan).tasks);
}

int32_t GpuKernel::run(const std::vector<Argument> &arguments, int64_t rows,
                       const GpuMode &mode) const {
  Device device(text, target);
  device.openKernel(name);
  std::vector<uint64_t> addresses;
  for (const Argument &argument : arguments) {
    const auto *batch = static_cast<const moert_batch *>(argument.data);
    addresses.push_back(argument.isBatch
                            ? device.copyBatch(*batch, rows)
                            : device.copyIn(argument.data, argument.bytes));
    device.addParameter(addresses.back());
  }
  for (const Map &map : maps) {
    emulator::TensorMap made = encode(map, addresses[map.plan.operand]);
    device.addParameter(device.copyIn(&made, sizeof made));
  }
  BlockShape shape = blockShape(kernelPlan);
  int64_t zero = 0, pitch = llvm::alignTo(kernelPlan.scratchBytes, 64);
  std::string scratch(pitch * shape.threads * blocks(rows), char(0xcd));
  uint64_t finished = device.copyIn(&zero, sizeof zero);
  uint64_t status = device.copyIn(&zero, sizeof(int32_t));
  moert_gpu_launch launch = {
      rows,
      kernelPlan.tasksPerRow * rows + kernelPlan.fixedTasks,
      reinterpret_cast<int32_t *>(status),
      reinterpret_cast<int64_t *>(finished),
      reinterpret_cast<void *>(device.copyIn(scratch.data(), scratch.size())),
      pitch};
  device.addParameter(launch);
  emulator::LaunchRequest &request = device.request;
  request.grid.x = blocks(rows);
  request.block.x = shape.threads;
  request.dynamicSharedBytes = shape.sharedBytes;
  request.settings.order = mode.order;
  request.settings.seed = mode.seed;
  for (emulator::Completion &each : request.settings.completion)
    each = mode.completion;
  request.settings.instructionLimit = mode.instructionLimit;
  request.settings.hostThreads = mode.hostThreads;
  emulator::CheckSelection checks;
  if (mode.checks && !emulator::parseChecks(mode.checks, checks))
    throw std::runtime_error(std::string("no checks: ") + mode.checks);
  std::unique_ptr<emulator::Monitor> check = emulator::makeChecks(checks);
  request.monitor = mode.monitor ? mode.monitor : check.get();
  emulator::LaunchResult result = emulator::launch(device.memory, request);
  if (result.status != emulator::LaunchStatus::Done)
    throw std::runtime_error("launch: " + result.message +
                             result.fault.render());
  instructions = result.warpInstructions;
  for (size_t i = 0; i < arguments.size(); ++i)
    device.copyOut(arguments[i].data, addresses[i], arguments[i].writtenBytes);
  int32_t code = MOERT_KERNEL_OK;
  device.copyOut(&code, status, sizeof code);
  return code;
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

/// The index of the first element that differs, or -1. What a NaN's bits are
/// differs between machines.
static int64_t firstDifference(const Argument &argument,
                               const std::string &expected) {
  const char *bytes = static_cast<const char *>(argument.data);
  if (std::memcmp(bytes, expected.data(), expected.size()) == 0)
    return -1;
  TestTensor a(argument.element, argument.elements()),
      b(argument.element, argument.elements());
  std::memcpy(a.data(), bytes, expected.size());
  std::memcpy(b.data(), expected.data(), expected.size());
  size_t each = expected.size() / argument.elements();
  for (int64_t i = 0; i < argument.elements(); ++i) {
    bool same =
        std::memcmp(bytes + i * each, expected.data() + i * each, each) == 0;
    bool isNaN = a.get(i) != a.get(i) && b.get(i) != b.get(i);
    if (!same && !isNaN)
      return i;
  }
  return -1;
}

void moec::test::expectSameOnGpu(const std::string &module,
                                 const std::vector<Argument> &arguments,
                                 int64_t rows,
                                 const std::vector<std::string> &expected,
                                 int32_t expectedStatus,
                                 const std::string &target) {
  std::vector<std::string> before = takeSnapshot(arguments);
  GpuKernel kernel(module, target);
  for (const GpuMode &mode : gpuModes()) {
    int32_t status = kernel.run(arguments, rows, mode);
    EXPECT_EQ(status, expectedStatus) << target << ", " << mode.name();
    for (size_t i = 0; i < arguments.size(); ++i)
      EXPECT_EQ(firstDifference(arguments[i], expected[i]), -1)
          << target << ", " << mode.name() << ": other bits in argument " << i;
    restore(arguments, before);
  }
}
