//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Streams and events. A query has the queued work begun, so that a program
// which polls gets on.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"

namespace emulator::cuda {

namespace {

CUresult createStream(CUstream *handle, unsigned flags, int priority) {
  return inContext([&](Call &call) {
    if (!handle || flags > CU_STREAM_NON_BLOCKING)
      return CUDA_ERROR_INVALID_VALUE;
    *handle =
        call.driver.streams.add(call.context->createStream(flags, priority));
    return CUDA_SUCCESS;
  });
}

/// Calls `body(call, event)` with the event behind a handle.
template <class Body> CUresult inEvent(CUevent handle, Body body) {
  return inContext([&](Call &call) {
    std::shared_ptr<Event> event = call.driver.events.find(handle);
    return event ? body(call, event) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// The task that stands for all work of a stream so far.
TaskRef newest(Stream &stream) {
  // The legacy stream stands for the blocking streams, too.
  return stream.kind == Stream::Kind::Legacy
             ? stream.context.enqueue(stream, nullptr)
             : stream.tail;
}

/// Whether a task is done, or is after a moment.
CUresult poll(Call &call, const TaskRef &task) {
  if (task && !task->done())
    call.hurry(task);
  if (task && !task->done())
    return CUDA_ERROR_NOT_READY;
  return call.context->error->get();
}

/// An error if the event stands for work that is captured.
CUresult refuseCaptured(Event &event) {
  if (!event.capture)
    return CUDA_SUCCESS;
  return event.capture->breakFor(CUDA_ERROR_CAPTURED_EVENT);
}

CUresult elapsed(Call &call, float *milliseconds, CUevent startHandle,
                 CUevent endHandle) {
  std::shared_ptr<Event> start = call.driver.events.find(startHandle);
  std::shared_ptr<Event> end = call.driver.events.find(endHandle);
  if (!start || !end || !start->timed() || !end->timed() || !start->task ||
      !end->task)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!milliseconds)
    return CUDA_ERROR_INVALID_VALUE;
  if (!start->task->done() || !end->task->done())
    return CUDA_ERROR_NOT_READY;
  *milliseconds = static_cast<float>(end->stamp->load() - start->stamp->load());
  return CUDA_SUCCESS;
}

} // namespace

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  return createStream(stream, flags, 0);
}

/// The priority is kept for cuStreamGetPriority: order is not time.
CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags,
                                    int priority) {
  int clamped = priority > 0 ? 0 : (priority < -5 ? -5 : priority);
  return createStream(stream, flags, clamped);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  return anywhere([&](Call &call) {
    std::shared_ptr<Stream> stream = call.driver.streams.find(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture)
      stream->capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    stream->context.removeStream(stream);
    call.driver.streams.remove(handle);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamSynchronize(CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (stream.capture)
      return stream.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    return call.finish(newest(stream));
  });
}

CUresult cuStreamQuery(CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (stream.capture)
      return stream.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    return poll(call, newest(stream));
  });
}

CUresult cuStreamWaitEvent(CUstream streamHandle, CUevent handle,
                           unsigned flags) {
  return inStream(streamHandle, [&](Call &call, Stream &stream) {
    std::shared_ptr<Event> event = call.driver.events.find(handle);
    if (!event)
      return CUDA_ERROR_INVALID_HANDLE;
    constexpr unsigned external = 1;
    if (flags & ~external)
      return CUDA_ERROR_INVALID_VALUE;
    if (!(flags & external) || !stream.capture)
      return waitForEvent(stream, *event);
    Work work;
    work.type = CU_GRAPH_NODE_TYPE_WAIT_EVENT;
    work.event = event;
    return stream.context.submit(stream, std::move(work));
  });
}

CUresult cuStreamGetPriority(CUstream handle, int *priority) {
  return inStream(handle, [&](Call &, Stream &stream) {
    if (!priority)
      return CUDA_ERROR_INVALID_VALUE;
    *priority = stream.priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream handle, unsigned *flags) {
  return inStream(handle, [&](Call &, Stream &stream) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = stream.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream handle, unsigned long long *id) {
  return inStream(handle, [&](Call &, Stream &stream) {
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = stream.context.id << 32 | stream.id;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetDevice(CUstream handle, CUdevice *device) {
  return inStream(handle, [&](Call &, Stream &) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    *context = call.driver.contexts.of(&stream.context);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventCreate(CUevent *handle, unsigned flags) {
  return inContext([&](Call &call) {
    constexpr unsigned known = CU_EVENT_BLOCKING_SYNC |
                               CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
    if (!handle || flags & ~known)
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & CU_EVENT_INTERPROCESS)
      return CUDA_ERROR_NOT_SUPPORTED;
    *handle = call.driver.events.add(
        std::make_shared<Event>(flags, call.context.get()));
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy_v2(CUevent handle) {
  return anywhere([&](Call &call) {
    return call.driver.events.remove(handle) ? CUDA_SUCCESS
                                             : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuEventRecord(CUevent handle, CUstream stream) {
  return cuEventRecordWithFlags(handle, stream, 0);
}

CUresult cuEventRecordWithFlags(CUevent handle, CUstream streamHandle,
                                unsigned flags) {
  return inStream(streamHandle, [&](Call &call, Stream &stream) {
    std::shared_ptr<Event> event = call.driver.events.find(handle);
    if (!event || event->context != &stream.context)
      return CUDA_ERROR_INVALID_HANDLE;
    constexpr unsigned external = 1;
    if (flags & ~external)
      return CUDA_ERROR_INVALID_VALUE;
    if (!(flags & external) || !stream.capture)
      return recordEvent(event, stream);
    Work work;
    work.type = CU_GRAPH_NODE_TYPE_EVENT_RECORD;
    work.event = event;
    return stream.context.submit(stream, std::move(work));
  });
}

CUresult cuEventQuery(CUevent handle) {
  return inEvent(handle, [&](Call &call, std::shared_ptr<Event> event) {
    CUresult captured = refuseCaptured(*event);
    return captured == CUDA_SUCCESS ? poll(call, event->task) : captured;
  });
}

CUresult cuEventSynchronize(CUevent handle) {
  return inEvent(handle, [&](Call &call, std::shared_ptr<Event> event) {
    CUresult captured = refuseCaptured(*event);
    return captured == CUDA_SUCCESS ? call.finish(event->task) : captured;
  });
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start,
                               CUevent end) {
  return inContext(
      [&](Call &call) { return elapsed(call, milliseconds, start, end); });
}

} // namespace emulator::cuda
