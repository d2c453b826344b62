//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Reads what the oracle needs of a checkpoint folder, without the checks that
/// the compiler makes: the files are the suite's own.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_REFERENCE_CHECKPOINT_H
#define TEST_REFERENCE_CHECKPOINT_H

#include "test/reference/Model.h"

#include <map>

namespace reference {

struct Tensor {
  std::vector<size_t> shape;
  std::vector<double> values;
};

/// All tensors of a folder, by their published names, widened to double.
std::map<std::string, Tensor> readTensors(const std::string &folder);

Config readConfig(const std::string &folder);

} // namespace reference

#endif // TEST_REFERENCE_CHECKPOINT_H
