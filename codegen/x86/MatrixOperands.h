//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How the operands of a matrix product get from memory into the registers that
/// the multiplication takes. The main loop knows no element type: another
/// encoding of weights is another decoder.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXOPERANDS_H
#define CODEGEN_X86_MATRIXOPERANDS_H

#include "codegen/Emit.h"
#include "codegen/Target.h"

#include <memory>
#include <string>

namespace moec {

/// Rows of weights in a panel, `width` of `#exec.panels`.
constexpr int64_t panelWidth = 32;
/// Bytes of one row of packed activations at one step of K.
constexpr int64_t packedStepBytes = 4;

/// A vector register's worth of an operand at one step of K: one vector of bf16
/// pairs where the machine multiplies those, else one f32 vector for each k of
/// the step.
using Fragment = llvm::SmallVector<mlir::Value, 2>;

/// The layouts pad K to a multiple of so many steps: their depth is this times
/// the unit.
constexpr int64_t depthSteps = 4;

/// Loads the operands of one product. A *step* is the k that fill 32 bits of
/// activations: two of bf16, one of f32.
class OperandDecoder {
public:
  explicit OperandDecoder(int64_t lanes) : laneCount(lanes) {}
  virtual ~OperandDecoder() = default;

  /// Names the code: decoders of one name emit the same.
  virtual std::string name() const = 0;
  /// k in a step.
  virtual int64_t unit() const = 0;
  /// Bytes of one weight row of a panel at one step.
  virtual int64_t weightBytes() const = 0;
  /// The weights of `lanes` rows of a panel at one step, from their address.
  virtual Fragment weights(Emit &emit, mlir::Value address) const = 0;
  /// Bytes of one row of activations at one step.
  virtual int64_t activationBytes() const { return packedStepBytes; }
  /// An activation of one row at one step, in every lane.
  virtual Fragment activation(Emit &emit, mlir::Value address) const = 0;

  /// A decoder of prepared activations, or null if preparing them gains
  /// nothing: worth it where a slab of activations meets many panels.
  virtual const OperandDecoder *prepared() const { return nullptr; }
  /// Prepares the packed activations of `count` rows and steps, a multiple of
  /// depthSteps; `to` holds count * prepared()->activationBytes().
  virtual void prepare(Emit &emit, mlir::Value from, mlir::Value to,
                       mlir::Value count) const {}

  /// f32 sums in a vector.
  int64_t lanes() const { return laneCount; }

private:
  int64_t laneCount;
};

/// The decoder for weights of an element type: bf16, f16 or f32.
std::unique_ptr<OperandDecoder> makeOperandDecoder(mlir::Type element,
                                                   const Target &target);

/// sum + weights * activation over the k of the step, the last k first: the
/// order of VDPBF16PS, which is fma(even, fma(odd, sum)).
mlir::Value multiplyAdd(Emit &emit, mlir::Value sum, const Fragment &weights,
                        const Fragment &activation);

} // namespace moec

#endif // CODEGEN_X86_MATRIXOPERANDS_H
