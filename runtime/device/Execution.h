//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a session needs of a device: memory for its steps, and their execution.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_EXECUTION_H
#define RUNTIME_DEVICE_EXECUTION_H

#include "runtime/PageTable.h"
#include "runtime/artifact/Cost.h"

#include <vector>

namespace moert {

/// Where a session says what a step works on, each int32 [max_step_tokens].
struct StepInputs {
  int32_t *tokens;    ///< [T]
  int32_t *positions; ///< [T] of each token in its sequence
  int32_t *sequences; ///< [T] row of the page table
  int32_t *rows;      ///< [R] the tokens whose logits are wanted
};

/// What a step gives, readable by the host until the next one.
struct StepResults {
  const float *logits;      ///< [R, vocabulary]
  const float *topLogits;   ///< [R, top_logits]
  const int32_t *topTokens; ///< [R, top_logits]
};

/// How a step went.
struct StepOutcome {
  Status status;       ///< of the device
  int64_t failed = -1; ///< the first launch whose kernel reported a failure
  int32_t report = MOERT_KERNEL_OK; ///< what it reported
};

/// Bytes that a session has on its device.
struct ExecutionMemory {
  int64_t arena = 0, logits = 0, scratch = 0;
};

/// The memory of one session on a device, and the programs of its model bound
/// to it. Programs are numbered as in Model::allPrograms. One thread at a time.
class Execution {
public:
  virtual ~Execution() = default;

  const StepInputs &inputs() const { return stepInputs; }
  const StepResults &results() const { return stepResults; }
  const ExecutionMemory &memory() const { return bytes; }

  /// Entries [from, to) of a row of the page table have changed.
  virtual Status pagesChanged(int64_t row, int64_t from, int64_t to) = 0;

  /// Runs a program. Where `seconds` is not null, adds to seconds[i] the time
  /// that launch i took.
  virtual StepOutcome run(size_t program, StepSize size, double *seconds) = 0;

  /// Copies memory of the device for a while: bytes read and written in a
  /// second. MOERT_UNSUPPORTED where threads of the host measure better.
  virtual Status measureMemory(double &bytesPerSecond) = 0;

protected:
  StepInputs stepInputs{};
  StepResults stepResults{};
  ExecutionMemory bytes;
};

} // namespace moert

#endif // RUNTIME_DEVICE_EXECUTION_H
