//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

#include <atomic>
#include <thread>

namespace {

using namespace emulator::cuda;

CUstream newStream() {
  CUstream stream = nullptr;
  EXPECT_OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
  return stream;
}

CUevent newEvent(unsigned flags = 0) {
  CUevent event = nullptr;
  EXPECT_OK(CU(cuEventCreate)(&event, flags));
  return event;
}

} // namespace

TEST_F(KernelTest, StreamKeepsItsOrder) {
  DeviceArray<unsigned> a(1, 1u);
  CUstream stream = newStream();
  CUfunction fold = kernel("fold");
  unsigned expected = 1;
  for (unsigned i = 1; i != 40; ++i) {
    EXPECT_OK(launch(fold, 1, stream, a.pointer, 3u, i));
    expected = expected * 3 + i;
  }
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(a.get()[0], expected);
  EXPECT_OK(CU(cuStreamQuery)(stream));
  EXPECT_OK(CU(cuStreamDestroy_v2)(stream));
}

TEST_F(KernelTest, EventOrdersTwoStreams) {
  DeviceArray<unsigned> a(1, 1u);
  CUstream first = newStream(), second = newStream();
  CUevent done = newEvent();
  EXPECT_OK(launch(kernel("fold"), 1, first, a.pointer, 1u, 9u));
  EXPECT_OK(CU(cuEventRecord)(done, first));
  EXPECT_OK(CU(cuStreamWaitEvent)(second, done, 0));
  EXPECT_OK(launch(kernel("fold"), 1, second, a.pointer, 2u, 0u));
  EXPECT_OK(CU(cuStreamSynchronize)(second));
  EXPECT_OK(CU(cuEventQuery)(done));
  EXPECT_EQ(a.get()[0], 20u);
}

TEST_F(KernelTest, TwoThreadsUseTheirOwnStreams) {
  DeviceArray<unsigned> a(2, 0u);
  CUfunction fold = kernel("fold");
  auto work = [&](unsigned n) {
    EXPECT_OK(CU(cuCtxSetCurrent)(context));
    CUstream stream = newStream();
    for (unsigned i = 0; i != 100; ++i)
      EXPECT_OK(launch(fold, 1, stream, a.pointer + 4 * n, 2u, i + n));
    EXPECT_OK(CU(cuStreamSynchronize)(stream));
  };
  std::thread other(work, 1u);
  work(0);
  other.join();
  unsigned expected[2] = {};
  for (unsigned n = 0; n != 2; ++n)
    for (unsigned i = 0; i != 100; ++i)
      expected[n] = expected[n] * 2 + i + n;
  EXPECT_EQ(a.get(), (std::vector<unsigned>{expected[0], expected[1]}));
}

namespace {

/// What a host function waits for, and whether it ran.
struct Door {
  std::atomic<bool> open{false}, passed{false};
  static void pass(void *door) {
    auto &self = *static_cast<Door *>(door);
    while (!self.open)
      std::this_thread::yield();
    self.passed = true;
  }
};

} // namespace

TEST_F(KernelTest, HostFunctionMayWaitForTheThreadThatQueries) {
  DeviceArray<unsigned> a(1, 1u), b(1, 1u);
  CUstream held = newStream(), other = newStream();
  CUevent behind = newEvent();
  Door door;
  EXPECT_OK(CU(cuLaunchHostFunc)(held, Door::pass, &door));
  EXPECT_OK(launch(kernel("fold"), 1, held, a.pointer, 1u, 4u));
  EXPECT_OK(CU(cuEventRecord)(behind, held));
  for (int i = 0; i != 3; ++i) {
    EXPECT_EQ(CU(cuEventQuery)(behind), CUDA_ERROR_NOT_READY);
    EXPECT_EQ(CU(cuStreamQuery)(held), CUDA_ERROR_NOT_READY);
  }
  // Work of other streams is done meanwhile.
  EXPECT_OK(launch(kernel("fold"), 1, other, b.pointer, 1u, 6u));
  EXPECT_OK(CU(cuStreamSynchronize)(other));
  EXPECT_EQ(b.get()[0], 7u);
  EXPECT_FALSE(door.passed);
  door.open = true;
  CUresult state = CUDA_ERROR_NOT_READY;
  while (state == CUDA_ERROR_NOT_READY)
    state = CU(cuEventQuery)(behind);
  EXPECT_OK(state);
  EXPECT_TRUE(door.passed);
  EXPECT_EQ(a.get()[0], 5u);
}

TEST_F(DriverTest, EventsMeasureUnlessToldNotTo) {
  CUevent begin = newEvent(), end = newEvent();
  float milliseconds = -1;
  EXPECT_OK(CU(cuEventRecord)(begin, nullptr));
  EXPECT_OK(CU(cuEventRecord)(end, nullptr));
  EXPECT_OK(CU(cuEventSynchronize)(end));
  EXPECT_OK(CU(cuEventElapsedTime)(&milliseconds, begin, end));
  EXPECT_GE(milliseconds, 0);
  CUevent untimed = newEvent(CU_EVENT_DISABLE_TIMING);
  EXPECT_OK(CU(cuEventRecord)(untimed, nullptr));
  EXPECT_EQ(CU(cuEventElapsedTime)(&milliseconds, begin, untimed),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_OK(CU(cuEventDestroy_v2)(begin));
  EXPECT_EQ(CU(cuEventRecord)(begin, nullptr), CUDA_ERROR_INVALID_HANDLE);
}
