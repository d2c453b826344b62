//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How functions inside the runtime report failure.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_STATUS_H
#define RUNTIME_STATUS_H

#include "runtime/moert.h"

#include <string>
#include <utility>

namespace moert {

/// A code and, on failure, a one-line message. Default: success.
struct [[nodiscard]] Status {
  Status() = default;
  Status(moert_status code, std::string message)
      : code(code), message(std::move(message)) {}

  bool ok() const { return code == MOERT_OK; }

  moert_status code = MOERT_OK;
  std::string message;
};

} // namespace moert

#endif // RUNTIME_STATUS_H
