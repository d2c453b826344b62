//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Token ids as people and scripts write them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_TOKENLIST_H
#define RUNTIME_TOOLS_TOKENLIST_H

#include "runtime/tools/Model.h"

namespace moert::tools {

/// Reads whole numbers separated by commas, spaces or newlines, or a JSON array
/// of them. Throws a std::invalid_argument that says what is wrong.
Tokens parseTokens(std::string_view text);

/// "1 2 3"
std::string formatTokens(const Tokens &tokens);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_TOKENLIST_H
