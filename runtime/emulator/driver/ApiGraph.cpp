//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Graphs.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/GraphLaunch.h"
#include "runtime/emulator/driver/Launch.h"

#include <algorithm>

namespace emulator::cuda {

namespace {

CUgraphNode handleOf(const Node *node) {
  return reinterpret_cast<CUgraphNode>(const_cast<Node *>(node));
}

/// Calls `body(call, graph)` with the graph behind a handle.
template <class Body> CUresult inGraph(CUgraph handle, Body body) {
  return anywhere([&](Call &call) {
    std::shared_ptr<Graph> graph = call.driver.graphs.find(handle);
    return graph ? body(call, graph) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Calls `body(node)` with the node behind a handle, of whatever graph.
template <class Body> CUresult inNode(CUgraphNode handle, Body body) {
  return anywhere([&](Call &call) {
    const Node *node = nullptr;
    call.driver.graphs.forEach([&](const Graph &graph) {
      long index = graph.indexOf(reinterpret_cast<const Node *>(handle));
      if (index >= 0)
        node = graph.nodes[static_cast<size_t>(index)].get();
    });
    return node ? body(*node) : CUDA_ERROR_INVALID_HANDLE;
  });
}

template <class Body> CUresult inExec(CUgraphExec handle, Body body) {
  return inContext([&](Call &call) {
    std::shared_ptr<GraphExec> exec = call.driver.graphExecs.find(handle);
    return exec ? body(call, *exec) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Answers a query for handles: their number if there is no array, else as
/// many as fit, null behind the last.
CUresult listNodes(const std::vector<const Node *> &nodes, CUgraphNode *array,
                   size_t *count) {
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; array && i != *count; ++i)
    array[i] = i < nodes.size() ? handleOf(nodes[i]) : nullptr;
  *count = array ? std::min(*count, nodes.size()) : nodes.size();
  return CUDA_SUCCESS;
}

CUresult instantiate(CUgraphExec *handle, CUgraph graphHandle,
                     unsigned long long flags) {
  return inGraph(graphHandle, [&](Call &call, std::shared_ptr<Graph> graph) {
    constexpr unsigned long long known =
        CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |
        CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
        CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH) {
      complain("launching graphs from the device is not supported by the "
               "emulated device");
      return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (flags & ~known)
      return CUDA_ERROR_INVALID_VALUE;
    auto exec = std::make_shared<GraphExec>();
    exec->source = graph;
    exec->graph = graph->clone();
    exec->flags = flags;
    *handle = call.driver.graphExecs.add(exec);
    return CUDA_SUCCESS;
  });
}

/// Whether two graphs differ in nothing but what their nodes do.
CUgraphExecUpdateResult compare(const Graph &old, const Graph &graph,
                                size_t &at) {
  if (old.nodes.size() != graph.nodes.size())
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  for (at = 0; at != old.nodes.size(); ++at) {
    const Node &before = *old.nodes[at], &after = *graph.nodes[at];
    if (before.work.type != after.work.type)
      return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    bool same =
        std::equal(before.dependencies.begin(), before.dependencies.end(),
                   after.dependencies.begin(), after.dependencies.end(),
                   [&](const Node *a, const Node *b) {
                     return old.indexOf(a) == graph.indexOf(b);
                   });
    if (!same)
      return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  }
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

/// A launch like an earlier one, with what a program may change of it.
CUresult relaunch(Call &call, const CUDA_KERNEL_NODE_PARAMS &wanted,
                  const LaunchRequest &old, Work &work) {
  CUlaunchAttribute attributes[2] = {};
  attributes[0].id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  attributes[0].value.cooperative = old.cooperative;
  attributes[1].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attributes[1].value.clusterDim = {old.cluster.x, old.cluster.y,
                                    old.cluster.z};
  LaunchCall next;
  next.config = {wanted.gridDimX,         wanted.gridDimY,  wanted.gridDimZ,
                 wanted.blockDimX,        wanted.blockDimY, wanted.blockDimZ,
                 wanted.sharedMemBytes,   nullptr,          attributes,
                 old.hasCluster ? 2u : 1u};
  next.function =
      wanted.func ? wanted.func : reinterpret_cast<CUfunction>(wanted.kern);
  next.parameters = wanted.kernelParams;
  next.extra = wanted.extra;
  std::shared_ptr<KernelLaunch> launch;
  CUresult result = prepareLaunch(call, next, launch);
  if (result == CUDA_SUCCESS)
    work = workOf(call.driver, launch);
  return result;
}

} // namespace

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                     unsigned long long flags) {
  return instantiate(exec, graph, flags);
}

CUresult
cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                             CUDA_GRAPH_INSTANTIATE_PARAMS *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  parameters->hErrNode_out = nullptr;
  parameters->result_out = CUDA_GRAPH_INSTANTIATE_SUCCESS;
  return instantiate(exec, graph, parameters->flags);
}

CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  return inStream(streamHandle, [&](Call &call, Stream &stream) {
    std::shared_ptr<GraphExec> exec = call.driver.graphExecs.find(handle);
    if (!exec)
      return CUDA_ERROR_INVALID_HANDLE;
    return launchGraph(stream, *exec);
  });
}

/// There is nothing to upload.
CUresult cuGraphUpload(CUgraphExec handle, CUstream streamHandle) {
  return inStream(streamHandle, [&](Call &call, Stream &) {
    return call.driver.graphExecs.find(handle) ? CUDA_SUCCESS
                                               : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphExecDestroy(CUgraphExec handle) {
  return anywhere([&](Call &call) {
    return call.driver.graphExecs.remove(handle) ? CUDA_SUCCESS
                                                 : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphDestroy(CUgraph handle) {
  return anywhere([&](Call &call) {
    return call.driver.graphs.remove(handle) ? CUDA_SUCCESS
                                             : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphExecGetFlags(CUgraphExec handle, cuuint64_t *flags) {
  return inExec(handle, [&](Call &, GraphExec &exec) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = exec.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode *array, size_t *count) {
  return inGraph(handle, [&](Call &, std::shared_ptr<Graph> graph) {
    std::vector<const Node *> nodes;
    for (const auto &node : graph->nodes)
      nodes.push_back(node.get());
    return listNodes(nodes, array, count);
  });
}

CUresult cuGraphGetRootNodes(CUgraph handle, CUgraphNode *array,
                             size_t *count) {
  return inGraph(handle, [&](Call &, std::shared_ptr<Graph> graph) {
    std::vector<const Node *> roots;
    for (const auto &node : graph->nodes)
      if (node->dependencies.empty())
        roots.push_back(node.get());
    return listNodes(roots, array, count);
  });
}

CUresult cuGraphGetEdges_v2(CUgraph handle, CUgraphNode *from, CUgraphNode *to,
                            CUgraphEdgeData *data, size_t *count) {
  return inGraph(handle, [&](Call &, std::shared_ptr<Graph> graph) {
    if (!count || !from != !to)
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<const Node *> starts, ends;
    for (const auto &node : graph->nodes)
      for (const Node *dependency : node->dependencies) {
        starts.push_back(dependency);
        ends.push_back(node.get());
      }
    if (data && from)
      std::fill(data, data + std::min(*count, starts.size()),
                CUgraphEdgeData());
    size_t room = *count;
    listNodes(starts, from, &room);
    return listNodes(ends, to, count);
  });
}

CUresult cuGraphNodeGetType(CUgraphNode handle, CUgraphNodeType *type) {
  return inNode(handle, [&](const Node &node) {
    if (!type)
      return CUDA_ERROR_INVALID_VALUE;
    *type = node.work.type;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeGetDependencies_v2(CUgraphNode handle, CUgraphNode *array,
                                       CUgraphEdgeData *data, size_t *count) {
  return inNode(handle, [&](const Node &node) {
    if (data && array && count)
      std::fill(data, data + std::min(*count, node.dependencies.size()),
                CUgraphEdgeData());
    return listNodes({node.dependencies.begin(), node.dependencies.end()},
                     array, count);
  });
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode handle,
                                       CUDA_KERNEL_NODE_PARAMS *parameters) {
  return inNode(handle, [&](const Node &node) {
    if (!parameters || !node.work.kernel)
      return CUDA_ERROR_INVALID_VALUE;
    const KernelLaunch &launch = *node.work.kernel;
    const LaunchRequest &r = launch.request;
    *parameters = {launch.handle,
                   r.grid.x,
                   r.grid.y,
                   r.grid.z,
                   r.block.x,
                   r.block.y,
                   r.block.z,
                   r.dynamicSharedBytes,
                   const_cast<void **>(launch.parameters.data()),
                   nullptr,
                   nullptr,
                   nullptr};
    return CUDA_SUCCESS;
  });
}

CUresult
cuGraphExecKernelNodeSetParams_v2(CUgraphExec handle, CUgraphNode node,
                                  const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return inExec(handle, [&](Call &call, GraphExec &exec) {
    long index = exec.source->indexOf(reinterpret_cast<const Node *>(node));
    if (!parameters || index < 0)
      return CUDA_ERROR_INVALID_VALUE;
    Work &work = exec.graph->nodes[static_cast<size_t>(index)]->work;
    return work.kernel ? relaunch(call, *parameters, work.kernel->request, work)
                       : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphExecUpdate_v2(CUgraphExec handle, CUgraph graphHandle,
                              CUgraphExecUpdateResultInfo *info) {
  return inGraph(graphHandle, [&](Call &call, std::shared_ptr<Graph> graph) {
    std::shared_ptr<GraphExec> exec = call.driver.graphExecs.find(handle);
    if (!exec || !info)
      return exec ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    size_t at = 0;
    *info = {compare(*exec->graph, *graph, at), nullptr, nullptr};
    if (info->result != CU_GRAPH_EXEC_UPDATE_SUCCESS) {
      if (at < graph->nodes.size())
        info->errorNode = handleOf(graph->nodes[at].get());
      return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    }
    for (size_t i = 0; i != graph->nodes.size(); ++i)
      exec->graph->nodes[i]->work = graph->nodes[i]->work;
    return CUDA_SUCCESS;
  });
}

CUresult cuProfilerStart() {
  return inContext([](Call &) { return CUDA_SUCCESS; });
}

CUresult cuProfilerStop() {
  return inContext([](Call &) { return CUDA_SUCCESS; });
}

} // namespace emulator::cuda
