//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Finds every weight of a model in a checkpoint, in whichever of the published
/// layouts it is stored.
///
/// Letters: V vocabulary, H hidden size, E experts, I inner size, Q and K the
/// widths of all query and of all key heads.
///
/// | parameter               | shape     | published name                    |
/// |-------------------------|-----------|-----------------------------------|
/// | embed                   | [V, H]    | model.embed_tokens.weight         |
/// | layers.N.attention_norm | [H]       | input_layernorm.weight            |
/// | layers.N.wq             | [Q, H]    | self_attn.q_proj.weight           |
/// | layers.N.wk, wv         | [K, H]    | self_attn.{k,v}_proj.weight       |
/// | layers.N.wo             | [H, Q]    | self_attn.o_proj.weight           |
/// | layers.N.ffn_norm       | [H]       | post_attention_layernorm.weight   |
/// | layers.N.gate           | [E, H]    | block_sparse_moe.gate.weight      |
/// | layers.N.w1, w3         | [E, I, H] | block_sparse_moe.experts.e.w1, w3 |
/// | layers.N.w2             | [E, H, I] | block_sparse_moe.experts.e.w2     |
/// | norm                    | [H]       | model.norm.weight                 |
/// | lm_head, unless tied    | [V, H]    | lm_head.weight                    |
///
/// The fused layout has mlp.gate.weight, mlp.experts.gate_up_proj [E, 2I, H],
/// the rows of w1 before those of w3 in each expert, and mlp.experts.down_proj
/// [E, H, I]. Dense models have mlp.{gate,up,down}_proj.weight as w1 [I, H],
/// w3 [I, H] and w2 [H, I].
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_PARAMETERS_H
#define COMPILER_IMPORT_PARAMETERS_H

#include "compiler/import/Checkpoint.h"

#include "llvm/ADT/SmallVector.h"

namespace moec {

/// Bytes of a file of the checkpoint folder.
struct ByteRange {
  llvm::StringRef file;
  uint64_t offset;
  uint64_t length;
};

/// A weight of a model. The concatenation of `ranges` is the tensor in
/// row-major order.
struct Parameter {
  std::string name;
  llvm::SmallVector<int64_t, 3> shape;
  llvm::SmallVector<ByteRange, 1> ranges;
};

/// All weights of a model, in the order in which a step uses them.
struct Parameters {
  WeightType type;
  std::vector<Parameter> list;
};

/// Finds the weights that the configuration asks for. A missing or unexpected
/// tensor is an error, as is one of another shape or type. The result refers
/// to file names in `checkpoint`.
llvm::Expected<Parameters> findParameters(const Checkpoint &checkpoint);

} // namespace moec

#endif // COMPILER_IMPORT_PARAMETERS_H
