//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/KernelArgument.h"

#include "runtime/tools/Failure.h"

#include <algorithm>
#include <charconv>
#include <cmath>

using namespace moert;
using namespace moert::tools;

using Kind = KernelArgument::Kind;

void moert::tools::check(const Status &status) {
  if (!status.ok())
    throw Failure(status.message, status.code == MOERT_INVALID ? 2 : 1);
}

namespace {

[[noreturn]] void refuse(const std::string &spec, const std::string &what) {
  throw UsageFailure("--arg: '" + spec + "': " + what);
}

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

/// Cuts `TYPE:` off the front; null if there is none.
const Element *takeType(std::string_view &text) {
  const size_t colon = text.find(':');
  const Element *element =
      colon == text.npos ? nullptr : findElement(text.substr(0, colon));
  if (element)
    text.remove_prefix(colon + 1);
  return element;
}

/// Whole numbers with `separator` between them; empty if they are not such.
template <class Number>
std::vector<Number> parseExtents(std::string_view text, char separator) {
  std::vector<Number> extents;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    Number extent = 0;
    auto parsed = std::from_chars(at, end, extent);
    if (parsed.ec != std::errc())
      return {};
    extents.push_back(extent);
    if (parsed.ptr == end)
      return extents;
    if (*parsed.ptr != separator)
      return {};
    at = parsed.ptr + 1;
  }
}

/// `TYPE[EXTENTS]` or `TYPE[EXTENTS]=X`.
void parseNewArray(std::string_view text, KernelArgument &argument) {
  const size_t open = text.find('['), close = text.find(']');
  const Element *element = findElement(text.substr(0, open));
  if (!element)
    refuse(argument.spec, "'" + std::string(text.substr(0, open)) +
                              "' is no type; expected " + elementNames());
  argument.array.element = element;
  if (close == text.npos || close < open)
    refuse(argument.spec, "']' is missing");
  argument.array.shape =
      parseExtents<uint64_t>(text.substr(open + 1, close - open - 1), ',');
  uint64_t bytes = 0;
  if (argument.array.shape.empty())
    refuse(argument.spec, "extents must be whole numbers with commas");
  if (!bytesOf(*element, argument.array.shape, bytes))
    refuse(argument.spec, "more than 1 GiB");
  argument.array.bytes.resize(bytes);
  text.remove_prefix(close + 1);
  argument.isFilled = !text.empty();
  if (text.empty())
    return;
  Real value = 0;
  std::byte cell[8];
  if (text[0] != '=' || !parseNumber(std::string(text.substr(1)), value) ||
      !encode(*element, value, cell))
    refuse(argument.spec, "'" + std::string(text) +
                              "' is not = and a number "
                              "of " +
                              element->name);
  for (uint64_t at = 0; at < bytes; at += element->bytes)
    std::copy_n(cell, element->bytes,
                argument.array.bytes.begin() + static_cast<ptrdiff_t>(at));
}

void parseArray(std::string_view text, KernelArgument &argument) {
  argument.kind = Kind::Array;
  if (!endsWith(text, ".npy"))
    return parseNewArray(text, argument);
  const Element *element = takeType(text);
  argument.array = readNpy(std::string(text));
  if (element)
    argument.array =
        convert(std::move(argument.array), *element, std::string(text));
  argument.isFilled = true;
}

/// `ARRAY:BOX:SWIZZLE`
void parseMap(std::string_view text, KernelArgument &argument) {
  const size_t last = text.rfind(':');
  const size_t middle =
      last == text.npos || last == 0 ? text.npos : text.rfind(':', last - 1);
  if (middle == text.npos)
    refuse(argument.spec, "expected map:ARRAY:BOX:SWIZZLE");
  const std::vector<unsigned> swizzle =
      parseExtents<unsigned>(text.substr(last + 1), 'x');
  const unsigned swizzles[] = {0, 32, 64, 128};
  if (swizzle.size() != 1 ||
      std::find(swizzles, swizzles + 4, swizzle[0]) == swizzles + 4)
    refuse(argument.spec, "swizzle '" + std::string(text.substr(last + 1)) +
                              "'; expected 0, 32, 64 or 128 bytes");
  argument.swizzle = swizzle[0];
  const std::string_view box = text.substr(middle + 1, last - middle - 1);
  argument.box = parseExtents<uint32_t>(box, 'x');
  parseArray(text.substr(0, middle), argument);
  argument.kind = Kind::Map;
  if (argument.box.size() != argument.array.shape.size())
    refuse(argument.spec, "box '" + std::string(box) + "' of an array of " +
                              showShape(argument.array.shape) +
                              "; expected as many extents, like 64x64");
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

std::string nameOf(const KernelInfo &kernel, size_t index) {
  const KernelParameter &parameter = kernel.parameters[index];
  return kernel.name + ": parameter " + std::to_string(index) + " (" +
         parameter.name + ", " + std::to_string(parameter.bytes) + " bytes, ." +
         parameter.type + ")";
}

/// The type of a number for which none was given.
const Element *typeOf(const KernelParameter &parameter, Real number) {
  if (parameter.type.empty() || parameter.type[0] != 'b' ||
      parameter.type == "bf16")
    return findElement(parameter.type);
  if (number != std::trunc(number))
    return nullptr;
  return findElement((number < 0 ? "s" : "u") + parameter.type.substr(1));
}

std::vector<std::byte> placeNumber(const KernelArgument &argument,
                                   const KernelInfo &kernel, size_t index) {
  const KernelParameter &parameter = kernel.parameters[index];
  const Element *element =
      argument.element ? argument.element : typeOf(parameter, argument.number);
  if (!element)
    throw Failure(nameOf(kernel, index) +
                  ": give the number's type, like f32:" + argument.spec);
  std::vector<std::byte> bytes(element->bytes);
  if (element->bytes != parameter.bytes)
    throw Failure(nameOf(kernel, index) + ": takes no " + element->name +
                  ", which has " + std::to_string(element->bytes) + " bytes");
  if (!encode(*element, argument.number, bytes.data()))
    throw Failure(nameOf(kernel, index) + ": " + argument.spec +
                  " is no " + element->name);
  return bytes;
}

std::vector<std::byte> bytesOfAddress(uint64_t address) {
  const auto *first = reinterpret_cast<const std::byte *>(&address);
  return {first, first + sizeof(address)};
}

/// By value, or the address of one in device memory.
std::vector<std::byte> placeMap(const KernelArgument &argument,
                                EmulatedKernels &device,
                                const KernelInfo &kernel, size_t index) {
  const size_t bytes = kernel.parameters[index].bytes;
  std::vector<std::byte> map;
  TensorView view;
  view.address = argument.address;
  view.type = argument.array.element->name;
  view.shape = argument.array.shape;
  view.box = argument.box;
  view.swizzle = argument.swizzle;
  Status status = device.encode(view, map);
  if (!status.ok())
    throw Failure("--arg: '" + argument.spec + "': " + status.message);
  if (bytes == map.size())
    return map;
  if (bytes != sizeof(uint64_t))
    throw Failure(nameOf(kernel, index) + ": takes no tensor map, which has " +
                  std::to_string(map.size()) + " bytes, nor its address");
  uint64_t address = 0;
  check(device.allocate(map.size(), address));
  check(device.write(address, map.data(), map.size()));
  return bytesOfAddress(address);
}

} // namespace

NpyArray moert::tools::convert(NpyArray array, const Element &element,
                               const std::string &source) {
  const bool isBits = !element.numpy && array.element->bytes == element.bytes &&
                      array.element->kind == Element::Kind::Unsigned;
  if (isBits)
    array.element = &element;
  if (array.element == &element)
    return array;
  NpyArray made{&element, array.shape, {}};
  made.bytes.resize(array.count() * element.bytes);
  for (uint64_t i = 0; i < array.count(); ++i)
    if (!encode(element, array.at(i), made.bytes.data() + i * element.bytes))
      throw Failure(source + ": element " + std::to_string(i) + ", " +
                    showNumber(*array.element, array.at(i)) + ", is no " +
                    element.name);
  return made;
}

KernelArgument moert::tools::parseArgument(const std::string &spec) {
  KernelArgument argument;
  argument.spec = spec;
  std::string_view text = spec;
  if (text.substr(0, 4) == "map:") {
    parseMap(text.substr(4), argument);
  } else if (text.substr(0, 6) == "bytes:") {
    argument.array = readNpy(spec.substr(6));
    argument.kind = Kind::Bytes;
  } else if (endsWith(text, ".npy") || text.find('[') != text.npos) {
    parseArray(text, argument);
  } else {
    argument.element = takeType(text);
    if (!parseNumber(std::string(text), argument.number))
      refuse(spec, "is no number, no FILE.npy and no TYPE[EXTENTS]; see moert "
                   "emulate --help");
  }
  return argument;
}

std::vector<std::byte> moert::tools::place(KernelArgument &argument,
                                           EmulatedKernels &device,
                                           const KernelInfo &kernel,
                                           size_t index) {
  const KernelParameter &parameter = kernel.parameters[index];
  if (argument.kind == Kind::Number)
    return placeNumber(argument, kernel, index);
  const std::vector<std::byte> &bytes = argument.array.bytes;
  if (argument.kind == Kind::Bytes) {
    if (bytes.size() != parameter.bytes)
      throw Failure(nameOf(kernel, index) + ": '" + argument.spec + "' has " +
                    std::to_string(bytes.size()) + " bytes");
    return bytes;
  }
  check(device.allocate(bytes.size(), argument.address));
  if (argument.isFilled)
    check(device.write(argument.address, bytes.data(), bytes.size()));
  if (argument.kind == Kind::Map)
    return placeMap(argument, device, kernel, index);
  if (parameter.bytes != sizeof(uint64_t))
    throw Failure(nameOf(kernel, index) +
                  ": takes no array, whose address has 8 bytes");
  return bytesOfAddress(argument.address);
}
