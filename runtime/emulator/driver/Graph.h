//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Graphs of work, made by capture.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_GRAPH_H
#define RUNTIME_EMULATOR_DRIVER_GRAPH_H

#include "runtime/emulator/driver/Engine.h"

#include <memory>
#include <vector>

namespace emulator::cuda {

class Event;
struct KernelLaunch;

/// One operation, as it goes into a stream or a graph.
struct Work {
  CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
  Action action;
  std::shared_ptr<const KernelLaunch> kernel; ///< of a kernel node
  std::shared_ptr<Event> event; ///< of an event record or wait node

  Runs runs() const {
    return type == CU_GRAPH_NODE_TYPE_HOST ? Runs::Host : Runs::Device;
  }
};

struct Node {
  Work work;
  std::vector<Node *> dependencies; ///< earlier nodes of the same graph
};

/// Nodes in an order in which each follows its dependencies.
struct Graph {
  std::vector<std::unique_ptr<Node>> nodes;

  Node *add(Work work, std::vector<Node *> dependencies);
  /// A copy with nodes of its own, in the same order.
  std::unique_ptr<Graph> clone() const;
  /// Place of a node, or -1.
  long indexOf(const Node *node) const;
};

/// A graph that can be launched.
struct GraphExec {
  std::shared_ptr<const Graph> source; ///< the graph whose nodes users name
  std::unique_ptr<Graph> graph;        ///< the copy that is launched
  unsigned long long flags = 0;
  TaskRef last; ///< end of the last launch, which the next one follows
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_GRAPH_H
