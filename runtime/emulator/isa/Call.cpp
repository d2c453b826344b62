//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.12.5: call.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Call.h"

#include "runtime/emulator/isa/Allocation.h"
#include "runtime/emulator/isa/Names.h"
#include "runtime/emulator/machine/Grid.h"

#include <cstring>

namespace emulator {
namespace {

std::byte *place(Warp &warp, const Frame &frame, const Cell &cell,
                 unsigned lane) {
  if (cell.slot == noSlot)
    return warp.localMemory(lane) + frame.local + cell.offset;
  std::byte *base = nullptr;
  switch (static_cast<Bank>(cell.slot.bank())) {
  case Bank::Registers:
    base = frame.registers;
    break;
  case Bank::Constants:
    base = const_cast<std::byte *>(frame.function->constantPool);
    break;
  case Bank::Specials:
    base = warp.specials();
    break;
  }
  return base + cell.slot.offset() + size_t(lane) * cell.bytes;
}

Cell cellOf(const Parameter &parameter) {
  return {parameter.slot, parameter.offset, parameter.bytes};
}

/// Enters `callee` with the arguments of a call.
Outcome enter(Warp &warp, const Instruction &i, Mask lanes,
              const Function &callee) {
  const auto &call = i.detailAs<Call>();
  bool fits = callee.parameters.size() == call.arguments.size() &&
              callee.results.size() == call.results.size();
  if (!fits)
    return warp.fault(FaultKind::Undefined,
                      "function " + callee.name +
                          " has other parameters than the call",
                      lanes);
  if (!callee.defined) {
    if (Handler system = systemFunction(callee.name, call.arguments.size()))
      return system(warp, i, lanes);
    return warp.fault(FaultKind::IllegalInstruction,
                      "function " + callee.name + " is defined nowhere", lanes);
  }
  const Frame &caller = warp.frame();
  Frame *frame = warp.call(lanes, callee, i);
  if (!frame)
    return Outcome::Fault;
  for (size_t n = 0; n < call.arguments.size(); ++n)
    copyCell(warp, caller, call.arguments[n], *frame,
             cellOf(callee.parameters[n]), lanes);
  return Outcome::Jump;
}

Outcome callDirectly(Warp &warp, const Instruction &i, Mask lanes) {
  return enter(warp, i, lanes, *i.detailAs<Call>().callee);
}

/// Calls what the first lane's pointer names; lanes with another stay behind.
Outcome callIndirectly(Warp &warp, const Instruction &i, Mask lanes) {
  const auto *pointer = warp.lanes<uint64_t>(i.detailAs<Call>().pointer);
  uint64_t address = pointer[__builtin_ctz(lanes)];
  Mask same = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && pointer[lane] == address)
      same |= Mask(1) << lane;
  const Function *callee = warp.frame().function->program->functionAt(address);
  if (!callee || callee->kernel)
    return warp.fault(FaultKind::IllegalAddress,
                      "call of an address that is no function's", same,
                      address);
  if (Mask rest = lanes & ~same)
    warp.stay(rest);
  return enter(warp, i, same, *callee);
}

/// The cell of a name, a register or a constant in the lists of a call.
Cell cellOfOperand(Selection &s, const ptx::Operand &operand, Type type) {
  Cell cell;
  Name name =
      operand.kind == ptx::Operand::Kind::Name ? s.find(operand.name) : Name{};
  if (name.kind == Name::Kind::Variable && name.space == ptx::Space::Local &&
      type == Type::None) {
    cell.offset = static_cast<uint32_t>(name.variable.address);
    cell.bytes = static_cast<uint32_t>(name.variable.syntax->bytes());
    return cell;
  }
  unsigned width = 0;
  cell.slot = s.valueSlot(operand, type, width);
  cell.bytes = std::max(2u, width / 8);
  return cell;
}

void cellsOf(Selection &s, const ptx::Operand *list, std::vector<Cell> &to) {
  if (!list)
    return;
  for (const ptx::Operand &operand : list->elements)
    to.push_back(cellOfOperand(s, operand, Type::None));
}

} // namespace

void copyCell(Warp &warp, const Frame &from, const Cell &source,
              const Frame &to, const Cell &target, Mask lanes) {
  size_t bytes = std::min(source.bytes, target.bytes);
  for (Mask left = lanes; left; left &= left - 1) {
    auto lane = static_cast<unsigned>(__builtin_ctz(left));
    std::memcpy(place(warp, to, target, lane), place(warp, from, source, lane),
                bytes);
  }
}

uint64_t readCell(Warp &warp, const Frame &frame, const Cell &cell,
                  unsigned lane) {
  uint64_t value = 0;
  std::memcpy(&value, place(warp, frame, cell, lane),
              std::min<size_t>(cell.bytes, sizeof value));
  return value;
}

void writeCell(Warp &warp, const Frame &frame, const Cell &cell, unsigned lane,
               uint64_t value) {
  std::memcpy(place(warp, frame, cell, lane), &value,
              std::min<size_t>(cell.bytes, sizeof value));
}

void copyResults(Warp &warp, Mask lanes) {
  const Frame &frame = warp.frame();
  if (!frame.call)
    return;
  const auto &call = frame.call->detailAs<Call>();
  for (size_t n = 0; n < call.results.size(); ++n)
    copyCell(warp, frame, cellOf(frame.function->results[n]), *frame.caller,
             call.results[n], lanes);
}

/// `call (results), function, (arguments), prototype`, where all but the
/// function may be left out.
Handler selectCall(Selection &s) {
  using Kind = ptx::Operand::Kind;
  std::vector<const ptx::Operand *> operands;
  for (const char *name : {"a", "b", "c", "d"})
    if (const ptx::Operand *operand = s.syntax(name))
      operands.push_back(operand);
  const ptx::Operand *results = nullptr, *arguments = nullptr;
  size_t at = 0;
  if (operands[at]->kind == Kind::List)
    results = operands[at++];
  if (at == operands.size() || operands[at]->kind != Kind::Name)
    s.refuse("the function is missing");
  const ptx::Operand &target = *operands[at++];
  if (at < operands.size() && operands[at]->kind == Kind::List)
    arguments = operands[at++];
  Call &call = s.detail(Call{});
  cellsOf(s, results, call.results);
  cellsOf(s, arguments, call.arguments);
  Name name = s.find(target.name);
  if (name.kind == Name::Kind::Function) {
    call.callee = name.callable.function;
    if (call.callee->parameters.size() != call.arguments.size() ||
        call.callee->results.size() != call.results.size())
      s.refuse("function " + target.name + " has " +
               std::to_string(call.callee->parameters.size()) +
               " parameters and " +
               std::to_string(call.callee->results.size()) + " results");
    if (!call.callee->defined && call.callee->kernel)
      s.refuse("kernel " + target.name + " is not defined");
    return callDirectly;
  }
  unsigned width = 0;
  call.pointer = s.valueSlot(target, Type::B64, width);
  if (at >= operands.size() ||
      (s.find(operands[at]->name).kind != Name::Kind::Prototype &&
       s.find(operands[at]->name).kind != Name::Kind::Targets))
    s.refuse("a call through a register needs a prototype");
  return callIndirectly;
}

} // namespace emulator
