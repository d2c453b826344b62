//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

namespace {

using namespace emulator::cuda;

class GraphTest : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    ASSERT_OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
  }
  /// Captures two launches, which do not commute.
  CUgraph capture(CUdeviceptr to, unsigned factor, unsigned addend) {
    CUgraph graph = nullptr;
    EXPECT_OK(
        CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    EXPECT_OK(launch(kernel("fold"), 1, stream, to, factor, 0u));
    EXPECT_OK(launch(kernel("fold"), 1, stream, to, 1u, addend));
    EXPECT_OK(CU(cuStreamEndCapture)(stream, &graph));
    return graph;
  }
  CUgraphExec instantiate(CUgraph graph) {
    CUgraphExec exec = nullptr;
    EXPECT_OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
    return exec;
  }

  CUstream stream = nullptr;
};

} // namespace

TEST_F(GraphTest, CapturedGraphRunsManyTimes) {
  DeviceArray<unsigned> a(1, 1u);
  CUgraph graph = capture(a.pointer, 3, 2);
  EXPECT_EQ(a.get()[0], 1u); // nothing ran yet
  size_t count = 0;
  EXPECT_OK(CU(cuGraphGetNodes)(graph, nullptr, &count));
  EXPECT_EQ(count, 2u);
  CUgraphExec exec = instantiate(graph);
  EXPECT_OK(CU(cuGraphDestroy)(graph));
  unsigned expected = 1;
  for (int i = 0; i != 50; ++i) {
    EXPECT_OK(CU(cuGraphLaunch)(exec, stream));
    expected = expected * 3 + 2;
  }
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(a.get()[0], expected);
  EXPECT_OK(CU(cuGraphExecDestroy)(exec));
  EXPECT_EQ(CU(cuGraphLaunch)(exec, stream), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(GraphTest, UpdateChangesParametersNotTopology) {
  DeviceArray<unsigned> a(1, 1u);
  CUgraphExec exec = instantiate(capture(a.pointer, 3, 2));
  CUgraphExecUpdateResultInfo info = {};
  EXPECT_OK(CU(cuGraphExecUpdate_v2)(exec, capture(a.pointer, 5, 7), &info));
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_SUCCESS);
  EXPECT_OK(CU(cuGraphLaunch)(exec, stream));
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(a.get()[0], 12u);
  CUgraph other = nullptr;
  EXPECT_OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_OK(CU(cuMemsetD32Async)(a.pointer, 0, 1, stream));
  EXPECT_OK(CU(cuStreamEndCapture)(stream, &other));
  EXPECT_EQ(CU(cuGraphExecUpdate_v2)(exec, other, &info),
            CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
}

TEST_F(GraphTest, SynchronizingInvalidatesACapture) {
  EXPECT_OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_EQ(CU(cuStreamSynchronize)(stream),
            CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  CUstreamCaptureStatus status;
  EXPECT_OK(CU(cuStreamIsCapturing)(stream, &status));
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
  EXPECT_EQ(launch(kernel("count"), 1, stream),
            CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  CUgraph graph = nullptr;
  EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph),
            CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(graph, nullptr);
  EXPECT_OK(launch(kernel("count"), 1, stream));
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
}

TEST_F(GraphTest, EventsForkAndJoinACapture) {
  DeviceArray<unsigned> a(1, 1u);
  CUstream side = nullptr;
  CUevent fork = nullptr, join = nullptr;
  EXPECT_OK(CU(cuStreamCreate)(&side, CU_STREAM_NON_BLOCKING));
  EXPECT_OK(CU(cuEventCreate)(&fork, 0));
  EXPECT_OK(CU(cuEventCreate)(&join, 0));
  EXPECT_OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_OK(launch(kernel("fold"), 1, stream, a.pointer, 1u, 4u));
  EXPECT_OK(CU(cuEventRecord)(fork, stream));
  EXPECT_OK(CU(cuStreamWaitEvent)(side, fork, 0));
  EXPECT_OK(launch(kernel("fold"), 1, side, a.pointer, 2u, 0u));
  EXPECT_OK(CU(cuEventRecord)(join, side));
  EXPECT_OK(CU(cuStreamWaitEvent)(stream, join, 0));
  EXPECT_OK(launch(kernel("fold"), 1, stream, a.pointer, 1u, 1u));
  CUgraph graph = nullptr;
  EXPECT_OK(CU(cuStreamEndCapture)(stream, &graph));
  EXPECT_OK(CU(cuGraphLaunch)(instantiate(graph), stream));
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(a.get()[0], 11u);
}

TEST_F(GraphTest, ForkThatIsNotJoinedIsAnError) {
  CUstream side = nullptr;
  CUevent fork = nullptr;
  EXPECT_OK(CU(cuStreamCreate)(&side, CU_STREAM_NON_BLOCKING));
  EXPECT_OK(CU(cuEventCreate)(&fork, 0));
  EXPECT_OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_OK(CU(cuEventRecord)(fork, stream));
  EXPECT_OK(CU(cuStreamWaitEvent)(side, fork, 0));
  EXPECT_OK(launch(kernel("count"), 1, side));
  CUgraph graph = nullptr;
  EXPECT_EQ(CU(cuStreamEndCapture)(stream, &graph),
            CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
}
