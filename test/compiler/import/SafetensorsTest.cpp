//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Safetensors.h"

#include "test/compiler/import/TinyCheckpoint.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"

#include <gtest/gtest.h>

#include <random>

#include <sys/stat.h>

using namespace llvm;
using namespace moec;
using namespace moec::test;

namespace {
struct BadFile {
  std::string name;
  std::string bytes;
  /// What the message says behind the path.
  std::string message;
};
} // namespace

/// A file of one tensor `a` with the given entry and as many bytes of data.
static std::string oneTensor(const std::string &entry, uint64_t dataSize = 8) {
  return safetensorsBytes("{\"a\": " + entry + "}", dataSize);
}

static std::string headerSize(uint64_t size) {
  std::string bytes(8, '\0');
  support::endian::write64le(bytes.data(), size);
  return bytes;
}

static std::string entry(const std::string &type, const std::string &shape,
                         const std::string &offsets) {
  return "{\"dtype\": \"" + type + "\", \"shape\": " + shape +
         ", \"data_offsets\": " + offsets + "}";
}

static const std::string good = entry("F32", "[2]", "[0, 8]");

static std::vector<BadFile> badHeaders() {
  std::string nested(5000, '[');
  std::string longName(2000, 'n');
  return {
      {"empty file", "",
       "0 bytes, but a safetensors file begins with 8 bytes of header size"},
      {"seven bytes", "1234567",
       "7 bytes, but a safetensors file begins with 8 bytes of header size"},
      {"header above the limit", headerSize(100'000'001) + "{}",
       "a header of 100000001 bytes, more than the 100000000 that are allowed"},
      {"header of 2^64 - 1 bytes", headerSize(UINT64_MAX) + "{}",
       "a header of 18446744073709551615 bytes, more than the 100000000 that "
       "are allowed"},
      {"header longer than the file", headerSize(3) + "{}",
       "a header of 3 bytes does not fit in the file of 10"},
      {"empty header", safetensorsBytes("", 0),
       "the header does not begin with '{'"},
      {"list", safetensorsBytes("[1]", 0),
       "the header does not begin with '{'"},
      {"leading space", safetensorsBytes(" {}", 0),
       "the header does not begin with '{'"},
      {"padding by zeros", safetensorsBytes(StringRef("{}\0\0", 4), 0),
       "the header does not end with '}' and spaces"},
      {"padding by newlines", safetensorsBytes("{}\n", 0),
       "the header does not end with '}' and spaces"},
      {"text behind a zero", safetensorsBytes(StringRef("{}\0{}", 5), 0),
       "header: not valid JSON near byte 3"},
      {"two objects", safetensorsBytes("{}{}", 0),
       "header: not valid JSON near byte 3"},
      {"not UTF-8", safetensorsBytes("{\"\xff\": 1}", 0),
       "header: not valid UTF-8"},
      {"a surrogate as UTF-8", safetensorsBytes("{\"\xed\xa0\x80\": 1}", 0),
       "header: not valid UTF-8"},
      {"a key without a value", safetensorsBytes("{\"a\" }", 0),
       "header: not valid JSON near byte 6"},
      {"a control character", safetensorsBytes("{\"a\nb\": {}}", 0),
       "header: not valid JSON near byte 4"},
      {"a number beyond doubles", oneTensor("1e999"),
       "header: not valid JSON near byte 11"},
      {"deep nesting", safetensorsBytes("{\"a\": " + nested + "}", 0),
       "header: nested deeper than 32 levels"},
      {"a tensor twice",
       safetensorsBytes("{\"a\": " + good + ", \"a\": " + good + "}", 8),
       "header: key 'a' stands twice"},
      {"a field twice", oneTensor("{\"dtype\": \"F32\", \"dtype\": \"F32\"}"),
       "header: key 'dtype' stands twice in 'a'"},
      {"metadata twice",
       safetensorsBytes("{\"__metadata__\": {}, \"__metadata__\": {}}", 0),
       "header: key '__metadata__' stands twice"},
      {"metadata of a number", safetensorsBytes("{\"__metadata__\": 1}", 0),
       "__metadata__ is 1, not an object"},
      {"metadata to a number",
       safetensorsBytes("{\"__metadata__\": {\"a\": 1}}", 0),
       "__metadata__ maps 'a' to 1, not to a string"},
      {"long name", safetensorsBytes("{\"" + longName + "\": " + good + "}", 8),
       "tensor '" + longName.substr(0, 160) +
           "...' has a name of 2000 bytes, more than the 1024 that are "
           "allowed"},
      {"a name of several lines", safetensorsBytes("{\"a\\nb\\u001b\": 1}", 8),
       "tensor 'a\\x0Ab\\x1B' is 1, not an object"},
  };
}

static std::vector<BadFile> badTensors() {
  std::string wide = "[1, 1, 1, 1, 1, 1, 1, 1, 2]";
  return {
      {"not an object", oneTensor("3"), "tensor 'a' is 3, not an object"},
      {"no dtype", oneTensor("{\"shape\": [2], \"data_offsets\": [0, 8]}"),
       "tensor 'a' has no dtype"},
      {"no shape", oneTensor("{\"dtype\": \"F32\", \"data_offsets\": [0, 8]}"),
       "tensor 'a' has no shape"},
      {"no offsets", oneTensor("{\"dtype\": \"F32\", \"shape\": [2]}"),
       "tensor 'a' has no data_offsets"},
      {"another field",
       oneTensor("{\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": "
                 "[0, 8], \"order\": 1}"),
       "tensor 'a' has the unknown field 'order'"},
      {"a number as dtype",
       oneTensor("{\"dtype\": 4, \"shape\": [2], \"data_offsets\": [0, 8]}"),
       "tensor 'a' has dtype 4, not a string"},
      {"unknown dtype", oneTensor(entry("F31", "[2]", "[0, 8]")),
       "tensor 'a' has the unknown dtype 'F31'"},
      {"dtype in small letters", oneTensor(entry("f32", "[2]", "[0, 8]")),
       "tensor 'a' has the unknown dtype 'f32'"},
      {"shape of a number", oneTensor(entry("F32", "2", "[0, 8]")),
       "tensor 'a' has shape 2, not an array"},
      {"nine dimensions", oneTensor(entry("F32", wide, "[0, 8]")),
       "tensor 'a' has 9 dimensions, more than the 8 that are allowed"},
      {"negative size", oneTensor(entry("F32", "[-2]", "[0, 8]")),
       "tensor 'a' has shape [-2]: -2 is not a size of a dimension"},
      {"fractional size", oneTensor(entry("F32", "[2.0]", "[0, 8]")),
       "tensor 'a' has shape [2.0]: 2.0 is not a size of a dimension"},
      {"size beyond 63 bits",
       oneTensor(entry("F32", "[9223372036854775808]", "[0, 8]")),
       "tensor 'a' has shape [9223372036854775808]: 9223372036854775808 is not "
       "a size of a dimension"},
      {"sizes whose product overflows",
       oneTensor(entry("F32", "[1099511627776, 1099511627776]", "[0, 8]")),
       "tensor 'a' has shape [1099511627776, 1099511627776] of F32, more than "
       "64 bits can count"},
      {"half a byte", oneTensor(entry("F4", "[3]", "[0, 1]"), 1),
       "tensor 'a' has shape [3] of F4: 12 bits, not whole bytes"},
      {"size of another shape", oneTensor(entry("F32", "[3]", "[0, 8]")),
       "tensor 'a' has shape [3] of F32: 12 bytes, but its data_offsets span "
       "8"},
      {"one offset", oneTensor(entry("F32", "[2]", "[8]")),
       "tensor 'a' has data_offsets [8], not a pair [begin, end]"},
      {"offsets in an object", oneTensor(entry("F32", "[2]", "{}")),
       "tensor 'a' has data_offsets {}, not a pair [begin, end]"},
      {"negative offset", oneTensor(entry("F32", "[2]", "[-8, 0]")),
       "tensor 'a' has data_offsets [-8,0], which are not offsets in bytes"},
      {"text as offset", oneTensor(entry("F32", "[2]", "[0, \"8\"]")),
       "tensor 'a' has data_offsets [0,\"8\"], which are not offsets in bytes"},
      {"end before begin", oneTensor(entry("F32", "[2]", "[8, 0]")),
       "tensor 'a' ends at data offset 0, before it begins at 8"},
      {"end beyond the file", oneTensor(entry("F32", "[2]", "[8, 16]")),
       "tensor 'a' ends at data offset 16, but the file has only 8 bytes of "
       "data"},
      {"offset beyond 64 bits",
       oneTensor(entry("F32", "[2]", "[0, 18446744073709551616]")),
       "tensor 'a' has data_offsets [0,1.8446744073709552e+19], which are not "
       "offsets in bytes"},
  };
}

static std::vector<BadFile> badLayouts() {
  std::string later = entry("F32", "[2]", "[8, 16]");
  std::string across = entry("F32", "[2]", "[4, 12]");
  std::string last = entry("F32", "[2]", "[12, 20]");
  auto two = [](const std::string &a, const std::string &b, size_t size) {
    return safetensorsBytes("{\"a\": " + a + ", \"b\": " + b + "}", size);
  };
  return {
      {"hole at the start", oneTensor(later, 16),
       "tensor 'a' begins at data offset 8, but the tensor before it ends at "
       "0: a hole"},
      {"hole between tensors", two(good, last, 20),
       "tensor 'b' begins at data offset 12, but the tensor before it ends at "
       "8: a hole"},
      {"overlap", two(good, across, 12),
       "tensor 'b' begins at data offset 4, but the tensor before it ends at "
       "8: an overlap"},
      {"same bytes", two(good, good, 8),
       "tensor 'b' begins at data offset 0, but the tensor before it ends at "
       "8: an overlap"},
      {"bytes behind the data", safetensorsBytes("{}", 1),
       "the tensors end at byte 10, but the file has 11 bytes"},
      {"truncated data", oneTensor(good, 7),
       "tensor 'a' ends at data offset 8, but the file has only 7 bytes of "
       "data"},
  };
}

static void expectRefused(const std::vector<BadFile> &files) {
  TemporaryFolder folder;
  for (const BadFile &file : files) {
    std::string path = folder.write("bad.safetensors", file.bytes);
    EXPECT_EQ(messageOf(readSafetensorsHeader(path)),
              path + ": " + file.message)
        << file.name;
  }
}

TEST(SafetensorsTest, RefusesBadHeaders) { expectRefused(badHeaders()); }
TEST(SafetensorsTest, RefusesBadTensors) { expectRefused(badTensors()); }
TEST(SafetensorsTest, RefusesHolesOverlapsAndWrongLengths) {
  expectRefused(badLayouts());
}

TEST(SafetensorsTest, RefusesWhatIsNoFile) {
  TemporaryFolder folder;
  std::string path = folder.path("a");
  EXPECT_EQ(messageOf(readSafetensorsHeader(path)), path + ": no such file");
  folder.makeFolder("a");
  EXPECT_EQ(messageOf(readSafetensorsHeader(path)),
            path + ": a folder, where a file is expected");
  std::string pipe = folder.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(messageOf(readSafetensorsHeader(pipe)),
            pipe + ": not a regular file");
}

TEST(SafetensorsTest, RefusesMoreTensorsThanAllowed) {
  constexpr size_t count = (1 << 17) + 1;
  std::string header = "{";
  for (size_t i = 0; i < count; ++i)
    header += (i ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  TemporaryFolder folder;
  std::string path = folder.write("a", safetensorsBytes(header + "}", 0));
  EXPECT_EQ(messageOf(readSafetensorsHeader(path)),
            path + ": more than the 131072 tensors that are allowed");
}

TEST(SafetensorsTest, ReadsEmptyAndScalarTensorsAndMetadata) {
  TemporaryFolder folder;
  std::string header = "{\"b\": " + entry("F32", "[]", "[0, 4]") +
                       ", \"empty\": " + entry("F64", "[3, 0]", "[4, 4]") +
                       ", \"a\": " + entry("F4", "[2, 3]", "[4, 7]") +
                       ", \"__metadata__\": {\"format\": \"pt\"}}      ";
  std::string path = folder.write("a", safetensorsBytes(header, 7));
  Expected<std::vector<StoredTensor>> tensors = readSafetensorsHeader(path);
  ASSERT_TRUE(bool(tensors)) << toString(tensors.takeError());
  ASSERT_EQ(tensors->size(), 3u);
  uint64_t start = 8 + header.size();
  EXPECT_EQ((*tensors)[0].name, "b");
  EXPECT_EQ((*tensors)[0].offset, start);
  EXPECT_EQ((*tensors)[0].length, 4u);
  EXPECT_EQ((*tensors)[1].name, "empty");
  EXPECT_EQ((*tensors)[1].length, 0u);
  EXPECT_EQ((*tensors)[2].name, "a");
  EXPECT_EQ((*tensors)[2].offset, start + 4);
  EXPECT_EQ((*tensors)[2].type->name, "F4");
  EXPECT_EQ(showShape((*tensors)[2].shape), "[2, 3]");
}

/// Every file that differs in a few bits is read or refused in one line.
TEST(SafetensorsTest, SurvivesRandomDamage) {
  TemporaryFolder folder;
  uint64_t dataSize = 0;
  std::string header =
      headerOf(TinyCheckpoint::sparse().tensors, dataSize).dump();
  std::string bytes = safetensorsBytes(header, dataSize);
  std::mt19937 random(1);
  size_t refused = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string damaged = bytes;
    for (unsigned flip = 0; flip <= round % 3u; ++flip)
      damaged[random() % (8 + header.size())] ^= char(1 << random() % 8);
    if (round % 10 == 0)
      damaged.resize(random() % damaged.size());
    std::string message =
        messageOf(readSafetensorsHeader(folder.write("a", damaged)));
    EXPECT_EQ(message.find('\n'), std::string::npos);
    refused += !message.empty();
  }
  EXPECT_GT(refused, 700u);
}
