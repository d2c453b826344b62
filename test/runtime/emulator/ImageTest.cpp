//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Image.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

using namespace emulator;

namespace {

std::string readImage(const char *name) {
  std::ifstream file(std::string(IMAGES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

template <class T> T &at(std::string &image, size_t offset) {
  return *reinterpret_cast<T *>(&image[offset]);
}

ptx::ImageResult find(const std::string &image) {
  return ptx::findPtx(image, Profile());
}

// Offsets in a fat binary of one entry and in an ELF file.
constexpr size_t unpackedBytes = 16 + 56;
constexpr size_t sections = 40, sectionCount = 60, sectionBytes = 64;

} // namespace

TEST(Image, IsFoundHoweverItIsPacked) {
  for (const char *name : {"plain.fatbin", "nvcc-none.fatbin", "object.o",
                           "nvcc-speed.fatbin", "text.ptx"}) {
    ptx::ImageResult result = find(readImage(name));
    EXPECT_EQ(result.status, ptx::ImageStatus::Found)
        << name << ": " << result.message;
    EXPECT_NE(result.ptx.find(".entry"), std::string::npos) << name;
  }
}

// It took a quarter of a GiB for each entry of a few bytes.
TEST(Image, ClaimsNoMoreThanItsBytesCanStandFor) {
  std::string image = readImage("nvcc-speed.fatbin");
  at<uint64_t>(image, unpackedBytes) = image.size() * 256;
  ptx::ImageResult result = find(image);
  EXPECT_EQ(result.status, ptx::ImageStatus::Invalid);
  EXPECT_EQ(result.message, "a packed entry of the fat binary is damaged");
}

// 65535 sections over one another were searched one by one.
TEST(Image, SectionsLieBesideEachOther) {
  std::string image = readImage("object.o");
  auto table = at<uint64_t>(image, sections);
  auto count = at<uint16_t>(image, sectionCount);
  for (unsigned i = 1; i != count; ++i) {
    at<uint64_t>(image, table + i * sectionBytes + 24) = 0;
    at<uint64_t>(image, table + i * sectionBytes + 32) = image.size();
  }
  ptx::ImageResult result = find(image);
  EXPECT_EQ(result.status, ptx::ImageStatus::Invalid);
  EXPECT_EQ(result.message, "the ELF file is damaged");
}

TEST(Image, TruncatedOneIsAnError) {
  std::string image = readImage("plain.fatbin");
  for (size_t bytes = 4; bytes < image.size(); bytes += 13)
    EXPECT_NE(find(image.substr(0, bytes)).status, ptx::ImageStatus::Found)
        << bytes;
}
