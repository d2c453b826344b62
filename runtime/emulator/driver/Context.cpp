//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Context.h"

#include <algorithm>

namespace emulator::cuda {

void Context::clear() {
  static constexpr uint64_t defaults[] = {1024, 1 << 20, 8 << 20, 2, 2048, 64};
  std::fill(std::begin(limits), std::end(limits), 0);
  std::copy(std::begin(defaults), std::end(defaults), limits);
  error = std::make_shared<StickyError>();
  perThread_.clear();
  created_.clear();
  left_.clear();
  legacy_ =
      std::make_shared<Stream>(*this, Stream::Kind::Legacy, 0, 0, ++streams_);
}

std::shared_ptr<Stream> Context::perThread() {
  std::shared_ptr<Stream> &stream = perThread_[std::this_thread::get_id()];
  if (!stream)
    stream = std::make_shared<Stream>(*this, Stream::Kind::PerThread, 0, 0,
                                      ++streams_);
  return stream;
}

std::shared_ptr<Stream> Context::createStream(unsigned flags, int priority) {
  created_.push_back(std::make_shared<Stream>(*this, Stream::Kind::Created,
                                              flags, priority, ++streams_));
  return created_.back();
}

void Context::removeStream(const std::shared_ptr<Stream> &stream) {
  auto done = [](const auto &left) { return left.first->done(); };
  left_.erase(std::remove_if(left_.begin(), left_.end(), done), left_.end());
  if (stream->tail && !stream->tail->done())
    left_.emplace_back(stream->tail, stream->blocking());
  created_.erase(std::remove(created_.begin(), created_.end(), stream),
                 created_.end());
}

std::vector<TaskRef> Context::tails(bool blockingOnly) const {
  std::vector<TaskRef> tails;
  auto add = [&](const TaskRef &tail, bool blocking) {
    if (tail && !tail->done() && (blocking || !blockingOnly))
      tails.push_back(tail);
  };
  for (const auto &[thread, stream] : perThread_)
    add(stream->tail, stream->blocking());
  for (const auto &stream : created_)
    add(stream->tail, stream->blocking());
  for (const auto &[tail, blocking] : left_)
    add(tail, blocking);
  return tails;
}

std::vector<TaskRef> Context::before(const Stream &stream) const {
  std::vector<TaskRef> before;
  if (stream.kind == Stream::Kind::Legacy)
    before = tails(/*blockingOnly=*/true);
  else if (stream.blocking())
    before.push_back(legacy_->tail);
  before.push_back(stream.tail);
  return before;
}

TaskRef Context::enqueue(Stream &stream, Action action,
                         std::vector<TaskRef> after, Runs runs) {
  for (TaskRef &task : before(stream))
    after.push_back(std::move(task));
  stream.tail = engine_.submit(std::move(action), error, after, runs);
  return stream.tail;
}

TaskRef Context::enqueueAlways(Stream &stream,
                               std::function<void(CUresult)> action) {
  auto called = [action = std::move(action), error = error] {
    action(error->get());
    return CUDA_SUCCESS;
  };
  // An error of nobody's: it is never set.
  stream.tail = engine_.submit(called, std::make_shared<StickyError>(),
                               before(stream), Runs::Host);
  return stream.tail;
}

TaskRef Context::barrier() {
  std::vector<TaskRef> after = tails(/*blockingOnly=*/false);
  after.push_back(legacy_->tail);
  return engine_.submit(nullptr, error, after);
}

Stream *Context::capturedBlockingStream() {
  for (const auto &stream : created_)
    if (stream->capture && stream->blocking())
      return stream.get();
  for (const auto &[thread, stream] : perThread_)
    if (stream->capture)
      return stream.get();
  return nullptr;
}

CUresult Context::submit(Stream &stream, Work work) {
  if (stream.capture)
    return addToCapture(stream, std::move(work));
  if (stream.kind == Stream::Kind::Legacy) {
    if (Stream *captured = capturedBlockingStream())
      return captured->capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  }
  const Runs runs = work.runs();
  enqueue(stream, std::move(work.action), {}, runs);
  return CUDA_SUCCESS;
}

} // namespace emulator::cuda
