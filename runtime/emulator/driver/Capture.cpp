//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Capture of streams into graphs, and the events that join them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Context.h"

#include <chrono>
#include <set>

namespace emulator::cuda {

namespace {

double millisecondsNow() {
  std::chrono::duration<double, std::milli> now =
      std::chrono::steady_clock::now().time_since_epoch();
  return now.count();
}

CUresult waitInCapture(Stream &stream, const Event &event) {
  Capture &capture = *stream.capture;
  if (capture.broken != CUDA_SUCCESS)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (!event.capture || event.capture->ended)
    return capture.breakFor(CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
  if (event.capture != stream.capture) {
    event.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_MERGE);
    return capture.breakFor(CUDA_ERROR_STREAM_CAPTURE_MERGE);
  }
  stream.captureTail.insert(stream.captureTail.end(), event.nodes.begin(),
                            event.nodes.end());
  return CUDA_SUCCESS;
}

} // namespace

CUresult Capture::breakFor(CUresult reason) {
  if (broken == CUDA_SUCCESS)
    broken = reason;
  return reason;
}

void Capture::join(Stream &stream, std::vector<Node *> tail) {
  members.push_back(stream.shared_from_this());
  stream.captureTail = std::move(tail);
}

CUresult Capture::end() {
  ended = true;
  std::set<const Node *> followed;
  for (const auto &node : graph->nodes)
    followed.insert(node->dependencies.begin(), node->dependencies.end());
  std::shared_ptr<Stream> origin = members.front().lock();
  if (origin)
    followed.insert(origin->captureTail.begin(), origin->captureTail.end());
  for (const std::weak_ptr<Stream> &member : members) {
    std::shared_ptr<Stream> stream = member.lock();
    if (!stream)
      continue;
    stream->capture = nullptr;
    stream->captureTail.clear();
  }
  if (broken != CUDA_SUCCESS)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  for (const auto &node : graph->nodes)
    if (!followed.count(node.get()))
      return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  return CUDA_SUCCESS;
}

CUresult addToCapture(Stream &stream, Work work) {
  if (stream.capture->broken != CUDA_SUCCESS)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  Node *node = stream.capture->graph->add(std::move(work), stream.captureTail);
  stream.captureTail = {node};
  return CUDA_SUCCESS;
}

Action stampAction(std::shared_ptr<Stamp> stamp) {
  return [stamp = std::move(stamp)] {
    stamp->store(millisecondsNow());
    return CUDA_SUCCESS;
  };
}

CUresult recordEvent(const std::shared_ptr<Event> &event, Stream &stream) {
  if (stream.capture) {
    if (stream.capture->broken != CUDA_SUCCESS)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    event->capture = stream.capture;
    event->nodes = stream.captureTail;
    return CUDA_SUCCESS;
  }
  auto stamp = std::make_shared<Stamp>(0.0);
  Work work;
  work.action = stampAction(stamp);
  CUresult result = stream.context.submit(stream, std::move(work));
  if (result != CUDA_SUCCESS)
    return result;
  event->capture = nullptr;
  event->nodes.clear();
  event->stamp = stamp;
  event->task = stream.tail;
  return CUDA_SUCCESS;
}

CUresult waitForEvent(Stream &stream, const Event &event) {
  if (stream.capture)
    return waitInCapture(stream, event);
  if (!event.capture) {
    if (event.task && !event.task->done())
      stream.context.enqueue(stream, nullptr, {event.task});
    return CUDA_SUCCESS;
  }
  if (event.capture->ended)
    return CUDA_ERROR_CAPTURED_EVENT;
  if (event.capture->broken != CUDA_SUCCESS)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (stream.kind == Stream::Kind::Legacy)
    return event.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  stream.capture = event.capture;
  stream.capture->join(stream, event.nodes);
  return CUDA_SUCCESS;
}

} // namespace emulator::cuda
