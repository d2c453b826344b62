//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/NpyArray.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"
#include "runtime/tools/NpyWriter.h"

#include <cctype>
#include <charconv>
#include <cstring>

using namespace moert::tools;

namespace {

constexpr uint64_t mostBytes = uint64_t(1) << 30;
constexpr size_t mostAxes = 64; // NumPy's own limit

/// Reads the dictionary of a header, a Python literal of three keys.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &path)
      : text_(text), path_(path) {}

  void parse(NpyArray &array);

private:
  /// Messages are one line, whatever the file holds.
  [[noreturn]] void fail(std::string what) const {
    for (char &character : what)
      if (!std::isprint(static_cast<unsigned char>(character)))
        character = '?';
    throw Failure(path_ + ": " + what);
  }
  void skipSpaces() {
    while (!text_.empty() && std::strchr(" \t\r\n", text_[0]))
      text_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skipSpaces();
    if (text_.substr(0, token.size()) != token)
      return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token))
      fail("the header is damaged: expected '" + std::string(token) +
           "' before '" + std::string(text_.substr(0, 20)) + "'");
  }
  std::string string();
  void type(NpyArray &array);
  void order();
  void shape(NpyArray &array);

  std::string_view text_;
  const std::string &path_;
};

std::string HeaderParser::string() {
  skipSpaces();
  const char quote = text_.empty() ? 0 : text_[0];
  const size_t end =
      quote == '\'' || quote == '"' ? text_.find(quote, 1) : text_.npos;
  if (end == text_.npos)
    fail("the header is damaged: expected a text before '" +
         std::string(text_.substr(0, 20)) + "'");
  std::string value(text_.substr(1, end - 1));
  text_.remove_prefix(end + 1);
  return value;
}

void HeaderParser::type(NpyArray &array) {
  skipSpaces();
  if (!text_.empty() && text_[0] == '[')
    fail("descr: records are not supported");
  const std::string descr = string();
  array.element = findNumpyElement(descr);
  if (!array.element)
    fail("descr: '" + descr +
         "' is not supported; expected <f2, <f4, <f8, <i1 to <i8, <u1 to <u8 "
         "or |b1");
}

void HeaderParser::order() {
  if (take("True"))
    fail("fortran_order: True is not supported; save "
         "numpy.ascontiguousarray(array)");
  expect("False");
}

void HeaderParser::shape(NpyArray &array) {
  expect("(");
  while (!take(")")) {
    skipSpaces();
    uint64_t extent = 0;
    const char *end = text_.data() + text_.size();
    auto parsed = std::from_chars(text_.data(), end, extent);
    if (parsed.ec != std::errc())
      fail("shape: '" + std::string(text_.substr(0, 24)) +
           "' begins with no extent of 64 bits");
    text_.remove_prefix(static_cast<size_t>(parsed.ptr - text_.data()));
    array.shape.push_back(extent);
    if (array.shape.size() > mostAxes)
      fail("shape: more than " + std::to_string(mostAxes) + " axes");
    if (!take(",")) {
      expect(")");
      break;
    }
  }
}

void HeaderParser::parse(NpyArray &array) {
  bool typed = false, ordered = false, shaped = false;
  expect("{");
  while (!take("}")) {
    const std::string key = string();
    expect(":");
    bool *seen = key == "descr"           ? &typed
                 : key == "fortran_order" ? &ordered
                 : key == "shape"         ? &shaped
                                          : nullptr;
    if (!seen || *seen)
      fail("the header has the key '" + key + (seen ? "' twice" : "'"));
    *seen = true;
    seen == &typed ? type(array) : seen == &ordered ? order() : shape(array);
    if (!take(",")) {
      expect("}");
      break;
    }
  }
  skipSpaces();
  if (!text_.empty())
    fail("the header goes on after its end: '" +
         std::string(text_.substr(0, 20)) + "'");
  if (!typed || !ordered || !shaped)
    fail(std::string("the header lacks the key '") +
         (!typed     ? "descr"
          : !ordered ? "fortran_order"
                     : "shape") +
         "'");
}

/// The header's text; `at` becomes its end.
std::string_view headerOf(const std::string &file, const std::string &path,
                          size_t &at) {
  const std::string_view magic("\x93NUMPY", 6);
  if (std::string_view(file).substr(0, 6) != magic || file.size() < 8)
    throw Failure(path + ": is no .npy file");
  const auto version = static_cast<unsigned char>(file[6]);
  const size_t lengthBytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3 || file[7] != 0)
    throw Failure(path + ": has format " + std::to_string(version) + "." +
                  std::to_string(static_cast<unsigned char>(file[7])) +
                  "; expected 1.0, 2.0 or 3.0");
  uint32_t length = 0;
  at = 8 + lengthBytes;
  if (file.size() >= at)
    std::memcpy(&length, file.data() + 8, lengthBytes);
  if (file.size() < at || file.size() - at < length)
    throw Failure(path + ": ends in its header, after " +
                  std::to_string(file.size()) + " bytes");
  std::string_view text(file.data() + at, length);
  at += length;
  return text;
}

} // namespace

bool moert::tools::bytesOf(const Element &element,
                           const std::vector<uint64_t> &shape,
                           uint64_t &bytes) {
  bytes = element.bytes;
  bool empty = false;
  for (uint64_t extent : shape)
    empty |= extent == 0;
  for (uint64_t extent : shape) {
    if (empty)
      bytes = 0;
    else if (extent > mostBytes / bytes)
      return false;
    else
      bytes *= extent;
  }
  return true;
}

std::string moert::tools::showShape(const std::vector<uint64_t> &shape) {
  std::string text;
  for (uint64_t extent : shape)
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

NpyArray moert::tools::parseNpy(const std::string &file,
                                const std::string &path) {
  NpyArray array;
  size_t at = 0;
  HeaderParser(headerOf(file, path, at), path).parse(array);
  uint64_t bytes = 0;
  if (!bytesOf(*array.element, array.shape, bytes))
    throw Failure(path + ": shape: " + showShape(array.shape) +
                  " elements of " + std::to_string(array.element->bytes) +
                  " bytes are more than 1 GiB");
  if (file.size() - at != bytes)
    throw Failure(path + ": holds " + std::to_string(file.size() - at) +
                  " bytes of elements; shape " + showShape(array.shape) +
                  " of " + array.element->name + " has " +
                  std::to_string(bytes));
  const auto *first = reinterpret_cast<const std::byte *>(file.data() + at);
  array.bytes.assign(first, first + bytes);
  return array;
}

NpyArray moert::tools::readNpy(const std::string &path) {
  return parseNpy(readFile(path), path);
}

void moert::tools::writeNpy(const std::string &path, const NpyArray &array) {
  if (array.element->numpy) {
    NpyWriter writer(path, array.element->numpy, array.shape);
    writer.append(array.bytes.data(), array.bytes.size());
    writer.finish();
    return;
  }
  NpyArray wide{findElement("f32"), array.shape, {}};
  wide.bytes.resize(array.count() * wide.element->bytes);
  for (uint64_t i = 0; i < array.count(); ++i)
    encode(*wide.element, array.at(i),
           wide.bytes.data() + i * wide.element->bytes);
  writeNpy(path, wide);
}
