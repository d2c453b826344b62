//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/HubCache.h"

#include "compiler/import/CheckpointFile.h"
#include "compiler/import/Refusal.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

using namespace llvm;
using namespace moec;

namespace {
struct ModelName {
  StringRef organization, model, revision;
};
} // namespace

static std::string cacheFolder() {
  struct Place {
    const char *variable;
    StringLiteral below;
  };
  constexpr Place places[] = {
      {"HF_HUB_CACHE", ""},
      {"HUGGINGFACE_HUB_CACHE", ""},
      {"HF_HOME", "hub"},
      {"XDG_CACHE_HOME", "huggingface/hub"},
  };
  SmallString<128> folder;
  for (const Place &place : places) {
    std::optional<std::string> value = sys::Process::GetEnv(place.variable);
    if (!value || value->empty())
      continue;
    sys::fs::expand_tilde(*value, folder);
    if (!place.below.empty())
      sys::path::append(folder, place.below);
    return std::string(folder);
  }
  sys::fs::expand_tilde("~/.cache/huggingface/hub", folder);
  return std::string(folder);
}

/// Whether `text` can be one part of a model's name on the hub.
static bool isNamePart(StringRef text) {
  return !text.empty() && !text.contains("..") && !text.contains("--") &&
         all_of(text, [](char c) {
           return isAlnum(c) || c == '.' || c == '_' || c == '-';
         });
}

static std::optional<ModelName> parseModelName(StringRef name) {
  auto [path, revision] = name.split('@');
  auto [organization, model] = path.split('/');
  if (!isNamePart(organization) || !isNamePart(model) || organization == ".")
    return std::nullopt;
  SmallVector<StringRef> parts;
  revision.split(parts, '/');
  if (!revision.empty() && !all_of(parts, isPlainFileName))
    return std::nullopt;
  return ModelName{organization, model, revision.empty() ? "main" : revision};
}

static bool isCommit(StringRef text) {
  return text.size() == 40 && all_of(text, isHexDigit);
}

/// The commit of a branch or tag, which a file of the cache names.
static Expected<std::string> readCommit(StringRef path) {
  Expected<std::string> text = readTextFile(path);
  if (!text)
    return text.takeError();
  StringRef commit = StringRef(*text).trim();
  if (!isPlainFileName(commit))
    return refuse(path, quote(commit) + " is not a commit");
  return commit.str();
}

static Expected<std::string> findSnapshot(const ModelName &name,
                                          StringRef given) {
  std::string cache = cacheFolder();
  std::string model =
      pathIn(cache, ("models--" + name.organization + "--" + name.model).str());
  std::string refs = pathIn(pathIn(model, "refs"), name.revision);
  std::string commit = name.revision.str();
  if (!isCommit(commit) && sys::fs::exists(refs)) {
    Expected<std::string> read = readCommit(refs);
    if (!read)
      return read.takeError();
    commit = *read;
  }
  std::string snapshot = pathIn(pathIn(model, "snapshots"), commit);
  if (!sys::fs::is_directory(snapshot))
    return refuse(given, "no such folder, and the cache " + cache +
                             " has no such model; run `hf download " +
                             name.organization + "/" + name.model +
                             " --revision " + name.revision + "`");
  return snapshot;
}

Expected<std::string> moec::findCheckpointFolder(StringRef name) {
  if (sys::fs::is_directory(name))
    return name.str();
  if (entryExists(name))
    return refuse(name, "not a folder; give the folder that holds config.json");
  if (std::optional<ModelName> model = parseModelName(name))
    return findSnapshot(*model, name);
  return refuse(name.empty() ? "''" : name, "no such folder");
}
