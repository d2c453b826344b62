//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Between the C API and the C++ behind it: no exception crosses, every failure
// fills the caller's moert_error.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_APIBOUNDARY_H
#define RUNTIME_APIBOUNDARY_H

#include "runtime/Model.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

struct moert_model {
  std::unique_ptr<moert::Model> model;
};

namespace moert {

inline moert_status report(const Status &status, moert_error *error) {
  if (!error)
    return status.code;
  error->status = status.code;
  size_t most = sizeof(error->message) - 1;
  size_t length = std::min(status.message.size(), most);
  memcpy(error->message, status.message.data(), length);
  error->message[length] = 0;
  return status.code;
}

/// Calls `function`, which returns a Status, and reports what it returns or
/// throws.
template <typename Function>
moert_status guard(moert_error *error, Function function) {
  try {
    return report(function(), error);
  } catch (const std::bad_alloc &) {
    return report({MOERT_NO_MEMORY, "out of memory"}, error);
  } catch (const std::exception &e) {
    return report({MOERT_COMPUTATION, e.what()}, error);
  }
}

inline Status nullArgument(const char *name) {
  return {MOERT_INVALID, std::string(name) + " is NULL"};
}

} // namespace moert

#endif // RUNTIME_APIBOUNDARY_H
