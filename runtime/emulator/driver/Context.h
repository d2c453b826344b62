//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A context: the streams that belong to it, and the error that it stays in.
// All members are guarded by the driver's mutex.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_CONTEXT_H
#define RUNTIME_EMULATOR_DRIVER_CONTEXT_H

#include "runtime/emulator/driver/Stream.h"

#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace emulator::cuda {

class Context {
public:
  Context(Engine &engine, bool primary, uint64_t id)
      : primary(primary), id(id), engine_(engine) {
    clear();
  }

  /// Forgets streams and error, as if the context were new.
  void clear();

  std::shared_ptr<Stream> legacy() const { return legacy_; }
  /// The default stream of the calling thread.
  std::shared_ptr<Stream> perThread();
  std::shared_ptr<Stream> createStream(unsigned flags, int priority);
  /// Forgets a stream; its work is done all the same.
  void removeStream(const std::shared_ptr<Stream> &stream);

  /// Puts work into a stream, or into the graph that captures it.
  CUresult submit(Stream &stream, Work work);
  /// Queues a task in a stream, behind `after`, too.
  TaskRef enqueue(Stream &stream, Action action,
                  std::vector<TaskRef> after = {}, Runs runs = Runs::Device);
  /// The same for a host function that is called with the context's error, if
  /// there is one by then, instead of being left out.
  TaskRef enqueueAlways(Stream &stream, std::function<void(CUresult)> action);
  /// Queues a task that belongs to no stream.
  TaskRef submitAfter(Action action, const std::vector<TaskRef> &after,
                      Runs runs = Runs::Device) {
    return engine_.submit(std::move(action), error, after, runs);
  }
  /// A task that follows all work of the context.
  TaskRef barrier();
  /// The blocking stream that is being captured, or null: the legacy stream
  /// must not be used meanwhile.
  Stream *capturedBlockingStream();

  const bool primary;
  const uint64_t id;
  unsigned flags = 0;
  unsigned retained = 0; ///< of the primary context
  bool alive = true;
  std::shared_ptr<StickyError> error;
  uint64_t limits[7]; ///< by CUlimit

private:
  std::vector<TaskRef> tails(bool blockingOnly) const;
  /// The tasks that the next one of a stream follows.
  std::vector<TaskRef> before(const Stream &stream) const;

  Engine &engine_;
  std::shared_ptr<Stream> legacy_;
  std::map<std::thread::id, std::shared_ptr<Stream>> perThread_;
  std::vector<std::shared_ptr<Stream>> created_;
  std::vector<std::pair<TaskRef, bool>> left_; ///< of removed streams; blocking
  uint64_t streams_ = 0;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_CONTEXT_H
