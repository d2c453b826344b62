//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Capture of streams.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"

#include <algorithm>

namespace emulator::cuda {

namespace {

struct CaptureInfo {
  CUstreamCaptureStatus *status;
  cuuint64_t *id;
  CUgraph *graph;
  const CUgraphNode **dependencies;
  const CUgraphEdgeData **edges;
  size_t *count;
};

CUstreamCaptureStatus statusOf(const Stream &stream) {
  if (!stream.capture)
    return CU_STREAM_CAPTURE_STATUS_NONE;
  return stream.capture->broken == CUDA_SUCCESS
             ? CU_STREAM_CAPTURE_STATUS_ACTIVE
             : CU_STREAM_CAPTURE_STATUS_INVALIDATED;
}

/// The arrays stay good until the next call for the stream.
CUresult captureInfo(CUstream handle, const CaptureInfo &info) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (!info.status)
      return CUDA_ERROR_INVALID_VALUE;
    if (stream.kind == Stream::Kind::Legacy &&
        call.context->capturedBlockingStream())
      return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    *info.status = statusOf(stream);
    if (*info.status != CU_STREAM_CAPTURE_STATUS_ACTIVE)
      return CUDA_SUCCESS;
    if (info.id)
      *info.id = stream.capture->id;
    if (info.graph)
      *info.graph = call.driver.graphs.of(stream.capture->graph.get());
    if (info.dependencies)
      *info.dependencies =
          reinterpret_cast<const CUgraphNode *>(stream.captureTail.data());
    if (info.edges)
      *info.edges = nullptr;
    if (info.count)
      *info.count = stream.captureTail.size();
    return CUDA_SUCCESS;
  });
}

} // namespace

CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (mode > CU_STREAM_CAPTURE_MODE_RELAXED)
      return CUDA_ERROR_INVALID_VALUE;
    if (stream.kind == Stream::Kind::Legacy)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream.capture)
      return CUDA_ERROR_ILLEGAL_STATE;
    auto capture = std::make_shared<Capture>();
    capture->id = call.driver.nextId++;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    stream.capture = capture;
    capture->join(stream, {});
    call.driver.captures.push_back(capture);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    std::shared_ptr<Capture> capture = stream.capture;
    if (!capture)
      return CUDA_ERROR_ILLEGAL_STATE;
    if (capture->members.front().lock().get() != &stream)
      return capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
        capture->thread != std::this_thread::get_id())
      return capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
    auto &captures = call.driver.captures;
    captures.erase(std::remove(captures.begin(), captures.end(), capture),
                   captures.end());
    CUresult result = capture->end();
    if (graph)
      *graph = result == CUDA_SUCCESS ? call.driver.graphs.add(capture->graph)
                                      : nullptr;
    return result;
  });
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status) {
  return captureInfo(handle,
                     {status, nullptr, nullptr, nullptr, nullptr, nullptr});
}

CUresult cuStreamGetCaptureInfo_v2(CUstream handle,
                                   CUstreamCaptureStatus *status,
                                   cuuint64_t *id, CUgraph *graph,
                                   const CUgraphNode **dependencies,
                                   size_t *count) {
  return captureInfo(handle, {status, id, graph, dependencies, nullptr, count});
}

CUresult cuStreamGetCaptureInfo_v3(CUstream handle,
                                   CUstreamCaptureStatus *status,
                                   cuuint64_t *id, CUgraph *graph,
                                   const CUgraphNode **dependencies,
                                   const CUgraphEdgeData **edges,
                                   size_t *count) {
  return captureInfo(handle, {status, id, graph, dependencies, edges, count});
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  return anywhere([&](Call &) {
    if (!mode || *mode > CU_STREAM_CAPTURE_MODE_RELAXED)
      return CUDA_ERROR_INVALID_VALUE;
    std::swap(*mode, threadCaptureMode());
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::cuda
