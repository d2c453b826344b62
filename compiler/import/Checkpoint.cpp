//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Checkpoint.h"

#include "compiler/import/CheckpointFile.h"
#include "compiler/import/HubCache.h"
#include "compiler/import/Json.h"
#include "compiler/import/Refusal.h"

#include <set>

using namespace llvm;
using namespace moec;

static constexpr StringLiteral singleFile = "model.safetensors";
static constexpr StringLiteral indexFile = "model.safetensors.index.json";
static constexpr StringLiteral tokenizerModel = "tokenizer.model";

/// Reads `weight_map`: the name of each tensor -> the name of its file.
static Expected<std::map<std::string, std::string>>
readWeightMap(StringRef indexPath) {
  Expected<std::string> text = readTextFile(indexPath);
  if (!text)
    return text.takeError();
  Expected<Json> index = readJsonObject(*text, indexPath);
  if (!index)
    return index.takeError();
  auto found = index->find("weight_map");
  if (found == index->end())
    return refuse(indexPath, "weight_map is missing");
  if (!found->is_object())
    return refuse(indexPath,
                  "weight_map is " + show(*found) + ", not an object");
  std::map<std::string, std::string> files;
  for (auto &[tensor, file] : found->items()) {
    const std::string *name = toText(file);
    if (!name)
      return refuse(indexPath, "weight_map maps " + quote(tensor) + " to " +
                                   show(file) + ", not to a file name");
    if (!isPlainFileName(*name))
      return refuse(indexPath, "weight_map maps " + quote(tensor) + " to " +
                                   quote(*name) +
                                   ", which is not the name of a file in the "
                                   "same folder");
    files.emplace(tensor, *name);
  }
  return files;
}

Expected<Checkpoint> Checkpoint::open(StringRef folderOrModel) {
  Expected<std::string> folder = findCheckpointFolder(folderOrModel);
  if (!folder)
    return folder.takeError();
  Checkpoint checkpoint;
  checkpoint.path = *folder;
  Expected<ModelConfig> config = readConfig(checkpoint.path);
  if (!config)
    return config.takeError();
  checkpoint.model = std::move(*config);
  if (Error error = checkpoint.readWeights())
    return std::move(error);
  if (Error error = checkpoint.findTokenizer())
    return std::move(error);
  return checkpoint;
}

Error Checkpoint::readWeights() {
  if (entryExists(pathIn(path, singleFile)))
    return readFile(singleFile);
  std::string indexPath = pathIn(path, indexFile);
  if (entryExists(indexPath))
    return readShards(indexPath);
  return refuse(path, "holds neither " + singleFile + " nor " + indexFile +
                          "; download the model's safetensors files");
}

Error Checkpoint::readShards(StringRef indexPath) {
  Expected<WeightMap> index = readWeightMap(indexPath);
  if (!index)
    return index.takeError();
  std::set<StringRef> names;
  for (auto &[tensor, file] : *index)
    names.insert(file);
  for (StringRef name : names)
    if (Error error = readFile(name))
      return error;
  return checkAgainstIndex(*index, indexPath);
}

Error Checkpoint::readFile(StringRef name) {
  std::string filePath = pathIn(path, name);
  Expected<std::vector<StoredTensor>> tensors = readSafetensorsHeader(filePath);
  if (!tensors)
    return tensors.takeError();
  size_t file = weightFiles.size();
  weightFiles.push_back({name.str(), std::move(*tensors)});
  for (auto [i, tensor] : enumerate(weightFiles.back().tensors)) {
    auto [place, inserted] = places.try_emplace(tensor.name, file, i);
    if (!inserted)
      return refuse(filePath, "tensor " + quote(tensor.name) + " is also in " +
                                  quote(weightFiles[place->second.first].name));
  }
  return Error::success();
}

Error Checkpoint::checkAgainstIndex(const WeightMap &index,
                                    StringRef indexPath) const {
  for (const WeightFile &file : weightFiles) {
    for (const StoredTensor &tensor : file.tensors) {
      auto named = index.find(tensor.name);
      if (named == index.end())
        return refuse(pathIn(path, file.name),
                      "tensor " + quote(tensor.name) +
                          " is in this file, but not in " + indexFile);
      if (named->second != file.name)
        return refuse(pathIn(path, file.name),
                      "tensor " + quote(tensor.name) +
                          " is in this file, but " + indexFile +
                          " says it is in " + quote(named->second));
    }
  }
  for (auto &[tensor, file] : index)
    if (!places.contains(tensor))
      return refuse(indexPath, "weight_map maps " + quote(tensor) + " to " +
                                   quote(file) + ", which does not have it");
  return Error::success();
}

std::optional<LocatedTensor> Checkpoint::find(StringRef name) const {
  auto place = places.find(name);
  if (place == places.end())
    return std::nullopt;
  const WeightFile &file = weightFiles[place->second.first];
  return LocatedTensor{file.name, &file.tensors[place->second.second]};
}

Error Checkpoint::findTokenizer() {
  std::string tokenizerPath = pathIn(path, tokenizerModel);
  if (!entryExists(tokenizerPath))
    return Error::success();
  Expected<uint64_t> size = regularFileSize(tokenizerPath);
  if (!size)
    return size.takeError();
  tokenizerFile = tokenizerModel.str();
  return Error::success();
}
