//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/WeightFiles.h"

#include "test/compiler/import/TinyCheckpoint.h"

#include "llvm/Support/FileSystem.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <unistd.h>

using namespace llvm;
using namespace moec;
using namespace moec::test;

namespace {
class WeightFilesTest : public testing::Test {
protected:
  WeightFilesTest() { context.loadDialect<moe::MoEDialect>(); }

  moe::BytesAttr range(StringRef file, int64_t offset, int64_t length) {
    return moe::BytesAttr::get(&context, mlir::StringAttr::get(&context, file),
                               offset, length);
  }
  WeightFiles open() { return cantFail(WeightFiles::open(folder.path())); }

  mlir::MLIRContext context;
  TemporaryFolder folder;
};
} // namespace

static std::string text(Expected<ArrayRef<uint8_t>> bytes) {
  return bytes ? std::string(bytes->begin(), bytes->end())
               : toString(bytes.takeError());
}

TEST_F(WeightFilesTest, ReadsRanges) {
  folder.write("a", "0123456789");
  folder.write("b", "abc");
  folder.write("empty", "");
  WeightFiles files = open();
  EXPECT_EQ(text(files.get(range("a", 3, 4))), "3456");
  EXPECT_EQ(text(files.get(range("b", 0, 3))), "abc");
  EXPECT_EQ(text(files.get(range("a", 0, 10))), "0123456789");
  EXPECT_EQ(text(files.get(range("a", 10, 0))), "");
  EXPECT_EQ(text(files.get(range("empty", 0, 0))), "");
  EXPECT_EQ(files.folder(), folder.path());
}

TEST_F(WeightFilesTest, RefusesRangesOutsideTheFile) {
  std::string path = folder.write("a", "0123456789");
  WeightFiles files = open();
  auto message = [&](const std::string &length, const std::string &offset) {
    return path + ": " + length + " bytes at offset " + offset +
           " are not in the file of 10 bytes";
  };
  EXPECT_EQ(text(files.get(range("a", 8, 3))), message("3", "8"));
  EXPECT_EQ(text(files.get(range("a", 11, 0))), message("0", "11"));
  EXPECT_EQ(text(files.get(range("a", INT64_MAX, INT64_MAX))),
            message("9223372036854775807", "9223372036854775807"));
}

TEST_F(WeightFilesTest, RefusesFilesOutsideTheFolder) {
  WeightFiles files = open();
  for (std::string name : {"../a", "/etc/passwd", "a/b", "..", ".", ""})
    EXPECT_EQ(text(files.get(range(name, 0, 1))),
              folder.path() + ": '" + name +
                  "' is not the name of a file in the folder of the "
                  "checkpoint");
  EXPECT_EQ(text(files.get(range("absent", 0, 1))),
            folder.path("absent") + ": no such file");
}

TEST_F(WeightFilesTest, NoticesAFileThatShrinks) {
  std::string path = folder.write("a", "0123456789");
  WeightFiles files = open();
  EXPECT_EQ(text(files.get(range("a", 0, 2))), "01");
  ASSERT_EQ(::truncate(path.c_str(), 4), 0);
  EXPECT_EQ(text(files.get(range("a", 0, 2))),
            path + ": became shorter while it was read");
}
