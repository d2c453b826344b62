//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which device runs a model, and which target of its artifact.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_DEVICECHOICE_H
#define RUNTIME_DEVICE_DEVICECHOICE_H

#include "runtime/device/CudaDriver.h"
#include "runtime/device/Device.h"

namespace moert {

/// A GPU that was found.
struct CudaChoice {
  std::shared_ptr<CudaDriver> driver;
  int ordinal = 0;
  std::string name;        ///< "cuda:0"
  std::string description; ///< "NVIDIA H100 80GB HBM3"
  int capability = 0;      ///< 90 for compute capability 9.0
  std::string cublasPath;  ///< of cuBLASLt, if the model needs it
};

struct DeviceChoice {
  const format::Target *target = nullptr;
  CudaChoice gpu;         ///< no driver: the CPU
  bool isNowhere = false; ///< "none"
  bool usesHugePages = false;

  Status create(const DeviceModel &model,
                std::unique_ptr<Device> &device) const;
};

/// Follows moert_model_options::device and ::target.
Status chooseDevice(const Artifact &artifact,
                    const moert_model_options &options, DeviceChoice &choice);

/// A GPU as a device: uploads code and weights.
Status createCudaDevice(const DeviceModel &model, const CudaChoice &choice,
                        std::unique_ptr<Device> &device);

} // namespace moert

#endif // RUNTIME_DEVICE_DEVICECHOICE_H
