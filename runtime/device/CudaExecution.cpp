//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaExecution.h"

#include "runtime/artifact/Artifact.h"

#include <algorithm>

using namespace moert;

/// Steps whose graphs are kept: sizes that come again, like those of decoding.
static constexpr size_t mostGraphs = 64;
static constexpr uint64_t alignment = 256;

CudaExecution::~CudaExecution() {
  CudaScope scope(driver, gpu.context);
  for (const Graph &graph : graphs)
    driver.cuGraphExecDestroy(graph.graph);
  if (stream)
    driver.cuStreamDestroy_v2(stream);
  // Frees need the context.
  programs.clear();
  step = {};
  cache = {};
  hostInputs = {};
  hostResults = {};
  hostStatus = {};
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status CudaExecution::plan() {
  const format::Model &table = *gpu.model.artifact->table().model();
  uint64_t count = static_cast<uint64_t>(gpu.model.maxTokens());
  inputPitch = *roundUp(count * sizeof(int32_t), alignment);
  for (const format::Program *program : gpu.model.programs) {
    longest = std::max<size_t>(longest, program->launches()->size());
    scratchBytes = std::max(scratchBytes,
                            CudaProgram::scratchBytes(*program, gpu.kernels));
  }
  CheckedSize end = 0;
  auto place = [&](CheckedSize bytes) {
    uint64_t at = end ? *end : 0;
    end = roundUp(end + bytes, alignment);
    return at;
  };
  CheckedSize rows = count;
  layout.inputs = place(4 * inputPitch);
  layout.batch = place(sizeof(moert_batch));
  layout.table = place(CheckedSize(sizeof(int32_t)) *
                       static_cast<uint64_t>(pages.shape().sequences) *
                       static_cast<uint64_t>(pages.shape().pagesPerSequence));
  layout.status = place(longest * sizeof(int32_t));
  layout.finished = place(longest * sizeof(int64_t));
  layout.logits = place(rows * table.vocabulary() * sizeof(float));
  layout.topLogits = place(rows * table.top_logits() * sizeof(float));
  layout.topTokens = place(rows * table.top_logits() * sizeof(int32_t));
  layout.arena = place(gpu.model.arenaBytes());
  layout.scratch = place(scratchBytes);
  if (!end || !pages.shape().bytes())
    return {MOERT_NO_MEMORY, "a step of the model needs over 2^64 bytes"};
  layout.end = *end;
  return {};
}

/// Before anything is allocated: whether it fits, with both numbers.
Status CudaExecution::checkFreeMemory() const {
  size_t free = 0, total = 0;
  Status status =
      driver.check(driver.cuMemGetInfo_v2(&free, &total), "tell its memory");
  if (!status.ok())
    return status;
  uint64_t cacheBytes = *pages.shape().bytes();
  if (layout.end <= free && cacheBytes <= free - layout.end)
    return {};
  uint64_t left = layout.end < free ? free - layout.end : 0;
  uint64_t position = std::max<uint64_t>(
      cacheBytes /
          (static_cast<uint64_t>(pages.shape().pages) * MOERT_PAGE_TOKENS),
      1);
  return {MOERT_NO_MEMORY,
          "the GPU has " + std::to_string(free) + " of " +
              std::to_string(total) + " bytes free, but a session needs " +
              std::to_string(layout.end) + " for its steps and " +
              std::to_string(cacheBytes) +
              " for the KV cache; cache_positions of " +
              std::to_string(left / position / MOERT_PAGE_TOKENS *
                             MOERT_PAGE_TOKENS) +
              " would fit"};
}

Status CudaExecution::allocateMemory() {
  Status status =
      DeviceMemory::allocate(driver, layout.end, "memory for steps", step);
  if (status.ok())
    status = DeviceMemory::allocate(driver, *pages.shape().bytes(),
                                    "the KV cache", cache);
  if (status.ok())
    status = PinnedMemory::allocate(driver, 4 * inputPitch, hostInputs);
  if (status.ok())
    status = PinnedMemory::allocate(driver, layout.arena - layout.logits,
                                    hostResults);
  if (status.ok())
    status =
        PinnedMemory::allocate(driver, longest * sizeof(int32_t), hostStatus);
  if (status.ok())
    status = driver.check(
        driver.cuStreamCreate(&stream, cuda::CU_STREAM_NON_BLOCKING),
        "make a stream");
  return status;
}

Status CudaExecution::bind() {
  auto input = [&](int index) {
    return reinterpret_cast<int32_t *>(hostInputs.data() + index * inputPitch);
  };
  stepInputs = {input(0), input(1), input(2), input(3)};
  auto result = [&](uint64_t place) {
    return hostResults.data() + (place - layout.logits);
  };
  stepResults = {reinterpret_cast<float *>(result(layout.logits)),
                 reinterpret_cast<float *>(result(layout.topLogits)),
                 reinterpret_cast<int32_t *>(result(layout.topTokens))};
  bytes.arena = static_cast<int64_t>(layout.scratch - layout.arena);
  bytes.logits = static_cast<int64_t>(layout.arena - layout.logits);
  bytes.scratch = static_cast<int64_t>(layout.end - layout.scratch);

  cuda::CUdeviceptr base = step.get(), inputs = base + layout.inputs;
  auto pointer = [](cuda::CUdeviceptr address) {
    return reinterpret_cast<const int32_t *>(address);
  };
  moert_batch batch{
      pointer(inputs + inputPitch), pointer(inputs + 2 * inputPitch),
      pointer(base + layout.table), pages.shape().pagesPerSequence};
  CudaStepMemory memory{&gpu.tensors,
                        cache.get(),
                        pages.shape().layerBytes(),
                        base + layout.arena,
                        inputs,
                        inputs + 3 * inputPitch,
                        base + layout.batch,
                        base + layout.logits,
                        base + layout.topLogits,
                        base + layout.topTokens,
                        base + layout.status,
                        base + layout.finished,
                        base + layout.scratch};
  for (const format::Program *program : gpu.model.programs) {
    programs.push_back(
        std::make_unique<CudaProgram>(driver, *program, gpu.kernels, memory));
    Status status =
        programs.back()->makeTensorMaps(gpu.model.artifact->table());
    if (!status.ok())
      return status;
  }
  return driver.check(
      driver.cuMemcpyHtoD_v2(memory.batch, &batch, sizeof(batch)),
      "take the inputs");
}

Status CudaExecution::allocate() {
  CudaScope scope(driver, gpu.context);
  Status status = plan();
  if (status.ok())
    status = checkFreeMemory();
  if (status.ok())
    status = allocateMemory();
  if (status.ok())
    status = bind();
  return status;
}

Status CudaExecution::pagesChanged(int64_t row, int64_t from, int64_t to) {
  CudaScope scope(driver, gpu.context);
  int64_t first = row * pages.shape().pagesPerSequence + from;
  uint64_t place = static_cast<uint64_t>(first) * sizeof(int32_t);
  return driver.check(
      driver.cuMemcpyHtoD_v2(step.get() + layout.table + place,
                             pages.data() + first,
                             static_cast<size_t>(to - from) * sizeof(int32_t)),
      "take the page table");
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Puts a whole step into the stream; with `events`, one before the first
/// launch and one after each.
Status CudaExecution::enqueueStep(size_t program, StepSize size,
                                  cuda::CUevent *events) {
  const format::Model &table = *gpu.model.artifact->table().model();
  bool isTop = gpu.model.programs[program]->entry()->string_view() == "top";
  cuda::CUdeviceptr base = step.get();
  Status status = driver.check(
      driver.cuMemcpyHtoDAsync_v2(base + layout.inputs, hostInputs.data(),
                                  4 * inputPitch, stream),
      "take the inputs");
  if (status.ok())
    status = driver.check(driver.cuMemsetD8Async(base + layout.status, 0,
                                                 layout.logits - layout.status,
                                                 stream),
                          "clear the counters");
  struct Marks {
    const CudaDriver &driver;
    cuda::CUevent *events;
    cuda::CUstream stream;
  } marks{driver, events, stream};
  auto mark = [](void *context, size_t index) {
    auto &m = *static_cast<Marks *>(context);
    return m.driver.check(m.driver.cuEventRecord(m.events[index + 1], m.stream),
                          "tell the time");
  };
  if (status.ok() && events)
    status =
        driver.check(driver.cuEventRecord(events[0], stream), "tell the time");
  if (status.ok())
    status = programs[program]->enqueue(stream, size, events ? +mark : nullptr,
                                        &marks);
  auto fetch = [&](uint64_t place, uint64_t count, void *to) {
    if (status.ok() && count > 0)
      status = driver.check(
          driver.cuMemcpyDtoHAsync_v2(to, base + place, count, stream),
          "give its results");
  };
  uint64_t rows = static_cast<uint64_t>(size.rows) * sizeof(float);
  uint8_t *results = hostResults.data();
  if (!isTop)
    fetch(layout.logits, rows * table.vocabulary(), results);
  for (uint64_t place : {layout.topLogits, layout.topTokens})
    if (isTop)
      fetch(place, rows * table.top_logits(), results + place - layout.logits);
  fetch(layout.status, programs[program]->size() * sizeof(int32_t),
        hostStatus.data());
  return status;
}

Status CudaExecution::capture(size_t program, StepSize size, Graph &graph) {
  Status status =
      driver.check(driver.cuStreamBeginCapture_v2(
                       stream, cuda::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                   "capture a step");
  if (!status.ok())
    return status;
  Status inside = enqueueStep(program, size, nullptr);
  cuda::CUgraph captured = nullptr;
  status = driver.check(driver.cuStreamEndCapture(stream, &captured),
                        "capture a step");
  if (!inside.ok())
    status = inside;
  graph = {program, size, nullptr};
  if (status.ok())
    status = driver.check(
        driver.cuGraphInstantiateWithFlags(&graph.graph, captured, 0),
        "instantiate a step");
  if (captured)
    driver.cuGraphDestroy(captured);
  return status;
}

Status CudaExecution::runGraph(size_t program, StepSize size) {
  auto isSame = [&](const Graph &g) {
    return g.program == program && g.size.tokens == size.tokens &&
           g.size.rows == size.rows;
  };
  auto known = std::find_if(graphs.begin(), graphs.end(), isSame);
  if (known == graphs.end()) {
    Graph graph{};
    Status status = capture(program, size, graph);
    if (!status.ok())
      return status;
    if (graphs.size() == mostGraphs) {
      driver.cuGraphExecDestroy(graphs.front().graph);
      graphs.pop_front();
    }
    graphs.push_back(graph);
    known = std::prev(graphs.end());
  }
  Status status =
      driver.check(driver.cuGraphLaunch(known->graph, stream), "start a step");
  if (status.ok())
    status = driver.check(driver.cuStreamSynchronize(stream), "finish a step");
  return status;
}

Status CudaExecution::runMeasured(size_t program, StepSize size,
                                  double *seconds) {
  size_t count = programs[program]->size();
  std::vector<cuda::CUevent> events(count + 1, nullptr);
  Status status;
  for (cuda::CUevent &event : events)
    if (status.ok())
      status =
          driver.check(driver.cuEventCreate(&event, cuda::CU_EVENT_DEFAULT),
                       "tell the time");
  if (status.ok())
    status = enqueueStep(program, size, events.data());
  if (status.ok())
    status = driver.check(driver.cuStreamSynchronize(stream), "finish a step");
  for (size_t i = 0; i < count && status.ok(); ++i) {
    float milliseconds = 0;
    status = driver.check(
        driver.cuEventElapsedTime(&milliseconds, events[i], events[i + 1]),
        "tell the time");
    seconds[i] += milliseconds / 1000.0;
  }
  for (cuda::CUevent event : events)
    if (event)
      driver.cuEventDestroy_v2(event);
  return status;
}

StepOutcome CudaExecution::run(size_t program, StepSize size, double *seconds) {
  CudaScope scope(driver, gpu.context);
  StepOutcome outcome;
  outcome.status =
      seconds ? runMeasured(program, size, seconds) : runGraph(program, size);
  if (!outcome.status.ok())
    return outcome;
  const int32_t *reports = reinterpret_cast<int32_t *>(hostStatus.data());
  for (size_t i = 0; i < programs[program]->size(); ++i) {
    if (reports[i] == MOERT_KERNEL_OK)
      continue;
    outcome.failed = static_cast<int64_t>(i);
    outcome.report = reports[i];
    break;
  }
  return outcome;
}
