//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/moert.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

/// CompilesAsC.c
extern "C" int32_t sampleFromC(const float *logits, int64_t vocabulary);

TEST(SharedLibrary, ServesAProgramInC) {
  float logits[3] = {0, 2, 1};
  EXPECT_EQ(sampleFromC(logits, 3), 1);
}

TEST(SharedLibrary, OffersTheCApiAlone) {
  void *library = dlopen(MOERT_SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  EXPECT_NE(dlsym(library, "moert_step"), nullptr);
  // moert::cpuHasFeature(std::string_view)
  EXPECT_EQ(dlsym(library, "_ZN5moert13cpuHasFeatureESt17basic_string_viewIcSt"
                           "11char_traitsIcEE"),
            nullptr);
  dlclose(library);
}
