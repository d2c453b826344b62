//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/NpyWriter.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"

#include "gtest/gtest.h"

#include <cstring>
#include <filesystem>
#include <fstream>

using namespace moert::tools;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for each test.
class NpyWriterTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "npy-writer-XXXXXX";
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }

  size_t filesLeft() const {
    return size_t(std::distance(fs::directory_iterator(folder), {}));
  }

  fs::path folder;
};

std::string failureOf(const std::string &path) {
  try {
    NpyWriter writer(path, 1, 1);
    float row = 1;
    writer.append(&row);
    writer.finish();
  } catch (const Failure &failure) {
    return failure.what();
  }
  return "";
}

} // namespace

TEST_F(NpyWriterTest, HeaderNamesTypeAndShapeAndIsPadded) {
  std::string header = npyHeader("<f4", {3, 32000});
  EXPECT_EQ(header.size(), 128u);
  EXPECT_EQ(header.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(header.substr(8, 2), std::string("\x76\x00", 2));
  EXPECT_EQ(header.substr(10, 63),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 32000), }");
  EXPECT_EQ(header.back(), '\n');
  EXPECT_EQ(
      npyHeader("<f4", {uint64_t(1) << 40, uint64_t(1) << 40}).size() % 64, 0u);
}

TEST_F(NpyWriterTest, ShapesAreTuples) {
  EXPECT_NE(npyHeader("<i8", {5}).find("'shape': (5,), }"), std::string::npos);
  EXPECT_NE(npyHeader("<i8", {}).find("'shape': (), }"), std::string::npos);
}

TEST_F(NpyWriterTest, WritesRows) {
  fs::path path = folder / "a.npy";
  NpyWriter writer(path, 2, 2);
  float rows[4] = {1, 2, 3, 4};
  writer.append(rows);
  writer.append(rows + 2);
  EXPECT_FALSE(fs::exists(path));
  writer.finish();
  std::string bytes = readFile(path);
  ASSERT_EQ(bytes.size(), 128 + sizeof rows);
  EXPECT_EQ(std::memcmp(bytes.data() + 128, rows, sizeof rows), 0);
  EXPECT_EQ(filesLeft(), 1u);
}

TEST_F(NpyWriterTest, ReplacesAFileWhenItIsComplete) {
  fs::path path = folder / "a.npy";
  std::ofstream(path) << "old";
  EXPECT_EQ(failureOf(path), "");
  EXPECT_EQ(fs::file_size(path), 132u);
}

TEST_F(NpyWriterTest, LeavesNothingIfItIsNotFinished) {
  {
    NpyWriter writer(folder / "a.npy", 1, 1);
    float row = 1;
    writer.append(&row);
  }
  EXPECT_EQ(filesLeft(), 0u);
}

TEST_F(NpyWriterTest, NamesTheFileThatCannotBeWritten) {
  EXPECT_EQ(failureOf(folder / "absent" / "a.npy"),
            (folder / "absent" / "a.npy").string() +
                ": cannot write: No such file or directory");
  EXPECT_EQ(failureOf(folder),
            folder.string() + ": cannot write: Is a directory");
}

TEST_F(NpyWriterTest, DevicesAreWrittenAndStayDevices) {
  EXPECT_EQ(failureOf("/dev/full"),
            "/dev/full: cannot write: No space left on device");
  EXPECT_EQ(failureOf("/dev/null"), "");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}
