//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The verifier of exec.launch: arguments against what the kernel has there.
//
//===----------------------------------------------------------------------===//

#include "dialects/Exec/Exec.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;
using namespace moec::exec;

namespace {

/// Whether a buffer is what a kernel's argument of some type may point to.
class BufferMatcher {
public:
  BufferMatcher(LaunchOp launch, SymbolTableCollection &symbols)
      : launch(launch), symbols(symbols) {}

  bool matches(Value buffer, Type type) {
    return llvm::TypeSwitch<Operation *, bool>(buffer.getDefiningOp())
        .Case([&](WeightOp weight) { return matchesWeight(weight, type); })
        .Case([&](AllocOp alloc) { return matchesAlloc(alloc, type); })
        .Case([&](InputOp input) { return matchesInput(input, type); })
        .Case([&](CacheOp) { return isa<decoder::KVCacheType>(type); })
        .Case([&](LogitsOp) { return matchesResult(type, /*tokens=*/false); })
        .Case([&](TopOp top) {
          return matchesResult(type, top.getKind() == Top::Tokens);
        })
        .Default(false);
  }

private:
  bool matchesWeight(WeightOp weight, Type type) {
    auto tensor = symbols.lookupNearestSymbolFrom<TensorOp>(
        launch, weight.getTensorAttr());
    return tensor && tensor.getType() == type;
  }

  /// One row of `tensor<?x48xf32>` is `tensor<48xf32>`, or with the padding
  /// that the layout adds; of `tensor<?xf32>` it is `f32`.
  static Type rowOf(RankedTensorType type) {
    if (type.getRank() == 1)
      return type.getElementType();
    SmallVector<int64_t> shape(type.getShape().drop_front());
    if (auto blocks = dyn_cast_if_present<RowBlocksAttr>(type.getEncoding()))
      shape.back() = llvm::alignTo(shape.back(), blocks.getDepth());
    return RankedTensorType::get(shape, type.getElementType());
  }

  static bool matchesAlloc(AllocOp alloc, Type type) {
    if (isa<moe::PlanType>(type))
      return alloc.getRow().isInteger(32);
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() > 0 && alloc.getRow() == rowOf(tensor);
  }

  static bool matchesInput(InputOp input, Type type) {
    if (input.getKind() == Input::Batch)
      return isa<decoder::BatchType>(type);
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() == 1 &&
           tensor.getElementType().isInteger(32);
  }

  static bool matchesResult(Type type, bool tokens) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() != 2 || tensor.getEncoding())
      return false;
    Type element = tensor.getElementType();
    return tokens ? element.isInteger(32) : element.isF32();
  }

  LaunchOp launch;
  SymbolTableCollection &symbols;
};

} // namespace

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // launch_c1
  auto kernel =
      symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("expected an exec.kernel, but got ") << getKernelAttr();
  Block &body = kernel.getBody().front();
  SmallVector<Type> types(body.getArgumentTypes());
  size_t operands = types.size();
  llvm::append_range(types, body.getTerminator()->getOperandTypes());
  if (getArguments().size() != types.size())
    return emitOpError("expected ")
           << types.size() << " arguments for " << getKernelAttr()
           << ", but got " << getArguments().size();

  // launch_c3
  BufferMatcher matcher(*this, symbols);
  for (auto [index, argument, type] : llvm::enumerate(getArguments(), types)) {
    if (matcher.matches(argument, type))
      continue;
    InFlightDiagnostic error = emitOpError("expected a buffer of ")
                               << type << " as argument " << index;
    error.attachNote(argument.getLoc()) << "the buffer";
    return error;
  }

  // launch_c4
  for (Value result : getArguments().drop_front(operands))
    if (isa_and_nonnull<WeightOp, InputOp>(result.getDefiningOp()))
      return emitOpError("expected results in memory of the step, but got ")
             << result.getDefiningOp()->getName();
  return success();
}
