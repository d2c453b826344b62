//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/GraphLaunch.h"

#include <unordered_map>

namespace emulator::cuda {

namespace {

/// Nodes that no other node depends on.
std::vector<Node *> leavesOf(const Graph &graph) {
  std::unordered_map<const Node *, bool> followed;
  for (const auto &node : graph.nodes)
    for (Node *dependency : node->dependencies)
      followed[dependency] = true;
  std::vector<Node *> leaves;
  for (const auto &node : graph.nodes)
    if (!followed.count(node.get()))
      leaves.push_back(node.get());
  return leaves;
}

CUresult embed(Stream &stream, const Graph &graph) {
  if (stream.capture->broken != CUDA_SUCCESS)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (graph.nodes.empty())
    return CUDA_SUCCESS;
  std::unordered_map<const Node *, Node *> copies;
  for (const auto &node : graph.nodes) {
    std::vector<Node *> dependencies;
    for (Node *dependency : node->dependencies)
      dependencies.push_back(copies.at(dependency));
    if (dependencies.empty())
      dependencies = stream.captureTail;
    copies[node.get()] =
        stream.capture->graph->add(node->work, std::move(dependencies));
  }
  std::vector<Node *> tail;
  for (Node *leaf : leavesOf(graph))
    tail.push_back(copies.at(leaf));
  stream.captureTail = std::move(tail);
  return CUDA_SUCCESS;
}

/// Queues one node behind `after`.
TaskRef queueNode(Stream &stream, const Work &work,
                  std::vector<TaskRef> after) {
  Context &context = stream.context;
  if (work.type == CU_GRAPH_NODE_TYPE_WAIT_EVENT)
    after.push_back(work.event->task);
  if (work.type != CU_GRAPH_NODE_TYPE_EVENT_RECORD)
    return context.submitAfter(work.action, after, work.runs());
  work.event->stamp = std::make_shared<Stamp>(0.0);
  work.event->task = context.submitAfter(stampAction(work.event->stamp), after);
  return work.event->task;
}

} // namespace

CUresult launchGraph(Stream &stream, GraphExec &exec) {
  if (stream.capture)
    return embed(stream, *exec.graph);
  Context &context = stream.context;
  TaskRef start = context.enqueue(stream, nullptr, {exec.last});
  std::unordered_map<const Node *, TaskRef> tasks;
  std::vector<TaskRef> all;
  for (const auto &node : exec.graph->nodes) {
    std::vector<TaskRef> after{start};
    for (Node *dependency : node->dependencies)
      after.push_back(tasks.at(dependency));
    tasks[node.get()] = queueNode(stream, node->work, std::move(after));
    all.push_back(tasks[node.get()]);
  }
  stream.tail = exec.last = context.submitAfter(nullptr, all);
  return CUDA_SUCCESS;
}

} // namespace emulator::cuda
