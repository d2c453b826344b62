//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A builder for the bodies of kernels: 64-bit integer arithmetic, loops and
/// memory on raw pointers, in the dialects scf, arith, math, vector and llvm.
///
/// The order of every floating-point operation is what the caller wrote: no
/// fast-math flag, no contraction, reductions as explicit trees. So the same
/// kernel gives the same bits on every instruction set (denormals aside).
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_EMIT_H
#define CODEGEN_EMIT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace moec {

class Emit : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Value = mlir::Value;
  using Body = llvm::function_ref<void()>;

  //===--- Integers: i64 unless said otherwise; division is unsigned ------===//
  Value i64(int64_t v);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b);
  Value div(Value a, Value b);
  Value div(Value a, int64_t b);
  Value rem(Value a, Value b);
  Value rem(Value a, int64_t b);
  Value ceilDiv(Value a, int64_t b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value less(Value a, Value b); ///< signed
  Value equal(Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// An i32 as i64, sign-extended.
  Value extend(Value v);
  /// An i64 as i32.
  Value truncate(Value v);

  //===--- Control flow ---------------------------------------------------===//
  /// for (i = from; i < to; i += step) body(i)
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  /// The same with values carried from iteration to iteration: body gets i and
  /// the values, and returns the next ones. Returns the last ones.
  mlir::SmallVector<Value>
  loop(Value from, Value to, int64_t step, mlir::ValueRange init,
       llvm::function_ref<mlir::SmallVector<Value>(Value, mlir::ValueRange)>
           body);
  /// if (condition) then() else otherwise()
  void branch(Value condition, Body then, Body otherwise = nullptr);
  /// The same, with results of the types given; both sides return them.
  mlir::SmallVector<Value>
  branch(Value condition, mlir::TypeRange types,
         llvm::function_ref<mlir::SmallVector<Value>()> then,
         llvm::function_ref<mlir::SmallVector<Value>()> otherwise);
  /// One case for each value in [from, to]; the last is also the default.
  void dispatch(Value v, int64_t from, int64_t to,
                llvm::function_ref<void(int64_t)> body);

  //===--- Memory ---------------------------------------------------------===//
  mlir::Type pointer();
  /// base + index * sizeof(element); element f32, bf16, f16, i32, i64.
  Value at(Value base, mlir::Type element, Value index);
  /// Loads a scalar or a vector, assuming the alignment of one element.
  Value load(mlir::Type type, Value address);
  void store(Value v, Value address);
  /// Brings a cache line near: locality 3 = L1, 2 = L2.
  void prefetch(Value address, int32_t locality);

  //===--- Numbers: scalars and vectors -----------------------------------===//
  mlir::VectorType vector(int64_t lanes, mlir::Type element);
  /// A floating-point constant of the type, splat if it is a vector.
  Value number(mlir::Type type, double v);
  Value splat(Value scalar, int64_t lanes);
  Value addF(Value a, Value b);
  Value subF(Value a, Value b);
  Value mulF(Value a, Value b);
  Value divF(Value a, Value b);
  /// a > b ? a : b; so b if one of them is NaN.
  Value maxF(Value a, Value b);
  /// a * b + c, rounded once.
  Value fma(Value a, Value b, Value c);
  /// exp, accurate to 2 units in the last place; vectors or scalars of f32.
  Value exp(Value v);
  Value sqrt(Value v);
  /// f32, f16 or bf16 elements as f32: exact.
  Value widen(Value v);
  /// f32 as f32, f16 or bf16, to nearest, ties to even, on every target alike.
  Value round(Value v, mlir::Type element);
  /// Sum and maximum of a vector's lanes, as a balanced tree: lane i with lane
  /// i + half, then again. The number of lanes is a power of two.
  Value sumLanes(Value v);
  Value maxLanes(Value v);

  //===--- Functions ------------------------------------------------------===//
  /// Defines a function in the module of this builder; body gets its
  /// arguments. An internal one is not exported and never inlined.
  void function(llvm::StringRef name, bool exported, mlir::TypeRange arguments,
                llvm::function_ref<void(mlir::ValueRange)> body);
  /// Whether the module has a function of this name.
  bool hasFunction(llvm::StringRef name);
  void call(llvm::StringRef name, mlir::ValueRange arguments);

private:
  Value tree(Value v, llvm::function_ref<Value(Value, Value)> combine);
};

/// The parts of a kernel's signature, moert_kernel of runtime/abi/Kernel.h.
struct KernelArguments {
  mlir::Value launch, begin, end, scratch;

  /// Pointer to the i-th operand or result.
  mlir::Value pointer(Emit &emit, int64_t i) const;
  mlir::Value rows(Emit &emit) const;
  /// Reports a moert_kernel_status.
  void fail(Emit &emit, int32_t status) const;
  /// Counts the tasks of this range as finished. Returns (i1) whether it was
  /// the last of `tasks` to finish: then it sees what all others have written.
  mlir::Value finish(Emit &emit, mlir::Value tasks) const;
  /// Counts `count` tasks as finished; returns how many were before.
  mlir::Value addFinished(Emit &emit, mlir::Value count) const;
  /// Waits until `count` tasks are finished, and sees what they have written.
  void awaitFinished(Emit &emit, mlir::Value count) const;
};

/// Defines the exported function of a kernel.
void emitKernel(Emit &emit, llvm::StringRef name,
                llvm::function_ref<void(KernelArguments)> body);

} // namespace moec

#endif // CODEGEN_EMIT_H
