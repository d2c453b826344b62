//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Graphs in streams.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_GRAPHLAUNCH_H
#define RUNTIME_EMULATOR_DRIVER_GRAPHLAUNCH_H

#include "runtime/emulator/driver/Context.h"

namespace emulator::cuda {

/// Queues the nodes of a graph, of which only their dependencies say the order,
/// as one piece of work of the stream. In a stream that is being captured they
/// become nodes of that graph.
CUresult launchGraph(Stream &stream, GraphExec &exec);

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_GRAPHLAUNCH_H
