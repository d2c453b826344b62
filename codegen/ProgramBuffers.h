//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The buffers that stand for the values of @step in an exec.program.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_PROGRAMBUFFERS_H
#define CODEGEN_PROGRAMBUFFERS_H

#include "codegen/StepFunction.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace moec {

/// The parameter that a value is, as it was read or packed; null if the value
/// is computed in the step.
moe::ReadParameterOp findWeight(mlir::Value value);

/// The stored forms of parameters, which the programs of a module share.
class StoredTensors {
public:
  StoredTensors(StepFunction first, mlir::SymbolTable &symbols)
      : first(first), symbols(symbols) {}

  /// The exec.tensor for a weight as an operation reads it: the one there is,
  /// or a new one before the first step.
  exec::TensorOp get(mlir::Value value, moe::ReadParameterOp read);

private:
  StepFunction first;
  mlir::SymbolTable &symbols;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Type>, exec::TensorOp>
      tensors;
};

/// Makes operations that name buffers where `program` stands, one for each
/// value.
class ProgramBuffers {
public:
  ProgramBuffers(StepFunction step, StoredTensors &tensors,
                 mlir::OpBuilder &program)
      : step(step), tensors(tensors), program(program) {}

  /// What `user` reads an operand from.
  mlir::Value read(mlir::Value value, mlir::Operation *user);
  /// What a launch of `rows` rows writes a result to.
  mlir::Value write(mlir::OpResult result, exec::ExtentAttr rows);

private:
  mlir::Value makeInput(mlir::Value argument);
  mlir::Value makeResult(mlir::OpResult result);
  mlir::Value makeWeight(mlir::Value value, moe::ReadParameterOp read);
  mlir::Value cacheOf(mlir::Operation *user);

  StepFunction step;
  StoredTensors &tensors;
  mlir::OpBuilder &program;
  mlir::Type bufferType = exec::BufferType::get(program.getContext());
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  llvm::DenseMap<int64_t, mlir::Value> caches;            ///< by layer
  llvm::DenseMap<mlir::Operation *, mlir::Value> weights; ///< by tensor
};

} // namespace moec

#endif // CODEGEN_PROGRAMBUFFERS_H
