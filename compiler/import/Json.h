//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Reads JSON that may be hostile: a key that stands twice is an error, nesting
/// and arrays have limits, text must be UTF-8. No exception leaves this file.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_JSON_H
#define COMPILER_IMPORT_JSON_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace moec {

using Json = nlohmann::json;

/// Takes one member of an object; an error ends the reading.
using MemberReader =
    llvm::function_ref<llvm::Error(llvm::StringRef key, Json value)>;

/// Parses `text`, which must be one JSON object, and hands over its members in
/// their order, holding one at a time. `file` is what messages begin with.
llvm::Error readJsonMembers(llvm::StringRef text, llvm::StringRef file,
                            MemberReader readMember);

/// Parses `text`, which must be one JSON object.
llvm::Expected<Json> readJsonObject(llvm::StringRef text, llvm::StringRef file);

/// The value of a JSON integer in [0, 2^63), else nothing.
std::optional<int64_t> toCount(const Json &value);

/// The text of a JSON string, else null. Lives as long as `value`.
const std::string *toText(const Json &value);

/// `value` as a message shows it: as JSON, on one line, cut if it is long.
std::string show(const Json &value);

} // namespace moec

#endif // COMPILER_IMPORT_JSON_H
