//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What runs a model: a CPU, or a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_DEVICE_H
#define RUNTIME_DEVICE_DEVICE_H

#include "runtime/device/Execution.h"

#include <memory>
#include <string>

namespace moert {
class Artifact;
class ThreadPool;

/// The programs of a target, those of entry "step" before those of "top".
using ProgramTables = std::vector<const format::Program *>;

/// What all parts of a device are made from; it outlives them.
struct DeviceModel {
  const Artifact *artifact;
  const format::Target *target;
  ProgramTables programs;

  /// Tokens of the largest step.
  int64_t maxTokens() const;
  /// Bytes of the largest arena.
  uint64_t arenaBytes() const;
};

/// The code and the weights of a model where they are run. Shared by sessions,
/// and read-only.
class Device {
public:
  virtual ~Device() = default;

  /// As the user names it: "cpu", "cuda:0", "emulated:sm_90a".
  virtual const std::string &name() const = 0;
  /// What it is, for people: "NVIDIA H100 80GB HBM3".
  virtual const std::string &description() const = 0;
  /// Bytes that the KV cache of a session may take if nobody says more.
  virtual int64_t cacheBytes() const = 0;
  /// Whether steps run on the threads of the session's pool.
  virtual bool usesThreads() const = 0;

  /// `pages` and `pool` outlive the execution.
  virtual Status
  createExecution(const PageTable &pages, ThreadPool &pool,
                  std::unique_ptr<Execution> &execution) const = 0;
};

/// The CPU that runs this program, with weights in huge pages or as they are
/// mapped.
Status createCpuDevice(const DeviceModel &model, bool usesHugePages,
                       std::unique_ptr<Device> &device);

/// No device: a model has its tokenizer, and no sessions.
Status createNoDevice(std::unique_ptr<Device> &device);

} // namespace moert

#endif // RUNTIME_DEVICE_DEVICE_H
