//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The CPU as a device: code is a shared object, weights stay in the mapped
// file or are copied into huge pages, and programs run on the session's
// threads.
//
//===----------------------------------------------------------------------===//

#include "runtime/device/Device.h"

#include "runtime/CodeImage.h"
#include "runtime/Program.h"
#include "runtime/artifact/Artifact.h"
#include "runtime/device/HugeWeights.h"

#include <optional>
#include <unistd.h>

using namespace moert;

namespace {

class CpuExecution final : public Execution {
public:
  CpuExecution(const DeviceModel &model, const HugeWeights *weights,
               const std::vector<moert_kernel> &kernels, const PageTable &pages,
               ThreadPool &pool)
      : model(model), weights(weights), kernels(kernels), pages(pages),
        pool(pool) {}

  Status allocate();
  Status pagesChanged(int64_t, int64_t, int64_t) override { return {}; }
  StepOutcome run(size_t program, StepSize size, double *seconds) override;
  Status measureMemory(double &) override {
    return {MOERT_UNSUPPORTED,
            "the memory of a CPU is measured by its threads"};
  }

private:
  Status reserve();
  void bind();

  const DeviceModel &model;
  const HugeWeights *weights; ///< null: those of the artifact
  const std::vector<moert_kernel> &kernels;
  const PageTable &pages;
  ThreadPool &pool;

  Mapping cache, arena, logits, scratch, inputArrays;
  /// float32 [max_step_tokens, top_logits], and int32 of as many from byte
  /// topPitch on.
  Mapping top;
  uint64_t topPitch = 0, scratchPitch = 0, inputPitch = 0;
  moert_batch batch{};
  std::vector<std::unique_ptr<Program>> programs;
};

class CpuDevice final : public Device {
public:
  explicit CpuDevice(const DeviceModel &model) : model(model) {}

  Status load(bool usesHugePages);
  const std::string &name() const override { return label; }
  const std::string &description() const override { return label; }
  int64_t cacheBytes() const override {
    return sysconf(_SC_PHYS_PAGES) / 2 * sysconf(_SC_PAGESIZE);
  }
  bool usesThreads() const override { return true; }
  Status createExecution(const PageTable &pages, ThreadPool &pool,
                         std::unique_ptr<Execution> &execution) const override;

private:
  std::string label = "cpu";
  DeviceModel model;
  std::optional<HugeWeights> weights;
  CodeImage code;
  std::vector<moert_kernel> kernels;
};

} // namespace

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// With huge pages, the first page of a sequence takes 2 MiB in each layer:
/// worth it only where a few pages fill them.
static Mapping::Pages cachePages(const CacheShape &shape) {
  constexpr int64_t worthHuge = 64 * 1024;
  return shape.layerPageBytes >= worthHuge ? Mapping::Pages::Huge
                                           : Mapping::Pages::Small;
}

Status CpuExecution::reserve() {
  const format::Model &table = *model.artifact->table().model();
  uint64_t count = static_cast<uint64_t>(model.maxTokens());
  CheckedSize logitsBytes =
      CheckedSize(count) * table.vocabulary() * sizeof(float);
  // The artifact's verifier bounds the factors.
  topPitch =
      *roundUp(count * table.top_logits() * sizeof(float), MOERT_ALIGNMENT);
  inputPitch = *roundUp(count * sizeof(int32_t), MOERT_ALIGNMENT);
  // A page between the scratch of two threads, so none reads the other's lines.
  scratchPitch = *roundUp(model.target->scratch_bytes(), 4096) + 4096;
  CheckedSize scratchBytes =
      CheckedSize(scratchPitch) * static_cast<uint64_t>(pool.size());

  struct Area {
    CheckedSize bytes;
    Mapping::Pages pages;
    const char *purpose;
    Mapping &mapping;
  };
  constexpr auto huge = Mapping::Pages::Huge;
  for (const Area &area :
       {Area{pages.shape().bytes(), cachePages(pages.shape()),
             "the KV cache; lower cache_positions", cache},
        Area{model.arenaBytes(), huge, "the arena", arena},
        Area{logitsBytes, huge, "the logits", logits},
        Area{2 * topPitch, huge, "the best logits", top},
        Area{scratchBytes, huge, "scratch memory", scratch},
        Area{4 * inputPitch, huge, "the inputs", inputArrays}}) {
    Status status =
        Mapping::reserve(area.bytes, area.pages, area.purpose, area.mapping);
    if (!status.ok())
      return status;
  }
  return {};
}

void CpuExecution::bind() {
  auto input = [&](int index) {
    return reinterpret_cast<int32_t *>(inputArrays.data() + index * inputPitch);
  };
  stepInputs = {input(0), input(1), input(2), input(3)};
  batch = {stepInputs.positions, stepInputs.sequences, pages.data(),
           pages.shape().pagesPerSequence};
  StepMemory memory{model.artifact,
                    weights,
                    cache.data(),
                    pages.shape().layerBytes(),
                    arena.data(),
                    stepInputs.tokens,
                    stepInputs.rows,
                    &batch,
                    reinterpret_cast<float *>(logits.data()),
                    reinterpret_cast<float *>(top.data()),
                    reinterpret_cast<int32_t *>(top.data() + topPitch),
                    scratch.data(),
                    scratchPitch};
  stepResults = {memory.logits, memory.topLogits, memory.topTokens};
  bytes.arena = static_cast<int64_t>(arena.size());
  bytes.logits = static_cast<int64_t>(logits.size() + top.size());
  bytes.scratch = static_cast<int64_t>(scratch.size());
  for (const format::Program *program : model.programs)
    programs.push_back(std::make_unique<Program>(*program, kernels, memory));
}

Status CpuExecution::allocate() {
  Status status = reserve();
  if (status.ok())
    bind();
  return status;
}

StepOutcome CpuExecution::run(size_t program, StepSize size, double *seconds) {
  StepOutcome outcome;
  outcome.failed = programs[program]->run(pool, size, seconds);
  if (outcome.failed >= 0)
    outcome.report = programs[program]->launchStatus(outcome.failed);
  return outcome;
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

Status CpuDevice::load(bool usesHugePages) {
  ByteSpan bytes = model.artifact->segment(model.target->code());
  Status status = code.load(bytes.data, bytes.size);
  if (!status.ok())
    return status;
  for (const format::Kernel *kernel : *model.target->kernels()) {
    moert_kernel function;
    status = code.find(kernel->symbol()->str(), function);
    if (!status.ok())
      return status;
    kernels.push_back(function);
  }
  if (usesHugePages)
    return weights.emplace().load(*model.artifact);
  return {};
}

Status CpuDevice::createExecution(const PageTable &pages, ThreadPool &pool,
                                  std::unique_ptr<Execution> &execution) const {
  auto made = std::make_unique<CpuExecution>(
      model, weights ? &*weights : nullptr, kernels, pages, pool);
  Status status = made->allocate();
  if (status.ok())
    execution = std::move(made);
  return status;
}

Status moert::createCpuDevice(const DeviceModel &model, bool usesHugePages,
                              std::unique_ptr<Device> &device) {
  auto made = std::make_unique<CpuDevice>(model);
  Status status = made->load(usesHugePages);
  if (status.ok())
    device = std::move(made);
  return status;
}
