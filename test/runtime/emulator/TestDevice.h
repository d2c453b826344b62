//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A small device for tests: loads PTX, holds arrays, launches kernels.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_TESTDEVICE_H
#define TEST_RUNTIME_EMULATOR_TESTDEVICE_H

#include "runtime/emulator/machine/Launch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace emulator {

/// The text of a file beside the tests.
inline std::string readTestFile(const std::string &name) {
  std::ifstream file(std::string(EMULATOR_TEST_FOLDER) + "/" + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class TestDevice {
public:
  explicit TestDevice(const std::string &arch = "sm_90a") {
    EXPECT_TRUE(Profile::parse(arch, request.profile));
  }

  LoadResult load(const std::string &ptx) {
    LoadResult result =
        Program::load(ptx, "test.ptx", request.profile, memory);
    EXPECT_EQ(result.status, LoadStatus::Loaded) << result.message;
    request.program = result.program;
    return result;
  }

  /// A device array with these elements.
  template <class T> uint64_t array(const std::vector<T> &values) {
    uint64_t address = memory.allocate(values.size() * sizeof(T));
    EXPECT_TRUE(
        memory.write(address, values.data(), values.size() * sizeof(T)));
    return address;
  }
  template <class T> std::vector<T> fetch(uint64_t address, size_t count) {
    std::vector<T> values(count);
    EXPECT_TRUE(memory.read(values.data(), address, count * sizeof(T)));
    return values;
  }

  /// Launches with `parameters`, each of its own size.
  template <class... P>
  LaunchResult launch(const std::string &kernel, Dim3 grid, Dim3 block,
                      P... parameters) {
    request.kernel = request.program->kernel(kernel);
    if (!request.kernel) {
      ADD_FAILURE() << "no kernel " << kernel;
      return {};
    }
    request.grid = grid;
    request.block = block;
    request.parameters.assign(request.kernel->parameterBytes, std::byte(0));
    size_t next = 0;
    (put(next++, &parameters, sizeof parameters), ...);
    EXPECT_EQ(next, request.kernel->parameters.size());
    return emulator::launch(memory, request);
  }
  /// The same, and expects it to end well.
  template <class... P>
  LaunchResult run(const std::string &kernel, Dim3 grid, Dim3 block,
                   P... parameters) {
    LaunchResult result = launch(kernel, grid, block, parameters...);
    EXPECT_EQ(result.status, LaunchStatus::Done)
        << result.message << result.fault.render();
    return result;
  }

  DeviceMemory memory;
  LaunchRequest request;

private:
  void put(size_t n, const void *value, size_t bytes) {
    ASSERT_LT(n, request.kernel->parameters.size());
    const Parameter &parameter = request.kernel->parameters[n];
    ASSERT_EQ(parameter.bytes, bytes) << parameter.name;
    std::memcpy(request.parameters.data() + parameter.offset, value, bytes);
  }
};

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_TESTDEVICE_H
