//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/NpyArray.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"

#include "gtest/gtest.h"

#include <cstring>
#include <filesystem>

using namespace moert::tools;

namespace {

/// A file of a format with this header and `bytes` bytes of elements.
std::string fileOf(const std::string &header, size_t bytes, char version = 1) {
  std::string file("\x93NUMPY", 6);
  file += {version, '\0'};
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  if (version > 1)
    file += {'\0', '\0'};
  return file + header + std::string(bytes, '\x01');
}

std::string headerOf(const std::string &descr, const std::string &shape,
                     const std::string &order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }   \n";
}

std::string failureOf(const std::string &file) {
  try {
    parseNpy(file, "a.npy");
  } catch (const Failure &failure) {
    return failure.what();
  }
  return "";
}

} // namespace

TEST(NpyArray, ReadsEveryFormatAndType) {
  const std::pair<const char *, const char *> types[] = {
      {"<f4", "f32"}, {"<f8", "f64"}, {"<f2", "f16"}, {"<i2", "s16"},
      {"|i1", "s8"},  {"<u8", "u64"}, {"|b1", "u8"},  {"<u1", "u8"}};
  for (const auto &[descr, name] : types)
    for (char version : {1, 2, 3}) {
      const Element &element = *findElement(name);
      NpyArray array = parseNpy(
          fileOf(headerOf(descr, "(2, 3)"), 6 * element.bytes, version), "a");
      EXPECT_EQ(array.element, &element) << descr;
      EXPECT_EQ(array.shape, (std::vector<uint64_t>{2, 3}));
      EXPECT_EQ(array.count(), 6u);
    }
}

TEST(NpyArray, ReadsShapesAsPythonWritesThem) {
  EXPECT_EQ(parseNpy(fileOf(headerOf("<f4", "()"), 4), "a").count(), 1u);
  EXPECT_EQ(parseNpy(fileOf(headerOf("<f4", "(0,)"), 0), "a").count(), 0u);
  EXPECT_EQ(parseNpy(fileOf(headerOf("<f4", "(5,)"), 20), "a").count(), 5u);
  const std::string other =
      "{\"shape\":(1,2),\"fortran_order\":False,\"descr\":\"<i4\"}";
  EXPECT_EQ(parseNpy(fileOf(other, 8), "a").count(), 2u);
  // More elements than can be, of which there are none.
  EXPECT_EQ(
      parseNpy(fileOf(headerOf("<f8", "(18446744073709551615, 0)"), 0), "a")
          .count(),
      0u);
}

TEST(NpyArray, RefusesWhatItCannotRead) {
  const std::pair<std::string, const char *> files[] = {
      {"", "a.npy: is no .npy file"},
      {"\x93NUMPY", "is no .npy file"},
      {"PK\x03\x04 an .npz file", "is no .npy file"},
      {fileOf(headerOf("<f4", "(1,)"), 4, 4), "has format 4.0; expected 1.0"},
      {std::string("\x93NUMPY\x01\x00\x76", 9), "ends in its header, after 9"},
      {std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12),
       "ends in its header, after 12 bytes"},
      {fileOf(headerOf(">f4", "(1,)"), 4), "descr: '>f4' is not supported"},
      {fileOf(headerOf("<c8", "(1,)"), 8), "descr: '<c8' is not supported"},
      {fileOf(headerOf("|O", "(1,)"), 8), "descr: '|O' is not supported"},
      {fileOf("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': ()}",
              4),
       "descr: records are not supported"},
      {fileOf(headerOf("<f4", "(2, 2)", "True"), 16),
       "fortran_order: True is not supported"},
      {fileOf(headerOf("<f4", "(2, 2)", "Maybe"), 16), "expected 'False'"},
      {fileOf(headerOf("<f4", "(2,)"), 7),
       "holds 7 bytes of elements; shape [2] of f32 has 8"},
      {fileOf(headerOf("<f4", "(2,)"), 12),
       "holds 12 bytes of elements; shape [2] of f32 has 8"},
      {fileOf(headerOf("<f4", "(4294967296, 4294967296)"), 4),
       "shape: [4294967296, 4294967296] elements of 4 bytes are more"},
      {fileOf(headerOf("<f4", "(99999999999999999999,)"), 4),
       "begins with no extent of 64 bits"},
      {fileOf(headerOf("<f4", "(-1,)"), 4), "begins with no extent"},
      {fileOf(headerOf("<f4", "(1"), 4), "shape: '}   ?' begins with no"},
      {fileOf(headerOf("<f4", "(1 2)"), 8), "expected ')' before '2)"},
      {fileOf("{'descr': '<f4', 'shape': (1,)}", 4),
       "the header lacks the key 'fortran_order'"},
      {fileOf("{'descr': '<f4', 'descr': '<f4'}", 4), "the key 'descr' twice"},
      {fileOf("{'colour': 'red'}", 4), "has the key 'colour'"},
      {fileOf("{'descr': '<f4", 4), "expected a text before"},
      {fileOf(headerOf("<f4", "(1,)") + "}", 4), "goes on after its end"},
      {fileOf("", 4), "expected '{'"},
  };
  for (const auto &[file, words] : files) {
    const std::string message = failureOf(file);
    EXPECT_NE(message.find(words), std::string::npos)
        << "'" << message << "' does not say '" << words << "'";
    EXPECT_EQ(message.rfind("a.npy: ", 0), 0u) << message;
  }
  std::string axes = "(";
  for (int i = 0; i < 65; ++i)
    axes += "1, ";
  EXPECT_NE(failureOf(fileOf(headerOf("<f4", axes + ")"), 4)).find("64 axes"),
            std::string::npos);
}

// No prefix of a good file, and no change of one of its bytes, does harm.
TEST(NpyArray, SurvivesDamage) {
  const std::string file = fileOf(headerOf("<f4", "(2, 3)"), 24);
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_NE(failureOf(file.substr(0, length)), "") << length;
  for (size_t at = 0; at < file.size() - 24; ++at)
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(byte);
      const std::string message = failureOf(damaged);
      EXPECT_TRUE(message.empty() || message.rfind("a.npy: ", 0) == 0);
    }
}

TEST(NpyArray, WritesWhatItReads) {
  const std::string path = std::filesystem::temp_directory_path() /
                           ("npy-array-" + std::to_string(getpid()) + ".npy");
  NpyArray array = parseNpy(fileOf(headerOf("<u4", "(2, 3)"), 24), "a");
  writeNpy(path, array);
  NpyArray again = readNpy(path);
  EXPECT_EQ(again.shape, array.shape);
  EXPECT_EQ(again.element, array.element);
  EXPECT_EQ(again.bytes, array.bytes);
  // NumPy has no bf16: 0x3F80, 0xC040 are 1 and -3.
  const uint16_t bits[] = {0x3F80, 0xC040};
  array = {findElement("bf16"), {2}, std::vector<std::byte>(4)};
  std::memcpy(array.bytes.data(), bits, sizeof bits);
  writeNpy(path, array);
  again = readNpy(path);
  EXPECT_STREQ(again.element->name, "f32");
  EXPECT_EQ(again.at(0), 1);
  EXPECT_EQ(again.at(1), -3);
  std::filesystem::remove(path);
}
