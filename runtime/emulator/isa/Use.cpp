//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a selector may ask about its instruction.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Use.h"

#include <algorithm>
#include <cstring>

namespace emulator {

std::string_view Use::word(std::string_view name) const {
  int index = pattern_.classOf(name);
  int chosen = index < 0 ? -1 : match_.words[static_cast<size_t>(index)];
  if (chosen < 0)
    return {};
  return pattern_.classes()[static_cast<size_t>(index)]
      .words[static_cast<size_t>(chosen)];
}

bool Use::has(std::string_view modifier) const {
  const auto &literals = match_.literals;
  return std::find(literals.begin(), literals.end(), modifier) !=
         literals.end();
}

Type Use::type(std::string_view name) const {
  return parseType(word(name)).value_or(Type::None);
}

const Use::Bound *Use::bound(std::string_view operand) const {
  for (const Bound &bound : bound_)
    if (bound.pattern->name == operand)
      return &bound;
  return nullptr;
}

unsigned Use::count(std::string_view operand) const {
  const Bound *found = bound(operand);
  return found && found->syntax ? static_cast<unsigned>(found->slots.size()) -
                                      !found->pattern->second.empty()
                                : 0;
}

Slot Use::slot(std::string_view operand, unsigned element) const {
  if (const Bound *found = bound(operand))
    return element < found->slots.size() ? found->slots[element] : noSlot;
  for (const Bound &pair : bound_)
    if (pair.pattern->second == operand)
      return pair.slots.back();
  return noSlot;
}

unsigned Use::width(std::string_view operand) const {
  const Bound *found = bound(operand);
  return found ? found->width : 0;
}

const ptx::Operand *Use::syntax(std::string_view operand) const {
  const Bound *found = bound(operand);
  return found ? found->syntax : nullptr;
}

bool Use::isConstant(std::string_view operand) const {
  const ptx::Operand *found = syntax(operand);
  return found && found->kind == ptx::Operand::Kind::Integer;
}

int64_t Use::constant(std::string_view operand) const {
  if (!isConstant(operand))
    refuse("operand `" + std::string(operand) +
           "` must be an integer constant");
  return static_cast<int64_t>(syntax(operand)->bits);
}

bool Use::negated(std::string_view operand) const {
  const ptx::Operand *found = syntax(operand);
  return found && found->negated;
}

int64_t Use::offset(std::string_view operand) const {
  const Bound *found = bound(operand);
  return found ? found->offset : 0;
}

ptx::Space Use::space(std::string_view operand) const {
  const Bound *found = bound(operand);
  return found ? found->space : ptx::Space::None;
}

Slot Use::valueSlot(const ptx::Operand &operand, Type type, unsigned &width) {
  OperandPattern pattern;
  pattern.name = operand.name;
  Bound bound;
  bound.pattern = &pattern;
  std::string error = bindValue(operand, type, bound);
  if (error.empty() && bound.slots.size() != 1)
    error = "`" + operand.name + "` is a vector";
  if (!error.empty())
    refuse(error);
  width = bound.width;
  return bound.slots[0];
}

Name Use::find(const std::string &name) const {
  return builder_.names.find(*item_.scope, name, {});
}

uint32_t Use::target(const ptx::Operand &label) {
  Name name = find(label.name);
  if (label.kind != ptx::Operand::Kind::Name || name.kind != Name::Kind::Label)
    refuse("`" + label.name + "` is no label of this scope");
  return name.index;
}

Slot Use::constantSlot(Type type, uint64_t bits) {
  return builder_.constant(type, bits);
}

Slot Use::scratch(Type type) { return builder_.scratch(type); }

Slot Use::carry() { return builder_.carry(); }

void Use::refuse(const std::string &message) const {
  std::string text;
  for (const std::string &word : item_.syntax->words)
    text += (text.empty() ? "" : ".") + word;
  throw ptx::Diagnostic(item_.syntax->at, text + ": " + message);
}

bool immediateBits(const ptx::Operand &operand, Type type, uint64_t &bits) {
  bits = operand.bits;
  if (operand.kind == ptx::Operand::Kind::Integer) {
    if (type == Type::Pred)
      bits = operand.bits ? allLanes : 0;
    // Formats without a literal of their own are written as their bits.
    return type != Type::F32 && type != Type::F64;
  }
  unsigned width = bitsOf(type);
  bool accepts = type == Type::F32 || type == Type::F64 || type == Type::B32 ||
                 type == Type::B64 || type == Type::TF32;
  if (!accepts)
    return false;
  if (operand.width == width)
    return true;
  if (operand.width == 64) {
    double wide;
    std::memcpy(&wide, &operand.bits, sizeof wide);
    auto narrow = static_cast<float>(wide);
    uint32_t low;
    std::memcpy(&low, &narrow, sizeof low);
    bits = low;
  } else {
    auto low = static_cast<uint32_t>(operand.bits);
    float narrow;
    std::memcpy(&narrow, &low, sizeof narrow);
    double wide = narrow;
    std::memcpy(&bits, &wide, sizeof bits);
  }
  return true;
}

} // namespace emulator
