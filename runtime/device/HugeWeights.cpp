//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/HugeWeights.h"

#include "runtime/ThreadPool.h"
#include "runtime/artifact/Artifact.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sys/mman.h>
#include <unistd.h>

using namespace moert;

/// Copied at once, before the mapped file's pages are given back.
static constexpr uint64_t pieceBytes = uint64_t(16) << 20;

/// Memory that can be had without swapping; 0 if the system does not say.
/// proc(5), /proc/meminfo.
static uint64_t availableBytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, 13, "MemAvailable:") == 0)
      return std::strtoull(line.c_str() + 13, nullptr, 10) * 1024;
  return 0;
}

Status moert::checkHugePages(uint64_t bytes) {
  // Linux, Documentation/admin-guide/mm/transhuge.rst
  const char *setting = "/sys/kernel/mm/transparent_hugepage/enabled";
  std::ifstream file(setting);
  std::string modes;
  if (!std::getline(file, modes) || modes.find("[never]") != std::string::npos)
    return {MOERT_UNSUPPORTED,
            std::string("the system gives no huge pages for weights: ") +
                setting + (modes.empty() ? " cannot be read" : " is 'never'")};
  uint64_t available = availableBytes();
  if (bytes > available)
    return {MOERT_NO_MEMORY, "huge pages for " + std::to_string(bytes) +
                                 " bytes of weights: only " +
                                 std::to_string(available) +
                                 " bytes of memory are available"};
  return {};
}

/// Gives the pages of a mapped file back that lie between two addresses.
static void giveBack(const uint8_t *from, const uint8_t *to) {
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t begin =
      (reinterpret_cast<uintptr_t>(from) + page - 1) / page * page;
  uintptr_t end = reinterpret_cast<uintptr_t>(to) / page * page;
  if (begin < end)
    (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

Status HugeWeights::load(const Artifact &of) {
  artifact = &of;
  const uint8_t *last = nullptr;
  for (uint32_t i = 0; i < of.table().tensors()->size(); ++i) {
    ByteSpan tensor = of.tensor(i);
    first = first ? std::min(first, tensor.data) : tensor.data;
    last = std::max(last, tensor.data + tensor.size);
  }
  auto bytes = static_cast<uint64_t>(last - first);
  Status status = checkHugePages(bytes);
  if (status.ok())
    status = Mapping::reserve(bytes, Mapping::Pages::Huge, "the weights", copy);
  if (!status.ok())
    return status;
  return copyAll(bytes);
}

/// On all CPUs: most of the time goes into clearing pages and mapping them.
Status HugeWeights::copyAll(uint64_t bytes) {
  std::atomic<uint64_t> next{0};
  auto work = [&] {
    for (uint64_t from; (from = next.fetch_add(pieceBytes)) < bytes;) {
      uint64_t size = std::min(pieceBytes, bytes - from);
      std::memcpy(copy.data() + from, first + from, size);
      giveBack(first + from, first + from + size);
    }
  };
  ThreadPool pool;
  Status status = pool.start(ThreadPool::availableCpus());
  if (!status.ok())
    return status;
  auto call = [](void *context, int) {
    (*static_cast<decltype(work) *>(context))();
  };
  pool.run(call, &work, ThreadPool::Join::InTime);
  return {};
}

const uint8_t *HugeWeights::tensor(uint32_t index) const {
  return copy.data() + (artifact->tensor(index).data - first);
}
