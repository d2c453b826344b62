//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/HubCache.h"

#include "test/compiler/import/TinyCheckpoint.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace llvm;
using namespace moec;
using namespace moec::test;

static const std::string commit(40, 'a');

namespace {
/// A cache with one model, found through one environment variable.
class HubCacheTest : public testing::Test {
protected:
  void SetUp() override {
    for (const char *variable :
         {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"})
      ::unsetenv(variable);
    ::setenv("HOME", folder.path("home").c_str(), 1);
  }
  /// Puts org/tiny into the cache at `place`.
  void addModel(const std::string &place) {
    model = place + "/models--org--tiny";
    folder.makeFolder(model + "/refs/refs/pr");
    folder.makeFolder(model + "/snapshots/" + commit);
    folder.write(model + "/refs/main", commit + "\n");
    folder.write(model + "/refs/refs/pr/1", commit);
  }
  std::string snapshot() const {
    return folder.path(model + "/snapshots/" + commit);
  }
  std::string find(const std::string &name) {
    Expected<std::string> found = findCheckpointFolder(name);
    return found ? *found : toString(found.takeError());
  }
  void set(const char *variable, const std::string &place) {
    ::setenv(variable, folder.path(place).c_str(), 1);
  }

  TemporaryFolder folder;
  std::string model;
};
} // namespace

TEST_F(HubCacheTest, FindsTheCacheWhereItMayBe) {
  addModel("home/.cache/huggingface/hub");
  EXPECT_EQ(find("org/tiny"), snapshot());
  addModel("xdg/huggingface/hub");
  set("XDG_CACHE_HOME", "xdg");
  EXPECT_EQ(find("org/tiny"), snapshot());
  addModel("hf/hub");
  set("HF_HOME", "hf");
  EXPECT_EQ(find("org/tiny"), snapshot());
  addModel("cache");
  set("HF_HUB_CACHE", "cache");
  EXPECT_EQ(find("org/tiny"), snapshot());
  set("HF_HUB_CACHE", "empty");
  EXPECT_EQ(find("org/tiny"),
            "org/tiny: no such folder, and the cache " + folder.path("empty") +
                " has no such model; run `hf download org/tiny --revision "
                "main`");
}

TEST_F(HubCacheTest, FindsRevisions) {
  addModel("cache");
  set("HF_HUB_CACHE", "cache");
  EXPECT_EQ(find("org/tiny@main"), snapshot());
  EXPECT_EQ(find("org/tiny@" + commit), snapshot());
  EXPECT_EQ(find("org/tiny@refs/pr/1"), snapshot());
  std::string start = "org/tiny@v2: no such folder, and the cache ";
  EXPECT_EQ(find("org/tiny@v2").substr(0, start.size()), start);
}

TEST_F(HubCacheTest, RefusesRevisionsThatLeaveTheCache) {
  addModel("cache");
  set("HF_HUB_CACHE", "cache");
  for (std::string name :
       {"org/tiny@../main", "org/tiny@/etc", "org/../tiny", "../tiny",
        "org/ti--ny", "org/tiny/more", "tiny", "org/", "/tiny"})
    EXPECT_EQ(find(name), name + ": no such folder") << name;
  EXPECT_EQ(find(""), "'': no such folder");
  std::string path = folder.write(model + "/refs/main", "../../x");
  EXPECT_EQ(find("org/tiny"), path + ": '../../x' is not a commit");
}

TEST_F(HubCacheTest, PrefersAFolderOfThatName) {
  EXPECT_EQ(find(folder.path()), folder.path());
}
