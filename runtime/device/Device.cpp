//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/Device.h"

#include <algorithm>

using namespace moert;

namespace {

class NoDevice final : public Device {
public:
  const std::string &name() const override { return label; }
  const std::string &description() const override { return label; }
  int64_t cacheBytes() const override { return 0; }
  bool usesThreads() const override { return false; }
  Status createExecution(const PageTable &, ThreadPool &,
                         std::unique_ptr<Execution> &) const override {
    return {MOERT_INVALID, "the model was opened on no device"};
  }

private:
  std::string label = "none";
};

} // namespace

Status moert::createNoDevice(std::unique_ptr<Device> &device) {
  device = std::make_unique<NoDevice>();
  return {};
}

int64_t DeviceModel::maxTokens() const {
  int64_t most = 1;
  for (const format::Program *program : programs)
    most = std::max<int64_t>(most, program->max_tokens());
  return most;
}

uint64_t DeviceModel::arenaBytes() const {
  uint64_t most = 0;
  for (const format::Program *program : programs)
    most = std::max<uint64_t>(most, program->arena_bytes());
  return most;
}
