//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/Refusal.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

/// Longer names say no more, and a hostile file may hold names of megabytes.
static constexpr size_t longestQuote = 160;

Error moec::refuse(const Twine &file, const Twine &what) {
  return createStringError(inconvertibleErrorCode(), file + ": " + what);
}

std::string moec::quote(StringRef text) {
  std::string quoted = "'";
  for (unsigned char c : text.take_front(longestQuote)) {
    if (c >= 0x20 && c != 0x7f)
      quoted += char(c);
    else
      quoted += std::string("\\x") + hexdigit(c >> 4) + hexdigit(c & 15);
  }
  return quoted + (text.size() > longestQuote ? "...'" : "'");
}
