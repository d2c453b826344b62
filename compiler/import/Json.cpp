//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Json.h"

#include "compiler/import/Refusal.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"

#include <utility>
#include <vector>

using namespace llvm;
using namespace moec;

/// Checkpoints nest three levels; more would only serve to exhaust a stack.
static constexpr size_t deepestNesting = 32;
/// Bounds the memory of one member of a safetensors header.
static constexpr size_t longestArray = 65536;

namespace {
/// Builds one member of the outermost object at a time. Every handler returns
/// whether to go on; if not, `refusal` says why.
class EventReader final : public nlohmann::json_sax<Json> {
public:
  explicit EventReader(MemberReader readMember) : readMember(readMember) {}

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(int64_t value) override { return scalar(value); }
  bool number_unsigned(uint64_t value) override { return scalar(value); }
  bool number_float(double value, const std::string &) override {
    return scalar(value);
  }
  bool string(std::string &value) override { return scalar(std::move(value)); }
  bool binary(Json::binary_t &) override { return fail("holds binary data"); }
  bool start_object(size_t) override;
  bool key(std::string &name) override;
  bool end_object() override { return close(); }
  bool start_array(size_t) override;
  bool end_array() override { return close(); }
  bool parse_error(size_t position, const std::string &,
                   const Json::exception &) override {
    return fail("not valid JSON near byte " + Twine(position));
  }

  std::string refusal;

private:
  bool scalar(Json value) { return place(std::move(value)) && endValue(); }
  bool open(Json container);
  bool close();
  /// Puts a value where it belongs; `placed` is then where it is.
  bool place(Json value);
  /// Hands the member over if the value just placed completes it.
  bool endValue();
  bool fail(const Twine &what) {
    refusal = what.str();
    return false;
  }

  MemberReader readMember;
  bool started = false;
  StringSet<> names;
  /// The member that is being read, its name, and its open containers.
  Json member;
  std::string name;
  std::vector<Json *> containers;
  /// Where the value of the last key of an inner object goes.
  Json *slot = nullptr;
  Json *placed = nullptr;
};
} // namespace

bool EventReader::start_object(size_t) {
  if (started)
    return open(Json::object());
  started = true;
  return true;
}

bool EventReader::start_array(size_t) {
  return started ? open(Json::array()) : fail("must be a JSON object");
}

bool EventReader::key(std::string &text) {
  if (containers.empty()) {
    name = text;
    return names.insert(text).second ||
           fail("key " + quote(text) + " stands twice");
  }
  auto [entry, inserted] = containers.back()->emplace(text, nullptr);
  slot = &entry.value();
  return inserted ||
         fail("key " + quote(text) + " stands twice in " + quote(name));
}

bool EventReader::open(Json container) {
  if (containers.size() + 1 >= deepestNesting)
    return fail("nested deeper than " + Twine(deepestNesting) + " levels");
  if (!place(std::move(container)))
    return false;
  containers.push_back(placed);
  return true;
}

bool EventReader::close() {
  if (containers.empty())
    return true;
  containers.pop_back();
  return endValue();
}

bool EventReader::place(Json value) {
  if (!started)
    return fail("must be a JSON object");
  if (containers.empty()) {
    member = std::move(value);
    placed = &member;
    return true;
  }
  Json &container = *containers.back();
  if (container.is_object()) {
    *slot = std::move(value);
    placed = slot;
    return true;
  }
  if (container.size() == longestArray)
    return fail(quote(name) + " holds an array of more than " +
                Twine(longestArray) + " elements");
  container.push_back(std::move(value));
  placed = &container.back();
  return true;
}

bool EventReader::endValue() {
  if (!containers.empty())
    return true;
  if (Error error = readMember(name, std::move(member)))
    return fail(toString(std::move(error)));
  return true;
}

static bool isUTF8(StringRef text) {
  auto *begin = reinterpret_cast<const UTF8 *>(text.begin());
  return isLegalUTF8String(&begin, reinterpret_cast<const UTF8 *>(text.end()));
}

Error moec::readJsonMembers(StringRef text, StringRef file,
                            MemberReader readMember) {
  if (!isUTF8(text))
    return refuse(file, "not valid UTF-8");
  // The parser takes a zero byte for the end of the text.
  if (size_t zero = text.find('\0'); zero != StringRef::npos)
    return refuse(file, "not valid JSON near byte " + Twine(zero + 1));
  // A member's own message already begins with the file.
  bool named = false;
  auto read = [&](StringRef key, Json value) -> Error {
    Error error = readMember(key, std::move(value));
    named = bool(error);
    return error;
  };
  EventReader reader(read);
  if (Json::sax_parse(text.begin(), text.end(), &reader))
    return Error::success();
  if (named)
    return createStringError(inconvertibleErrorCode(), reader.refusal);
  return refuse(file, reader.refusal);
}

Expected<Json> moec::readJsonObject(StringRef text, StringRef file) {
  Json object = Json::object();
  auto keep = [&](StringRef key, Json value) -> Error {
    object[key.str()] = std::move(value);
    return Error::success();
  };
  if (Error error = readJsonMembers(text, file, keep))
    return std::move(error);
  return object;
}

std::optional<int64_t> moec::toCount(const Json &value) {
  if (auto *number = value.get_ptr<const uint64_t *>())
    return *number <= uint64_t(INT64_MAX) ? std::optional<int64_t>(*number)
                                          : std::nullopt;
  return std::nullopt;
}

const std::string *moec::toText(const Json &value) {
  return value.get_ptr<const std::string *>();
}

std::string moec::show(const Json &value) {
  constexpr size_t longest = 80;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true,
                                Json::error_handler_t::replace);
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}
