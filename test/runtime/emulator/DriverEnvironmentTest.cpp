//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"
#include "runtime/emulator/driver/Extension.h"

namespace {

using namespace emulator::cuda;

/// Begins with one variable, in a child of the test, and ends with 0 if the
/// result is the expected one.
[[noreturn]] void initWith(const char *name, const char *value,
                           CUresult expected) {
  setenv(name, value, 1);
  std::_Exit(CU(cuInit)(0) == expected ? 0 : 1);
}

[[noreturn]] void showArchWith(const char *arch) {
  setenv("MOEC_EMULATED_ARCH", arch, 1);
  int major = 0, minor = 0;
  CU(cuInit)(0);
  CU(cuDeviceGetAttribute)
  (&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0);
  CU(cuDeviceGetAttribute)
  (&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0);
  std::_Exit(major * 10 + minor);
}

} // namespace

#define EXPECT_REFUSED(name, value, text)                                      \
  EXPECT_EXIT(initWith(name, value, CUDA_ERROR_INVALID_VALUE),                 \
              testing::ExitedWithCode(0),                                      \
              name " is \"" value "\", but must be " text)
#define EXPECT_TAKEN(name, value)                                              \
  EXPECT_EXIT(initWith(name, value, CUDA_SUCCESS), testing::ExitedWithCode(0), \
              "")

TEST(Environment, NamesTheArchitecture) {
  EXPECT_EXIT(showArchWith("sm_80"), testing::ExitedWithCode(80), "");
  EXPECT_EXIT(showArchWith("sm_120a"), testing::ExitedWithCode(120), "");
  EXPECT_REFUSED("MOEC_EMULATED_ARCH", "sm_70",
                 "an architecture from sm_80 to sm_121a");
}

TEST(Environment, CountsMultiprocessors) {
  EXPECT_TAKEN("MOEC_EMULATED_SMS", "1");
  EXPECT_REFUSED("MOEC_EMULATED_SMS", "0", "a number of multiprocessors");
  EXPECT_REFUSED("MOEC_EMULATED_SMS", "1025", "a number of multiprocessors");
  EXPECT_REFUSED("MOEC_EMULATED_SMS", "4x", "a number of multiprocessors");
}

TEST(Environment, OrdersWarps) {
  EXPECT_TAKEN("MOEC_EMULATED_ORDER", "random:18446744073709551615");
  EXPECT_TAKEN("MOEC_EMULATED_ORDER", "starve:31");
  EXPECT_REFUSED("MOEC_EMULATED_ORDER", "random", "forward, reverse");
  EXPECT_REFUSED("MOEC_EMULATED_ORDER", "starve:32", "forward, reverse");
  EXPECT_REFUSED("MOEC_EMULATED_ORDER", "forward:1", "forward, reverse");
}

TEST(Environment, CompletesLazilyByKind) {
  EXPECT_TAKEN("MOEC_EMULATED_ASYNC", "copies=lazy,mma=eager");
  EXPECT_REFUSED("MOEC_EMULATED_ASYNC", "copies", "eager, lazy, or a list");
  EXPECT_REFUSED("MOEC_EMULATED_ASYNC", "mma=later", "eager, lazy, or a list");
}

TEST(Environment, ChoosesChecks) {
  EXPECT_TAKEN("MOEC_EMULATED_CHECK", "all");
  EXPECT_TAKEN("MOEC_EMULATED_CHECK", "races,waits");
  EXPECT_REFUSED("MOEC_EMULATED_CHECK", "speed", "all, none, or a list of");
}

namespace {

/// Launches one block of a kernel with a profile on stderr.
[[noreturn]] void profileTo(const char *target) {
  setenv("MOEC_EMULATED_PROFILE", target, 1);
  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr memory = 0;
  const std::string text = readTestFile("DriverKernels.ptx");
  bool passed =
      CU(cuInit)(0) == CUDA_SUCCESS &&
      CU(cuDevicePrimaryCtxRetain)(&context, 0) == CUDA_SUCCESS &&
      CU(cuCtxSetCurrent)(context) == CUDA_SUCCESS &&
      CU(cuModuleLoadData)(&module, text.c_str()) == CUDA_SUCCESS &&
      CU(cuModuleGetFunction)(&function, module, "fold") == CUDA_SUCCESS &&
      CU(cuMemAlloc_v2)(&memory, 128) == CUDA_SUCCESS;
  unsigned factor = 3, addend = 4;
  void *parameters[] = {&memory, &factor, &addend};
  passed = passed &&
           CU(cuLaunchKernel)(function, 1, 1, 1, 32, 1, 1, 0, nullptr,
                              parameters, nullptr) == CUDA_SUCCESS &&
           CU(cuCtxSynchronize)() == CUDA_SUCCESS;
  std::_Exit(passed ? 0 : 1);
}

/// Puts work as another library does into a stream, with a profile on stderr.
[[noreturn]] void profileLibrary() {
  setenv("MOEC_EMULATED_PROFILE", "-", 1);
  CUcontext context = nullptr;
  void *found = nullptr;
  bool passed =
      CU(cuInit)(0) == CUDA_SUCCESS &&
      CU(cuDevicePrimaryCtxRetain)(&context, 0) == CUDA_SUCCESS &&
      CU(cuCtxSetCurrent)(context) == CUDA_SUCCESS &&
      CU(cuGetProcAddress_v2)("cuEmulatedEnqueue", &found, driverVersion, 0,
                              nullptr) == CUDA_SUCCESS;
  const ExtensionWork work = {nullptr,
                              [](void *) { return CUDA_SUCCESS; },
                              [](void *) {},
                              "libraryProduct",
                              48,
                              16};
  passed = passed &&
           reinterpret_cast<decltype(&cuEmulatedEnqueue)>(found)(
               nullptr, &work) == CUDA_SUCCESS &&
           CU(cuCtxSynchronize)() == CUDA_SUCCESS;
  std::_Exit(passed ? 0 : 1);
}

} // namespace

TEST(Environment, Profiles) {
  EXPECT_EXIT(profileLibrary(), testing::ExitedWithCode(0),
              "\"kernel\":\"libraryProduct\",\"library\":true.*"
              "\"read_bytes\":48,\"written_bytes\":16,");
  EXPECT_REFUSED("MOEC_EMULATED_PROFILE", "lines:", "a file, - for stderr");
  EXPECT_EXIT(initWith("MOEC_EMULATED_PROFILE", "/nowhere/profile",
                       CUDA_ERROR_INVALID_VALUE),
              testing::ExitedWithCode(0),
              "MOEC_EMULATED_PROFILE: cannot write /nowhere/profile: No such");
  EXPECT_EXIT(profileTo("-"), testing::ExitedWithCode(0),
              "\"launch\":1,\"kernel\":\"fold\".*\"written_bytes\":4,");
  EXPECT_EXIT(profileTo("lines:-"), testing::ExitedWithCode(0),
              "\"lines\":.*\"instruction\":\"st.global");
  // What takes no more is complained of, and launches go on.
  EXPECT_EXIT(profileTo("/dev/full"), testing::ExitedWithCode(0),
              "cannot write /dev/full: No space left on device");
}
