//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Safetensors.h"

#include "compiler/import/CheckpointFile.h"
#include "compiler/import/Json.h"
#include "compiler/import/Refusal.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"

#include <algorithm>
#include <tuple>

using namespace llvm;
using namespace moec;

/// The format's own limit.
static constexpr uint64_t largestHeader = 100'000'000;
/// The largest published checkpoints have fewer in all their files.
static constexpr size_t mostTensors = size_t(1) << 17;
static constexpr size_t longestName = 1024;
static constexpr size_t highestRank = 8;

static constexpr SafetensorsType types[] = {
    {"BOOL", 8},    {"F4", 4},          {"F6_E2M3", 6},     {"F6_E3M2", 6},
    {"U8", 8},      {"I8", 8},          {"F8_E5M2", 8},     {"F8_E4M3", 8},
    {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},        {"BF16", 16},       {"I32", 32},
    {"U32", 32},    {"F32", 32},        {"C64", 64},        {"F64", 64},
    {"I64", 64},    {"U64", 64},
};

namespace {
/// Validates the entries of one header.
class HeaderReader {
public:
  HeaderReader(StringRef path, uint64_t dataStart, uint64_t fileSize)
      : path(path), dataStart(dataStart), fileSize(fileSize) {}

  Error readMember(StringRef key, const Json &value);
  /// Sorts the tensors by offset and checks that they fill the file.
  Expected<std::vector<StoredTensor>> finish();

private:
  Error readMetadata(const Json &value);
  Error readType(StoredTensor &tensor, const Json &value);
  Error readShape(StoredTensor &tensor, const Json &value);
  Error readOffsets(StoredTensor &tensor, const Json &value);
  Error checkLength(const StoredTensor &tensor);
  Error refuseTensor(StringRef name, const Twine &what) {
    return refuse(path, "tensor " + quote(name) + " " + what);
  }

  StringRef path;
  uint64_t dataStart, fileSize;
  std::vector<StoredTensor> tensors;
};
} // namespace

std::string moec::showShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, size] : enumerate(shape))
    text += (i ? ", " : "") + std::to_string(size);
  return text + "]";
}

Error HeaderReader::readMetadata(const Json &value) {
  if (!value.is_object())
    return refuse(path, "__metadata__ is " + show(value) + ", not an object");
  for (auto &[key, text] : value.items())
    if (!text.is_string())
      return refuse(path, "__metadata__ maps " + quote(key) + " to " +
                              show(text) + ", not to a string");
  return Error::success();
}

Error HeaderReader::readType(StoredTensor &tensor, const Json &value) {
  const std::string *name = toText(value);
  if (!name)
    return refuseTensor(tensor.name,
                        "has dtype " + show(value) + ", not a string");
  auto *type = find_if(types, [&](auto &type) { return type.name == *name; });
  if (type == std::end(types))
    return refuseTensor(tensor.name, "has the unknown dtype " + quote(*name));
  tensor.type = type;
  return Error::success();
}

Error HeaderReader::readShape(StoredTensor &tensor, const Json &value) {
  if (!value.is_array())
    return refuseTensor(tensor.name,
                        "has shape " + show(value) + ", not an array");
  if (value.size() > highestRank)
    return refuseTensor(tensor.name, "has " + Twine(value.size()) +
                                         " dimensions, more than the " +
                                         Twine(highestRank) +
                                         " that are allowed");
  for (const Json &size : value) {
    std::optional<int64_t> count = toCount(size);
    if (!count)
      return refuseTensor(tensor.name, "has shape " + show(value) + ": " +
                                           show(size) +
                                           " is not a size of a dimension");
    tensor.shape.push_back(*count);
  }
  return Error::success();
}

Error HeaderReader::readOffsets(StoredTensor &tensor, const Json &value) {
  if (!value.is_array() || value.size() != 2)
    return refuseTensor(tensor.name, "has data_offsets " + show(value) +
                                         ", not a pair [begin, end]");
  std::optional<int64_t> begin = toCount(value[0]), end = toCount(value[1]);
  if (!begin || !end)
    return refuseTensor(tensor.name, "has data_offsets " + show(value) +
                                         ", which are not offsets in bytes");
  if (*end < *begin)
    return refuseTensor(tensor.name, "ends at data offset " + Twine(*end) +
                                         ", before it begins at " +
                                         Twine(*begin));
  if (uint64_t(*end) > fileSize - dataStart)
    return refuseTensor(tensor.name, "ends at data offset " + Twine(*end) +
                                         ", but the file has only " +
                                         Twine(fileSize - dataStart) +
                                         " bytes of data");
  tensor.offset = dataStart + *begin;
  tensor.length = *end - *begin;
  return Error::success();
}

Error HeaderReader::checkLength(const StoredTensor &tensor) {
  std::optional<uint64_t> bits = tensor.type->bits;
  for (int64_t size : tensor.shape)
    if (bits)
      bits = checkedMulUnsigned(*bits, uint64_t(size));
  std::string shape =
      "has shape " + showShape(tensor.shape) + " of " + tensor.type->name.str();
  if (!bits)
    return refuseTensor(tensor.name, shape + ", more than 64 bits can count");
  if (*bits % 8)
    return refuseTensor(tensor.name,
                        shape + ": " + Twine(*bits) + " bits, not whole bytes");
  if (*bits / 8 != tensor.length)
    return refuseTensor(tensor.name, shape + ": " + Twine(*bits / 8) +
                                         " bytes, but its data_offsets span " +
                                         Twine(tensor.length));
  return Error::success();
}

Error HeaderReader::readMember(StringRef key, const Json &value) {
  if (key == "__metadata__")
    return readMetadata(value);
  if (key.size() > longestName)
    return refuseTensor(key, "has a name of " + Twine(key.size()) +
                                 " bytes, more than the " + Twine(longestName) +
                                 " that are allowed");
  if (tensors.size() == mostTensors)
    return refuse(path, "more than the " + Twine(mostTensors) +
                            " tensors that are allowed");
  if (!value.is_object())
    return refuseTensor(key, "is " + show(value) + ", not an object");
  for (StringRef field : {"dtype", "shape", "data_offsets"})
    if (!value.contains(field))
      return refuseTensor(key, "has no " + field);
  for (auto &[field, ignored] : value.items())
    if (field != "dtype" && field != "shape" && field != "data_offsets")
      return refuseTensor(key, "has the unknown field " + quote(field));
  StoredTensor tensor = {key.str(), nullptr, {}, 0, 0};
  if (Error error = readType(tensor, value["dtype"]))
    return error;
  if (Error error = readShape(tensor, value["shape"]))
    return error;
  if (Error error = readOffsets(tensor, value["data_offsets"]))
    return error;
  if (Error error = checkLength(tensor))
    return error;
  tensors.push_back(std::move(tensor));
  return Error::success();
}

Expected<std::vector<StoredTensor>> HeaderReader::finish() {
  // Empty tensors come before the one that begins where they are.
  llvm::sort(tensors, [](const StoredTensor &a, const StoredTensor &b) {
    return std::tie(a.offset, a.length, a.name) <
           std::tie(b.offset, b.length, b.name);
  });
  uint64_t end = dataStart;
  for (const StoredTensor &tensor : tensors) {
    if (tensor.offset != end)
      return refuseTensor(
          tensor.name,
          "begins at data offset " + Twine(tensor.offset - dataStart) +
              ", but the tensor before it ends at " + Twine(end - dataStart) +
              (tensor.offset > end ? ": a hole" : ": an overlap"));
    end += tensor.length;
  }
  if (end != fileSize)
    return refuse(path, "the tensors end at byte " + Twine(end) +
                            ", but the file has " + Twine(fileSize) + " bytes");
  return std::move(tensors);
}

/// Checks what is around the JSON object of a header.
static Error checkHeaderText(StringRef text, StringRef path) {
  if (!text.starts_with("{"))
    return refuse(path, "the header does not begin with '{'");
  if (!text.rtrim(' ').ends_with("}"))
    return refuse(path, "the header does not end with '}' and spaces");
  return Error::success();
}

/// The size of the header, checked against the file's.
static Expected<uint64_t> readHeaderSize(StringRef path, uint64_t fileSize) {
  if (fileSize < 8)
    return refuse(path, Twine(fileSize) + " bytes, but a safetensors file "
                                          "begins with 8 bytes of header size");
  Expected<std::string> start = readStart(path, 8);
  if (!start)
    return start.takeError();
  uint64_t size = support::endian::read64le(start->data());
  if (size > largestHeader)
    return refuse(path, "a header of " + Twine(size) +
                            " bytes, more than the " + Twine(largestHeader) +
                            " that are allowed");
  if (size > fileSize - 8)
    return refuse(path, "a header of " + Twine(size) +
                            " bytes does not fit in the file of " +
                            Twine(fileSize));
  return size;
}

Expected<std::vector<StoredTensor>>
moec::readSafetensorsHeader(StringRef path) {
  Expected<uint64_t> fileSize = regularFileSize(path);
  if (!fileSize)
    return fileSize.takeError();
  Expected<uint64_t> size = readHeaderSize(path, *fileSize);
  if (!size)
    return size.takeError();
  Expected<std::string> bytes = readStart(path, 8 + *size);
  if (!bytes)
    return bytes.takeError();
  StringRef text = StringRef(*bytes).drop_front(8);
  HeaderReader reader(path, 8 + *size, *fileSize);
  auto readMember = [&](StringRef key, Json value) {
    return reader.readMember(key, value);
  };
  if (Error error = checkHeaderText(text, path))
    return std::move(error);
  if (Error error =
          readJsonMembers(text, (path + ": header").str(), readMember))
    return std::move(error);
  return reader.finish();
}
