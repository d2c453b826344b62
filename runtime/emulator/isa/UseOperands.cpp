//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Binding of operands: from names and literals to slots.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Use.h"

namespace emulator {
namespace {

using Kind = ptx::Operand::Kind;
using Shape = OperandPattern::Shape;

Type twiceAsWide(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    return Type::None;
  }
}

std::string textOf(const ptx::Operand &operand) {
  if (operand.kind == Kind::Integer || operand.kind == Kind::Float)
    return "constant";
  return "`" + operand.name +
         (operand.component.empty() ? "" : "." + operand.component) + "`";
}

size_t mandatory(const std::vector<OperandPattern> &patterns) {
  size_t count = 0;
  for (const OperandPattern &pattern : patterns)
    count += !pattern.optional;
  return count;
}

} // namespace

Type Use::typeOf(const OperandPattern &pattern) const {
  Type type = pattern.type;
  if (pattern.typeClass >= 0)
    type = this->type(
        pattern_.classes()[static_cast<size_t>(pattern.typeClass)].name);
  return pattern.wide ? twiceAsWide(type) : type;
}

/// The number that a vector's class ends in; 1 where the word is left out.
unsigned Use::elementsOf(const OperandPattern &pattern) const {
  if (pattern.elementsClass < 0)
    return pattern.elements;
  std::string_view word = this->word(
      pattern_.classes()[static_cast<size_t>(pattern.elementsClass)].name);
  if (word.empty())
    return 1;
  size_t digits = word.size();
  while (digits && word[digits - 1] >= '0' && word[digits - 1] <= '9')
    --digits;
  return static_cast<unsigned>(std::stoul(std::string(word.substr(digits))));
}

std::string Use::bindOperands() {
  bindGuard();
  std::string error = bindList(pattern_.operands(), item_.syntax->operands);
  if (error.empty())
    collect();
  return error;
}

void Use::bindGuard() {
  if (!item_.syntax->guard)
    return;
  const ptx::Guard &guard = *item_.syntax->guard;
  Name name = builder_.names.find(scope(), guard.predicate, guard.component);
  bool isPredicate = name.kind == Name::Kind::Register && name.count == 1 &&
                     builder_.names.registers[name.index].type == Type::Pred;
  if (!isPredicate)
    refuse("guard `" + guard.predicate + "` is no predicate");
  instruction_.guard =
      Slot::of(Bank::Registers, builder_.names.registers[name.index].offset);
  instruction_.guardInvert = guard.negated ? -1 : 0;
}

/// The first optional operands are there, the last are left out.
std::string Use::bindList(const std::vector<OperandPattern> &patterns,
                          const std::vector<ptx::Operand> &operands) {
  size_t least = mandatory(patterns);
  if (operands.size() < least || operands.size() > patterns.size())
    return "has " + std::to_string(operands.size()) + " operands; expected " +
           std::to_string(least) +
           (least == patterns.size()
                ? ""
                : " to " + std::to_string(patterns.size()));
  size_t present = operands.size() - least, next = 0;
  for (const OperandPattern &pattern : patterns) {
    if (pattern.optional && !present) {
      Bound absent;
      absent.pattern = &pattern;
      absent.slots.push_back(noSlot);
      bound_.push_back(std::move(absent));
      continue;
    }
    present -= pattern.optional;
    std::string error = bindOne(pattern, operands[next++]);
    if (!error.empty())
      return error;
  }
  return {};
}

std::string Use::bindOne(const OperandPattern &pattern,
                         const ptx::Operand &operand) {
  Bound bound;
  bound.pattern = &pattern;
  bound.syntax = &operand;
  std::string error;
  if (operand.negated && !pattern.negatable)
    return "operand " + textOf(operand) + " cannot be negated";
  switch (pattern.shape) {
  case Shape::Address:
    error = bindAddress(pattern, operand, bound);
    break;
  case Shape::Label:
  case Shape::Symbol:
    break;
  case Shape::Immediate:
    if (operand.kind != Kind::Integer)
      error = "operand `" + pattern.name + "` must be an integer constant";
    break;
  case Shape::Any:
    error = pattern.anyLength ? bindElements(pattern, operand, bound)
                              : bindValue(operand, Type::None, bound);
    break;
  case Shape::Value:
    error = pattern.second.empty() ? bindElements(pattern, operand, bound)
                                   : bindPair(pattern, operand, bound);
    break;
  }
  if (!error.empty())
    return error;
  bound_.push_back(std::move(bound));
  if (pattern.shape == Shape::Address)
    return bindList(pattern.inner, operand.elements);
  return {};
}

std::string Use::bindElements(const OperandPattern &pattern,
                              const ptx::Operand &operand, Bound &bound) {
  Type type = typeOf(pattern);
  unsigned elements = elementsOf(pattern);
  if (operand.kind == Kind::Vector) {
    for (const ptx::Operand &element : operand.elements) {
      std::string error = bindValue(element, type, bound);
      if (!error.empty())
        return error;
    }
  } else {
    std::string error = bindValue(operand, type, bound);
    if (!error.empty())
      return error;
  }
  if (!pattern.anyLength && bound.slots.size() != elements)
    return "operand `" + pattern.name + "` has " +
           std::to_string(bound.slots.size()) + " elements; expected " +
           std::to_string(elements);
  return {};
}

/// `d|p`, or `d` alone.
std::string Use::bindPair(const OperandPattern &pattern,
                          const ptx::Operand &operand, Bound &bound) {
  bool isPair = operand.kind == Kind::Pair;
  const ptx::Operand &first = isPair ? operand.elements[0] : operand;
  std::string error = bindValue(first, typeOf(pattern), bound);
  if (!error.empty())
    return error;
  if (bound.slots.size() != 1)
    return "operand `" + pattern.name + "` is a vector";
  if (!isPair) {
    bound.slots.push_back(noSlot);
    return {};
  }
  return bindValue(operand.elements[1], Type::Pred, bound);
}

std::string Use::bindValue(const ptx::Operand &operand, Type type,
                           Bound &bound) {
  switch (operand.kind) {
  case Kind::Sink: {
    bool written = bound.pattern == &pattern_.operands().front();
    if (!written || type == Type::None)
      return "`_` stands where a value is read";
    bound.slots.push_back(builder_.scratch(type));
    bound.width = bitsOf(type);
    return {};
  }
  case Kind::Integer:
  case Kind::Float: {
    Type as = type == Type::None ? Type::B64 : type;
    uint64_t bits = 0;
    if (!immediateBits(operand, as, bits))
      return "a constant of this form is no ." + std::string(nameOf(as));
    bound.slots.push_back(builder_.constant(as, bits));
    bound.width = bitsOf(as);
    return {};
  }
  case Kind::Name:
    return bindName(operand, type, bound);
  default:
    return "operand `" + bound.pattern->name +
           "` must be a register or a "
           "constant";
  }
}

std::string Use::bindName(const ptx::Operand &operand, Type type,
                          Bound &bound) {
  Name name = builder_.names.find(scope(), operand.name, operand.component);
  switch (name.kind) {
  case Name::Kind::Register:
    return bindRegister(name, operand, type, bound);
  case Name::Kind::Special: {
    bool isPredicate = name.special == Special::IsExplicitCluster;
    unsigned bits = isPredicate ? 1 : 32;
    if (type != Type::None && bitsOf(type) != bits && !bound.pattern->wider)
      return textOf(operand) + " has " + std::to_string(bits) + " bits; ." +
             std::string(nameOf(type)) + " needs " +
             std::to_string(bitsOf(type));
    bound.slots.push_back(slotOf(name.special));
    bound.width = bits;
    return {};
  }
  case Name::Kind::Variable:
    return bindVariable(name, operand, type, bound);
  case Name::Kind::Function:
    if (type != Type::None && bitsOf(type) != 64)
      return "the address of a function has 64 bits";
    bound.slots.push_back(builder_.constant(Type::B64, name.callable.address));
    bound.width = 64;
    return {};
  case Name::Kind::None:
    return textOf(operand) + " is not declared";
  default:
    return textOf(operand) + " is no value here";
  }
}

std::string Use::bindRegister(const Name &name, const ptx::Operand &operand,
                              Type type, Bound &bound) {
  if (operand.offset)
    return "a register has no offset outside of an address";
  for (uint32_t i = 0; i < name.count; ++i) {
    const Register &reg = builder_.names.registers[name.index + i];
    unsigned bits = bitsOf(reg.type), needed = bitsOf(type);
    bool predicates = (reg.type == Type::Pred) == (type == Type::Pred);
    bool fits = bits == needed || (bound.pattern->wider && bits > needed);
    if (type != Type::None && (!fits || !predicates))
      return "register " + textOf(operand) + " is ." +
             std::string(nameOf(reg.type)) + ", which does not fit ." +
             std::string(nameOf(type));
    bound.slots.push_back(Slot::of(Bank::Registers, reg.offset));
    bound.width = bits;
  }
  return {};
}

/// The address of a variable, as a value.
std::string Use::bindVariable(const Name &name, const ptx::Operand &operand,
                              Type type, Bound &bound) {
  Type as = type == Type::None ? Type::B64 : type;
  if (bitsOf(as) != 64 && bitsOf(as) != 32)
    return "the address of " + textOf(operand) + " is no ." +
           std::string(nameOf(as));
  bool inModule =
      name.space == ptx::Space::Global || name.space == ptx::Space::Const;
  if (inModule && bitsOf(as) != 64)
    return "the address of " + textOf(operand) + " has 64 bits";
  bool fixed = inModule || name.space == ptx::Space::Param;
  bound.slots.push_back(
      fixed ? builder_.constant(as, name.variable.address +
                                        static_cast<uint64_t>(operand.offset))
            : builder_.address(name, as, operand.offset));
  bound.width = bitsOf(as);
  bound.space = name.space;
  return {};
}

std::string Use::bindAddress(const OperandPattern &pattern,
                             const ptx::Operand &operand, Bound &bound) {
  if (operand.kind != Kind::Address)
    return "operand `" + pattern.name + "` must be an address";
  bound.width = 64;
  bound.offset = operand.offset;
  if (operand.name.empty()) {
    bound.slots.push_back(builder_.constant(Type::B64, 0));
    return {};
  }
  Name name = builder_.names.find(scope(), operand.name, operand.component);
  if (name.kind == Name::Kind::Register) {
    const Register &reg = builder_.names.registers[name.index];
    bound.width = bitsOf(reg.type);
    if (name.count != 1 || (bound.width != 32 && bound.width != 64))
      return "register " + textOf(operand) + " is no address";
    bound.slots.push_back(Slot::of(Bank::Registers, reg.offset));
    return {};
  }
  if (name.kind == Name::Kind::Function) {
    bound.slots.push_back(builder_.constant(Type::B64, name.callable.address));
    return {};
  }
  if (name.kind != Name::Kind::Variable)
    return textOf(operand) + " is not declared";
  bound.space = name.space;
  // As addresses do, a sum beyond 64 bits wraps.
  bound.offset = static_cast<int64_t>(static_cast<uint64_t>(bound.offset) +
                                      name.variable.address);
  if (name.space == ptx::Space::Shared) {
    bound.width = 32;
    bound.slots.push_back(slotOf(Special::SharedBase));
  } else if (name.space == ptx::Space::Local && !builder_.made.kernel) {
    Name origin = name;
    origin.variable.address = 0;
    bound.slots.push_back(builder_.address(origin, Type::B64, 0));
  } else {
    bound.slots.push_back(builder_.constant(Type::B64, 0));
  }
  return {};
}

/// Fills the operands of the instruction from what was bound.
void Use::collect() {
  std::vector<Slot> all;
  bool vectors = false;
  unsigned addresses = 0;
  for (const Bound &bound : bound_) {
    vectors |= bound.slots.size() > 1 && bound.pattern->second.empty();
    all.insert(all.end(), bound.slots.begin(), bound.slots.end());
    if (bound.pattern->shape == Shape::Address && !addresses++)
      instruction_.immediate = bound.offset;
  }
  for (size_t i = 0; i < all.size() && i < std::size(instruction_.operand); ++i)
    instruction_.operand[i] = all[i];
  if (!vectors && all.size() <= std::size(instruction_.operand))
    return;
  auto list = std::make_unique<Slot[]>(all.size());
  std::copy(all.begin(), all.end(), list.get());
  instruction_.list = list.get();
  instruction_.listCount = static_cast<uint16_t>(all.size());
  function().lists.push_back(std::move(list));
}

} // namespace emulator
