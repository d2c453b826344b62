//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What config.json says about a model, in both of its published spellings
/// (rope_theta or rope_parameters, torch_dtype or dtype, num_local_experts or
/// num_experts), with the defaults of transformers for what it leaves out.
///
/// A key that would change the model in a way that moec does not implement is
/// an error; a key that has no meaning for inference is ignored.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_CONFIG_H
#define COMPILER_IMPORT_CONFIG_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>

namespace moec {

/// The element type of all weights of a checkpoint.
enum class WeightType { F32, F16, BF16 };

/// `type` as safetensors spells it: F32, F16 or BF16.
llvm::StringRef safetensorsName(WeightType type);

/// A validated configuration: every size is in [1, 2^31), and no product of
/// sizes that a tensor or the cache has, in bytes, exceeds 63 bits.
struct ModelConfig {
  /// As published, for example MixtralForCausalLM.
  std::string architecture;
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  /// The inner size of the MLP, or of each expert.
  int64_t inner = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  /// Divides `heads`.
  int64_t kvHeads = 0;
  /// Even.
  int64_t headDim = 0;
  /// 0: the MLP is dense.
  int64_t experts = 0;
  /// Experts per token; at most `experts`.
  int64_t choices = 0;
  int64_t maxPositions = 0;
  /// Positions that a token sees, itself included; 0: all.
  int64_t window = 0;
  double epsilon = 0;
  double theta = 0;
  /// Whether the embedding table is also the matrix of the logits.
  bool tied = false;
  /// Nothing: whatever the file has.
  std::optional<WeightType> weights;
  /// -1: none.
  int64_t bos = -1;
  /// Tokens that end a text, those of generation_config.json included.
  llvm::SmallVector<int64_t> eos;

  bool isSparse() const { return experts > 0; }
};

/// Reads config.json and, if there is one, generation_config.json of a folder.
llvm::Expected<ModelConfig> readConfig(llvm::StringRef folder);

} // namespace moec

#endif // COMPILER_IMPORT_CONFIG_H
