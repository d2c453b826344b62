//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/MemoryNeeds.h"

#include "runtime/abi/Kernel.h"
#include "runtime/artifact/TensorLayout.h"

#include <algorithm>

using namespace moec;

MemoryNeeds::MemoryNeeds(const moert::format::Artifact &table) {
  const moert::format::Model &model = *table.model();
  for (const moert::format::Tensor *tensor : *table.tensors())
    weights += tensor->length();
  for (const moert::format::Target *target : *table.targets()) {
    scratch = std::max<uint64_t>(scratch, target->scratch_bytes());
    for (const moert::format::Kernel *kernel : *target->kernels())
      if (kernel->library())
        workspace = std::max<uint64_t>(workspace,
                                       kernel->library()->workspace_bytes());
    for (const moert::format::Program *program : *target->programs())
      arena = std::max<uint64_t>(arena, program->arena_bytes());
  }
  logitsRow = uint64_t(model.vocabulary()) * sizeof(float);
  cachePosition = 2 * uint64_t(model.layers()) * model.kv_heads() *
                  model.head_dim() * moert::elementBytes(model.cache_type());
  pagePositions = MOERT_PAGE_TOKENS;
}

uint64_t MemoryNeeds::cache(uint64_t context, uint64_t batch) const {
  uint64_t pages = (context + pagePositions - 1) / pagePositions;
  return batch * pages * pagePositions * cachePosition;
}

uint64_t MemoryNeeds::total(uint64_t context, uint64_t batch,
                            uint64_t threads) const {
  return weights + arena + workspace + threads * scratch + batch * logitsRow +
         cache(context, batch);
}
