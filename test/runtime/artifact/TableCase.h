//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One case for each rule of the table: a sound artifact is changed in one
// place, checksums made right again, and the verifier names the place.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_ARTIFACT_TABLECASE_H
#define TEST_RUNTIME_ARTIFACT_TABLECASE_H

#include "test/runtime/artifact/ArtifactParts.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

struct TableCase {
  const char *name;
  std::function<void(ArtifactParts &)> change;
  const char *violation; ///< how the message begins
};

inline void PrintTo(const TableCase &testCase, std::ostream *stream) {
  *stream << testCase.name;
}

inline std::string nameOf(const testing::TestParamInfo<TableCase> &info) {
  return info.param.name;
}

/// The name of a case, a change of the parts `p`, the start of the message.
#define CASE(name, statement, violation)                                       \
  TableCase {                                                                  \
#name, [](ArtifactParts & p) { statement; }, violation                     \
  }

#endif // TEST_RUNTIME_ARTIFACT_TABLECASE_H
