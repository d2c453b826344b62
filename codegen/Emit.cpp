//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Integers, control flow, memory and functions; see EmitNumbers.cpp for the
/// rest.
///
//===----------------------------------------------------------------------===//

#include "codegen/Emit.h"

#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstddef>

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

Value Emit::i64(int64_t v) {
  return arith::ConstantOp::create(*this, getI64IntegerAttr(v));
}
Value Emit::add(Value a, Value b) { return arith::AddIOp::create(*this, a, b); }
Value Emit::add(Value a, int64_t b) { return b ? add(a, i64(b)) : a; }
Value Emit::sub(Value a, Value b) { return arith::SubIOp::create(*this, a, b); }
Value Emit::mul(Value a, Value b) { return arith::MulIOp::create(*this, a, b); }
Value Emit::mul(Value a, int64_t b) { return b == 1 ? a : mul(a, i64(b)); }
Value Emit::div(Value a, Value b) {
  return arith::DivUIOp::create(*this, a, b);
}
Value Emit::div(Value a, int64_t b) { return b == 1 ? a : div(a, i64(b)); }
Value Emit::rem(Value a, Value b) {
  return arith::RemUIOp::create(*this, a, b);
}
Value Emit::rem(Value a, int64_t b) { return rem(a, i64(b)); }
Value Emit::ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
Value Emit::min(Value a, Value b) {
  return arith::MinSIOp::create(*this, a, b);
}
Value Emit::max(Value a, Value b) {
  return arith::MaxSIOp::create(*this, a, b);
}
Value Emit::less(Value a, Value b) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::slt, a, b);
}
Value Emit::equal(Value a, Value b) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, a, b);
}
Value Emit::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}
Value Emit::extend(Value v) {
  return arith::ExtSIOp::create(*this, getI64Type(), v);
}
Value Emit::truncate(Value v) {
  return arith::TruncIOp::create(*this, getI32Type(), v);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void Emit::loop(Value from, Value to, int64_t step,
                llvm::function_ref<void(Value)> body) {
  auto forOp = scf::ForOp::create(*this, from, to, i64(step));
  InsertionGuard guard(*this);
  setInsertionPointToStart(forOp.getBody());
  body(forOp.getInductionVar());
}

SmallVector<Value>
Emit::loop(Value from, Value to, int64_t step, ValueRange init,
           llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  if (init.empty()) {
    loop(from, to, step, [&](Value i) { body(i, {}); });
    return {};
  }
  auto forOp = scf::ForOp::create(*this, from, to, i64(step), init);
  InsertionGuard guard(*this);
  setInsertionPointToStart(forOp.getBody());
  SmallVector<Value> next =
      body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  scf::YieldOp::create(*this, next);
  return SmallVector<Value>(forOp.getResults());
}

void Emit::branch(Value condition, Body then, Body otherwise) {
  bool hasElse = static_cast<bool>(otherwise);
  auto ifOp = scf::IfOp::create(*this, condition, hasElse);
  InsertionGuard guard(*this);
  setInsertionPointToStart(ifOp.thenBlock());
  then();
  if (!hasElse)
    return;
  setInsertionPointToStart(ifOp.elseBlock());
  otherwise();
}

SmallVector<Value>
Emit::branch(Value condition, TypeRange types,
             llvm::function_ref<SmallVector<Value>()> then,
             llvm::function_ref<SmallVector<Value>()> otherwise) {
  auto ifOp = scf::IfOp::create(*this, types, condition, /*addThenBlock=*/true,
                                /*addElseBlock=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToStart(ifOp.thenBlock());
  scf::YieldOp::create(*this, then());
  setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(*this, otherwise());
  return SmallVector<Value>(ifOp.getResults());
}

void Emit::dispatch(Value v, int64_t from, int64_t to,
                    llvm::function_ref<void(int64_t)> body) {
  SmallVector<int64_t> cases;
  for (int64_t c = from; c < to; ++c)
    cases.push_back(c);
  Value index = arith::IndexCastOp::create(*this, getIndexType(), v);
  auto op = scf::IndexSwitchOp::create(*this, TypeRange(), index, cases,
                                       cases.size());
  InsertionGuard guard(*this);
  for (int64_t c = from; c <= to; ++c) {
    Region &region =
        c == to ? op.getDefaultRegion() : op.getCaseRegions()[c - from];
    setInsertionPointToStart(&region.emplaceBlock());
    body(c);
    scf::YieldOp::create(*this);
  }
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Type Emit::pointer() { return LLVM::LLVMPointerType::get(getContext()); }

Value Emit::at(Value base, Type element, Value index) {
  return LLVM::GEPOp::create(*this, pointer(), element, base,
                             ArrayRef<LLVM::GEPArg>{index},
                             LLVM::GEPNoWrapFlags::inbounds);
}

/// The alignment that is sure: that of one element.
static unsigned elementAlignment(Type type) {
  Type element = getElementTypeOrSelf(type);
  return isa<LLVM::LLVMPointerType>(element)
             ? 8
             : std::max(1u, element.getIntOrFloatBitWidth() / 8);
}

Value Emit::load(Type type, Value address) {
  return LLVM::LoadOp::create(*this, type, address, elementAlignment(type));
}

void Emit::store(Value v, Value address) {
  LLVM::StoreOp::create(*this, v, address, elementAlignment(v.getType()));
}

void Emit::prefetch(Value address, int32_t locality) {
  LLVM::Prefetch::create(*this, address, /*rw=*/0, locality, /*cache=*/1);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

static ModuleOp enclosingModule(Emit &emit) {
  Operation *parent = emit.getInsertionBlock()->getParentOp();
  auto module = dyn_cast<ModuleOp>(parent);
  return module ? module : parent->getParentOfType<ModuleOp>();
}

void Emit::function(StringRef name, bool exported, TypeRange arguments,
                    llvm::function_ref<void(ValueRange)> body) {
  InsertionGuard guard(*this);
  setInsertionPointToEnd(enclosingModule(*this).getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(getContext()),
                                          SmallVector<Type>(arguments));
  auto linkage = exported ? LLVM::Linkage::External : LLVM::Linkage::Internal;
  auto function = LLVM::LLVMFuncOp::create(*this, name, type, linkage);
  // A tile is one register allocation problem: keep it one function.
  if (!exported)
    function.setPassthroughAttr(getStrArrayAttr({"noinline"}));
  Block *block = function.addEntryBlock(*this);
  setInsertionPointToStart(block);
  body(block->getArguments());
  LLVM::ReturnOp::create(*this, ValueRange());
}

bool Emit::hasFunction(StringRef name) {
  return SymbolTable::lookupSymbolIn(enclosingModule(*this), name) != nullptr;
}

void Emit::call(StringRef name, ValueRange arguments) {
  LLVM::CallOp::create(*this, TypeRange(), name, arguments);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Address of the field at a byte offset.
static Value field(Emit &emit, Value base, size_t offset) {
  return emit.at(base, emit.getI8Type(), emit.i64(offset));
}

Value KernelArguments::pointer(Emit &emit, int64_t i) const {
  Value list = emit.load(
      emit.pointer(), field(emit, launch, offsetof(moert_launch, arguments)));
  return emit.load(emit.pointer(), field(emit, list, i * sizeof(void *)));
}

Value KernelArguments::rows(Emit &emit) const {
  return emit.load(emit.getI64Type(),
                   field(emit, launch, offsetof(moert_launch, rows)));
}

void KernelArguments::fail(Emit &emit, int32_t status) const {
  Value address = emit.load(
      emit.pointer(), field(emit, launch, offsetof(moert_launch, status)));
  Value code = arith::ConstantOp::create(emit, emit.getI32IntegerAttr(status));
  // Several threads may fail at once.
  LLVM::StoreOp::create(emit, code, address, /*alignment=*/4,
                        /*isVolatile=*/false, /*isNonTemporal=*/false,
                        /*isInvariantGroup=*/false,
                        LLVM::AtomicOrdering::monotonic);
}

static Value finishedCounter(Emit &emit, Value launch) {
  return emit.load(emit.pointer(),
                   field(emit, launch, offsetof(moert_launch, finished)));
}

Value KernelArguments::addFinished(Emit &emit, Value count) const {
  return LLVM::AtomicRMWOp::create(emit, LLVM::AtomicBinOp::add,
                                   finishedCounter(emit, launch), count,
                                   LLVM::AtomicOrdering::acq_rel);
}

Value KernelArguments::finish(Emit &emit, Value tasks) const {
  Value count = emit.sub(end, begin);
  return emit.equal(emit.add(addFinished(emit, count), count), tasks);
}

void KernelArguments::awaitFinished(Emit &emit, Value count) const {
  Value await = emit.load(emit.pointer(),
                          field(emit, launch, offsetof(moert_launch, await)));
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(emit.getContext()),
                                  {emit.pointer(), emit.getI64Type()});
  LLVM::CallOp::create(emit, type,
                       ValueRange{await, finishedCounter(emit, launch), count});
}

void moec::emitKernel(Emit &emit, StringRef name,
                      llvm::function_ref<void(KernelArguments)> body) {
  Type pointer = emit.pointer(), i64 = emit.getI64Type();
  emit.function(name, /*exported=*/true, {pointer, i64, i64, pointer},
                [&](ValueRange a) {
                  body({a[0], a[1], a[2], a[3]});
                });
}
