//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Graph.h"

#include <unordered_map>

namespace emulator::cuda {

Node *Graph::add(Work work, std::vector<Node *> dependencies) {
  nodes.push_back(std::make_unique<Node>());
  nodes.back()->work = std::move(work);
  nodes.back()->dependencies = std::move(dependencies);
  return nodes.back().get();
}

std::unique_ptr<Graph> Graph::clone() const {
  auto copy = std::make_unique<Graph>();
  std::unordered_map<const Node *, Node *> copies;
  for (const auto &node : nodes) {
    std::vector<Node *> dependencies;
    for (Node *dependency : node->dependencies)
      dependencies.push_back(copies.at(dependency));
    copies[node.get()] = copy->add(node->work, std::move(dependencies));
  }
  return copy;
}

long Graph::indexOf(const Node *node) const {
  for (size_t i = 0; i != nodes.size(); ++i)
    if (nodes[i].get() == node)
      return static_cast<long>(i);
  return -1;
}

} // namespace emulator::cuda
