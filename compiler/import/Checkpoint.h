//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A checkpoint folder as it is published: config.json and the tensors of
/// model.safetensors or of the shards that model.safetensors.index.json names.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_CHECKPOINT_H
#define COMPILER_IMPORT_CHECKPOINT_H

#include "compiler/import/Config.h"
#include "compiler/import/Safetensors.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace moec {

/// One file of weights. `name` is relative to the folder.
struct WeightFile {
  std::string name;
  std::vector<StoredTensor> tensors;
};

/// A tensor, and the name of the file that holds it.
struct LocatedTensor {
  llvm::StringRef file;
  const StoredTensor *tensor;
};

class Checkpoint {
public:
  /// Opens a folder, or a model in the Hugging Face cache by its name, and
  /// validates config.json, the index and every file's header. As in
  /// transformers, model.safetensors is taken if it is there, and the index is
  /// read only if it is not.
  static llvm::Expected<Checkpoint> open(llvm::StringRef folderOrModel);

  llvm::StringRef folder() const { return path; }
  const ModelConfig &config() const { return model; }
  llvm::ArrayRef<WeightFile> files() const { return weightFiles; }
  /// The tensor of that name, or nothing.
  std::optional<LocatedTensor> find(llvm::StringRef name) const;
  /// The name of the SentencePiece model in the folder; empty if there is none.
  llvm::StringRef tokenizer() const { return tokenizerFile; }

private:
  using WeightMap = std::map<std::string, std::string>;

  llvm::Error readWeights();
  llvm::Error readShards(llvm::StringRef indexPath);
  llvm::Error readFile(llvm::StringRef name);
  llvm::Error checkAgainstIndex(const WeightMap &index,
                                llvm::StringRef indexPath) const;
  llvm::Error findTokenizer();

  std::string path;
  ModelConfig model;
  std::vector<WeightFile> weightFiles;
  /// Name of a tensor -> the index of its file, and its index there.
  llvm::StringMap<std::pair<size_t, size_t>> places;
  std::string tokenizerFile;
};

} // namespace moec

#endif // COMPILER_IMPORT_CHECKPOINT_H
