//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How fast the memory of a GPU is: the rate that copies inside of it reach.
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaExecution.h"

#include <algorithm>

using namespace moert;

namespace {

/// Events around work in a stream.
class Timer {
public:
  explicit Timer(const CudaDriver &driver) : driver(driver) {}
  ~Timer() {
    for (cuda::CUevent event : events)
      if (event)
        driver.cuEventDestroy_v2(event);
  }

  Status prepare() {
    Status status;
    for (cuda::CUevent &event : events)
      if (status.ok())
        status = driver.check(
            driver.cuEventCreate(&event, cuda::CU_EVENT_DEFAULT),
            "make an event");
    return status;
  }
  Status mark(int which, cuda::CUstream stream) {
    return driver.check(driver.cuEventRecord(events[which], stream),
                        "tell the time");
  }
  Status read(double &seconds) {
    float milliseconds = 0;
    Status status = driver.check(
        driver.cuEventElapsedTime(&milliseconds, events[0], events[1]),
        "tell the time");
    seconds = milliseconds / 1000.0;
    return status;
  }

private:
  const CudaDriver &driver;
  cuda::CUevent events[2] = {nullptr, nullptr};
};

} // namespace

Status CudaExecution::measureMemory(double &bytesPerSecond) {
  // Far more than caches hold, if the GPU has so much left.
  constexpr uint64_t wanted = 512 << 20;
  constexpr int copies = 10;
  CudaScope scope(driver, gpu.context);
  size_t free = 0, total = 0;
  Status status =
      driver.check(driver.cuMemGetInfo_v2(&free, &total), "tell its memory");
  uint64_t bytes = std::min<uint64_t>(wanted, free / 4);
  DeviceMemory from, to;
  Timer timer(driver);
  if (status.ok())
    status = DeviceMemory::allocate(driver, bytes, "a copy's source", from);
  if (status.ok())
    status = DeviceMemory::allocate(driver, bytes, "a copy's target", to);
  if (status.ok())
    status = timer.prepare();
  // The first copy warms up.
  for (int i = 0; i <= copies && status.ok(); ++i) {
    status = driver.check(
        driver.cuMemcpyDtoDAsync_v2(to.get(), from.get(), bytes, stream),
        "copy its memory");
    if (status.ok() && (i == 0 || i == copies))
      status = timer.mark(i == copies, stream);
  }
  if (status.ok())
    status = driver.check(driver.cuStreamSynchronize(stream), "copy its memory");
  double seconds = 0;
  if (status.ok())
    status = timer.read(seconds);
  if (status.ok())
    bytesPerSecond = 2.0 * copies * static_cast<double>(bytes) / seconds;
  return status;
}
