//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/ConfigValues.h"

#include "compiler/import/Refusal.h"

#include <cmath>

using namespace llvm;
using namespace moec;

/// Sizes and positions are 32-bit in the kernels.
static constexpr int64_t largestSize = INT32_MAX;

const Json *ConfigValues::find(StringRef key) const {
  auto found = values.find(key.str());
  return found == values.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigValues::isAbsent(StringRef key) const {
  return !values.contains(key.str());
}

int64_t ConfigValues::size(StringRef key, std::optional<int64_t> otherwise) {
  const Json *value = find(key);
  if (!value && otherwise)
    return *otherwise;
  if (!value) {
    refuse(key + (isAbsent(key) ? " is missing" : " is null"));
    return 1;
  }
  std::optional<int64_t> count = toCount(*value);
  if (!value->is_number())
    refuse(key + " is " + show(*value) + ", not a number");
  else if (value->get<double>() < 1)
    refuse(key + " is " + show(*value) + ", but must be at least 1");
  else if (value->get<double>() > double(largestSize))
    refuse(key + " is " + show(*value) + ", more than the " +
           Twine(largestSize) + " that are supported");
  else if (!count)
    refuse(key + " is " + show(*value) + ", not an integer");
  else
    return *count;
  return 1;
}

int64_t ConfigValues::size(StringRef key, StringRef alias, int64_t otherwise) {
  if (!find(alias))
    return size(key, otherwise);
  int64_t value = size(alias);
  int64_t other = size(key, value);
  if (value != other)
    refuse(alias + " is " + Twine(value) + ", but " + key + " is " +
           Twine(other));
  return value;
}

double ConfigValues::positive(StringRef key, double otherwise) {
  const Json *value = find(key);
  if (!value)
    return otherwise;
  double number = value->is_number() ? value->get<double>() : 0;
  if (!value->is_number())
    refuse(key + " is " + show(*value) + ", not a number");
  else if (!(float(number) > 0) || !std::isfinite(float(number)))
    refuse(key + " is " + show(*value) +
           ", but must be a positive 32-bit floating-point number");
  else
    return number;
  return 1;
}

bool ConfigValues::flag(StringRef key, bool otherwise) {
  const Json *value = find(key);
  if (!value)
    return otherwise;
  if (!value->is_boolean()) {
    refuse(key + " is " + show(*value) + ", not true or false");
    return otherwise;
  }
  return value->get<bool>();
}

std::string ConfigValues::text(StringRef key) {
  const Json *value = find(key);
  if (!value)
    return "";
  const std::string *text = toText(*value);
  if (!text || text->empty())
    refuse(key + " is " + show(*value) + ", not a name");
  return text ? *text : "";
}

int64_t ConfigValues::token(StringRef key, const Json &value,
                            int64_t vocabulary) {
  std::optional<int64_t> id = toCount(value);
  if (!id)
    refuse(key + " is " + show(value) + ", not a token id");
  else if (*id >= vocabulary)
    refuse(key + " is " + Twine(*id) + ", but the vocabulary has " +
           Twine(vocabulary) + " tokens");
  return id.value_or(0);
}

void ConfigValues::refuse(const Twine &what) {
  if (!failed())
    refusal = what.str();
}

Error ConfigValues::takeError() {
  if (!failed())
    return Error::success();
  return moec::refuse(file, refusal);
}
