//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuEmit.h"

#include "codegen/nvidia/StateSpace.h"
#include "runtime/abi/GpuKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstddef>

using namespace mlir;
using namespace moec;

static constexpr unsigned sharedSpace =
    static_cast<unsigned>(StateSpace::Shared);
/// Of a thread, and of a multiprocessor.
static constexpr int64_t mostRegisters = 255, allRegisters = 65536;
/// What tensor copies ask of a tile in shared memory; harmless for others.
static constexpr int64_t sharedAlignment = 1024;

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

int64_t GpuArguments::count() const {
  return static_cast<int64_t>(parameters.size()) - maps - 1;
}

Value GpuArguments::pointerTo(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return parameters[argument.getArgNumber()];
  Block &body = exec::KernelOp(kernel).getBody().front();
  auto yielded = body.getTerminator()->getOperands();
  auto place = llvm::find(yielded, value);
  assert(place != yielded.end() && "only what is yielded has an address");
  return parameters[body.getNumArguments() + (place - yielded.begin())];
}

Value GpuArguments::field(Emit &emit, Type type, size_t offset) const {
  Value address =
      emit.at(parameters.back(), emit.getI8Type(), emit.i64(offset));
  return emit.load(type, address);
}

Value GpuArguments::rows(Emit &emit) const {
  return field(emit, emit.getI64Type(), offsetof(moert_gpu_launch, rows));
}
Value GpuArguments::tasks(Emit &emit) const {
  return field(emit, emit.getI64Type(), offsetof(moert_gpu_launch, tasks));
}
Value GpuArguments::status(Emit &emit) const {
  return field(emit, emit.pointer(), offsetof(moert_gpu_launch, status));
}
Value GpuArguments::finished(Emit &emit) const {
  return field(emit, emit.pointer(), offsetof(moert_gpu_launch, finished));
}
Value GpuArguments::scratch(Emit &emit) const {
  return field(emit, emit.pointer(), offsetof(moert_gpu_launch, scratch));
}
Value GpuArguments::scratchPitch(Emit &emit) const {
  return field(emit, emit.getI64Type(),
               offsetof(moert_gpu_launch, scratch_pitch));
}

void GpuArguments::fail(Emit &emit, int32_t status) const {
  emit.store(emit.truncate(emit.i64(status)), this->status(emit));
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

/// The types of a kernel's parameters: addresses, and the launch by value.
static SmallVector<Type> parameterTypes(Emit &emit, exec::KernelOp kernel,
                                        int64_t maps) {
  Block &body = kernel.getBody().front();
  size_t count =
      body.getNumArguments() + body.getTerminator()->getNumOperands();
  return SmallVector<Type>(count + maps + 1, emit.pointer());
}

void moec::emitEntry(Emit &emit, exec::KernelOp kernel, int64_t threads,
                     llvm::function_ref<void(const GpuArguments &)> body,
                     int64_t maps) {
  OpBuilder::InsertionGuard guard(emit);
  auto module = emit.getInsertionBlock()->getParentOp();
  emit.setInsertionPointToEnd(cast<ModuleOp>(module).getBody());
  SmallVector<Type> types = parameterTypes(emit, kernel, maps);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(emit.getContext()), types);
  auto function = LLVM::LLVMFuncOp::create(emit, kernel.getSymName(), type);
  function->setAttr("nvvm.kernel", emit.getUnitAttr());
  function->setAttr("nvvm.maxntid",
                    emit.getDenseI32ArrayAttr({static_cast<int32_t>(threads)}));
  // Else ptxas spills to let more blocks run than there will be.
  if (threads * mostRegisters <= allRegisters)
    function->setAttr("nvvm.maxnreg", emit.getI32IntegerAttr(mostRegisters));
  unsigned last = types.size() - 1;
  auto bytes =
      LLVM::LLVMArrayType::get(emit.getI8Type(), sizeof(moert_gpu_launch));
  function.setArgAttr(last, "llvm.byval", TypeAttr::get(bytes));
  function.setArgAttr(last, "llvm.align", emit.getI64IntegerAttr(8));
  function.setArgAttr(last, "nvvm.grid_constant", emit.getUnitAttr());
  Block *block = function.addEntryBlock(emit);
  emit.setInsertionPointToStart(block);
  body(GpuArguments(kernel, block->getArguments(), maps));
  LLVM::ReturnOp::create(emit, ValueRange());
}

//===----------------------------------------------------------------------===//
// Threads and shared memory
//===----------------------------------------------------------------------===//

/// An index of the machine, 32 bits and not negative, as i64.
template <class Op> static Value readIndex(Emit &emit) {
  return emit.extend(Op::create(emit, emit.getI32Type()).getResult());
}

Value moec::threadIndex(Emit &emit) {
  return readIndex<NVVM::ThreadIdXOp>(emit);
}
Value moec::laneIndex(Emit &emit) {
  return emit.rem(threadIndex(emit), warpThreads);
}
Value moec::warpIndex(Emit &emit) {
  return emit.div(threadIndex(emit), warpThreads);
}
Value moec::blockIndex(Emit &emit) { return readIndex<NVVM::BlockIdXOp>(emit); }
Value moec::gridSize(Emit &emit) { return readIndex<NVVM::GridDimXOp>(emit); }

static Value allLanes(Emit &emit) {
  return LLVM::ConstantOp::create(emit, emit.getI32IntegerAttr(-1));
}

static Value shuffle(Emit &emit, Value v, Value lane, NVVM::ShflKind kind) {
  auto i32 = [&](int32_t n) -> Value {
    return LLVM::ConstantOp::create(emit, emit.getI32IntegerAttr(n));
  };
  return NVVM::ShflOp::create(emit, v.getType(), allLanes(emit), v, lane,
                              i32(warpThreads - 1), kind, UnitAttr());
}
Value moec::shuffleXor(Emit &emit, Value v, int64_t distance) {
  return shuffle(emit, v, emit.truncate(emit.i64(distance)),
                 NVVM::ShflKind::bfly);
}
Value moec::shuffleFrom(Emit &emit, Value v, Value lane) {
  return shuffle(emit, v, emit.truncate(lane), NVVM::ShflKind::idx);
}

Value moec::combineLanes(Emit &emit, Value v, int64_t from, int64_t to,
                         llvm::function_ref<Value(Value, Value)> combine) {
  bool isWide = v.getType().isInteger(64);
  for (int64_t distance = from; distance >= to; distance /= 2) {
    Value other = shuffleXor(emit, isWide ? emit.truncate(v) : v, distance);
    v = combine(v, isWide ? emit.extend(other) : other);
  }
  return v;
}
Value moec::sumOfLanes(Emit &emit, Value v, int64_t lanes) {
  return combineLanes(emit, v, lanes / 2, 1,
                      [&](Value a, Value b) { return emit.addF(a, b); });
}
Value moec::maximumOfLanes(Emit &emit, Value v) {
  return combineLanes(emit, v, warpThreads / 2, 1,
                      [&](Value a, Value b) { return emit.maxF(a, b); });
}

void moec::blockBarrier(Emit &emit) { NVVM::Barrier0Op::create(emit); }
void moec::warpBarrier(Emit &emit) {
  NVVM::SyncWarpOp::create(emit, allLanes(emit));
}

Value moec::allOfWarp(Emit &emit, Value v) {
  return NVVM::VoteSyncOp::create(emit, emit.getI1Type(), allLanes(emit), v,
                                  NVVM::VoteSyncKind::all);
}
Value moec::ballot(Emit &emit, Value v) {
  return NVVM::VoteSyncOp::create(emit, emit.getI32Type(), allLanes(emit), v,
                                  NVVM::VoteSyncKind::ballot);
}
Value moec::hiddenOnes(Emit &emit) {
  return ballot(emit, arith::ConstantOp::create(emit, emit.getBoolAttr(true)));
}
Value moec::countOnes(Emit &emit, Value v) {
  return emit.extend(math::CtPopOp::create(emit, v));
}

void moec::keepRolled(ValueRange results) {
  Operation *loop = results.front().getDefiningOp();
  MLIRContext *context = loop->getContext();
  auto unroll = LLVM::LoopUnrollAttr::get(
      context, /*disable=*/BoolAttr::get(context, true), {}, {}, {}, {}, {},
      {});
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(context, {}, {}, {}, unroll, {},
                                              {}, {}, {}, {}, {}, {}, {}, {},
                                              {}, {}));
}

/// for (i = from; i < count; i += step) body(i)
static void strided(Emit &emit, Value from, Value count, int64_t step,
                    IndexBody body) {
  auto loop = scf::ForOp::create(emit, from, count, emit.i64(step));
  OpBuilder::InsertionGuard guard(emit);
  emit.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void moec::forEachOfBlock(Emit &emit, int64_t threads, Value count,
                          IndexBody body) {
  strided(emit, threadIndex(emit), count, threads, body);
}
void moec::forEachOfLanes(Emit &emit, Value count, IndexBody body) {
  strided(emit, laneIndex(emit), count, warpThreads, body);
}
void moec::forEachOfWarps(Emit &emit, int64_t threads, Value count,
                          IndexBody body) {
  strided(emit, warpIndex(emit), count, threads / warpThreads, body);
}

/// External and of no size: memory that the launch brings. A private one would
/// become a variable of one byte.
Value moec::sharedMemory(Emit &emit, int64_t offset) {
  static constexpr llvm::StringLiteral name = "dynamic_shared";
  auto module =
      emit.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(emit);
    emit.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(emit, LLVM::LLVMArrayType::get(emit.getI8Type(), 0),
                           /*isConstant=*/false, LLVM::Linkage::External, name,
                           Attribute(), sharedAlignment, sharedSpace);
  }
  Type type = LLVM::LLVMPointerType::get(emit.getContext(), sharedSpace);
  Value base = LLVM::AddressOfOp::create(emit, type, name);
  // LLVM sees through the cast and keeps accesses in the shared space.
  Value generic = LLVM::AddrSpaceCastOp::create(emit, emit.pointer(), base);
  return emit.at(generic, emit.getI8Type(), emit.i64(offset));
}
