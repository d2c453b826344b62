//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Streams, events and captures. All their members are guarded by the driver's
// mutex.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_STREAM_H
#define RUNTIME_EMULATOR_DRIVER_STREAM_H

#include "runtime/emulator/driver/Engine.h"
#include "runtime/emulator/driver/Graph.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace emulator::cuda {

class Context;
class Stream;

/// When an event was reached, in milliseconds of the host's steady clock.
using Stamp = std::atomic<double>;

/// The capture of one stream, and of those that join it, into a graph.
struct Capture {
  uint64_t id = 0;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;                     ///< that began it
  std::vector<std::weak_ptr<Stream>> members; ///< the first one began it
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  CUresult broken = CUDA_SUCCESS; ///< why nothing can come of it any more
  bool ended = false;

  /// Breaks the capture for that reason, which is returned.
  CUresult breakFor(CUresult reason);
  void join(Stream &stream, std::vector<Node *> tail);
  /// Takes all streams out of the capture. An error if work of other streams
  /// was not joined to the first one.
  CUresult end();
};

class Event {
public:
  Event(unsigned flags, const Context *context)
      : flags(flags), context(context) {}

  bool timed() const { return !(flags & CU_EVENT_DISABLE_TIMING); }

  const unsigned flags;
  const Context *const context;
  TaskRef task; ///< of the last record; null before the first
  std::shared_ptr<Stamp> stamp;
  /// Of a record in a captured stream: the nodes that it stands for.
  std::shared_ptr<Capture> capture;
  std::vector<Node *> nodes;
};

class Stream : public std::enable_shared_from_this<Stream> {
public:
  enum class Kind : uint8_t { Legacy, PerThread, Created };

  Stream(Context &context, Kind kind, unsigned flags, int priority, uint64_t id)
      : context(context), kind(kind), flags(flags), priority(priority), id(id) {
  }

  /// Waits for, and is waited for by, the legacy stream.
  bool blocking() const {
    return kind != Kind::Legacy && !(flags & CU_STREAM_NON_BLOCKING);
  }

  Context &context;
  const Kind kind;
  const unsigned flags;
  const int priority;
  const uint64_t id;
  TaskRef tail; ///< the newest task
  std::shared_ptr<Capture> capture;
  std::vector<Node *> captureTail; ///< what the next node will follow
};

/// Adds work to the graph that captures a stream: an error once the capture is
/// broken.
CUresult addToCapture(Stream &stream, Work work);

/// Writes the time at which it is called.
Action stampAction(std::shared_ptr<Stamp> stamp);

/// A task or node for "the event was reached": puts a record into a stream.
CUresult recordEvent(const std::shared_ptr<Event> &event, Stream &stream);

/// Makes what follows in the stream wait for the event. A wait for an event of
/// another stream that is being captured takes this stream into the capture.
CUresult waitForEvent(Stream &stream, const Event &event);

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_STREAM_H
