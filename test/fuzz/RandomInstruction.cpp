//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/fuzz/RandomInstruction.h"

namespace emulator {

const char *const RandomInstruction::marker = "fuzzd<8>";
const char *const RandomInstruction::declarations =
    "\n.reg .pred fuzzp<4>; .reg .b16 fuzzh<8>; .reg .b32 fuzzw<8>;"
    " .reg .b64 fuzzd<8>; .reg .b128 fuzzq<4>;"
    " .shared .align 1024 .b8 fuzzs[8192]; mov.b64 fuzzd1, fuzzs;"
    " mov.b32 fuzzw1, fuzzs; mov.u32 fuzzw2, %tid.x;"
    " setp.lt.u32 fuzzp1, fuzzw2, 7;\n";

/// Borders of types, and of what the device has.
static const char *const numbers[] = {"0",
                                      "1",
                                      "-1",
                                      "2",
                                      "3",
                                      "4",
                                      "8",
                                      "15",
                                      "16",
                                      "31",
                                      "32",
                                      "33",
                                      "64",
                                      "127",
                                      "128",
                                      "255",
                                      "256",
                                      "1023",
                                      "1024",
                                      "4096",
                                      "65535",
                                      "65536",
                                      "1048576",
                                      "2147483647",
                                      "-2147483648",
                                      "4294967295",
                                      "4294967296",
                                      "-8",
                                      "0f00000000",
                                      "0f7F800000",
                                      "0f7FC00001",
                                      "0fBF800000",
                                      "0d7FF0000000000000",
                                      "0x1000",
                                      "0xFFFFFFFF",
                                      "9223372036854775807",
                                      "1.5",
                                      "0x8000000000000000"};

std::string RandomInstruction::number() {
  if (below(4))
    return numbers[below(std::size(numbers))];
  return std::to_string(static_cast<int32_t>(random_()));
}

std::string RandomInstruction::registerOf(unsigned bits) {
  const char *const prefix = bits == 1    ? "fuzzp"
                             : bits <= 16 ? "fuzzh"
                             : bits <= 32 ? "fuzzw"
                             : bits <= 64 ? "fuzzd"
                                          : "fuzzq";
  return prefix + std::to_string(below(bits == 1 || bits > 64 ? 4 : 8));
}

unsigned RandomInstruction::bitsOf(const OperandPattern &operand) const {
  Type type = operand.type;
  if (operand.typeClass >= 0)
    if (auto parsed =
            parseType(chosen_[static_cast<size_t>(operand.typeClass)]))
      type = *parsed;
  if (type == Type::None)
    return 32;
  return emulator::bitsOf(type) * (operand.wide ? 2 : 1);
}

/// 1 for a scalar.
unsigned RandomInstruction::elementsOf(const OperandPattern &operand) {
  if (operand.anyLength)
    return 1u << below(below(8) ? 5 : 8);
  if (operand.elementsClass < 0)
    return operand.elements;
  const std::string &word = chosen_[static_cast<size_t>(operand.elementsClass)];
  return word.empty() ? 1 : static_cast<unsigned>(word.back() - '0');
}

std::string RandomInstruction::modifiers(const Pattern &pattern) {
  std::string text;
  chosen_.assign(pattern.classes().size(), {});
  for (const ModifierPattern &modifier : pattern.modifiers()) {
    if (modifier.optional && below(2))
      continue;
    for (const ModifierPattern::Item &item : modifier.items) {
      std::string word = item.word;
      if (item.wordClass >= 0) {
        const auto index = static_cast<size_t>(item.wordClass);
        word = chosen_[index] = oneOf(pattern.classes()[index].words);
      }
      text += "." + word;
    }
  }
  return text;
}

std::string RandomInstruction::value(const OperandPattern &operand) {
  const unsigned bits = bitsOf(operand), elements = elementsOf(operand);
  if (elements == 1 && !operand.anyLength) {
    const uint32_t kind = below(16);
    if (kind == 0)
      return number();
    if (kind == 1 && !names.empty())
      return oneOf(names);
    return registerOf(bits);
  }
  std::string text;
  for (unsigned i = 0; i < elements; ++i)
    text += (i ? ", " : "") + registerOf(bits);
  return "{" + text + "}";
}

std::string RandomInstruction::address(const OperandPattern &operand) {
  std::string base = below(8) ? "fuzzs" : "0";
  if (below(3) == 0)
    base = below(2) ? "fuzzd1" : "fuzzw1";
  else if (below(3) == 0 && !names.empty())
    base = oneOf(names);
  if (below(2))
    base += "+" + (below(4) ? std::to_string(below(64) * 16) : number());
  for (const OperandPattern &inner : operand.inner)
    base += ", " + this->operand(inner);
  return "[" + base + "]";
}

std::string RandomInstruction::operand(const OperandPattern &operand) {
  using Shape = OperandPattern::Shape;
  switch (operand.shape) {
  case Shape::Address:
    return address(operand);
  case Shape::Label:
    return labels.empty() ? "nowhere" : oneOf(labels);
  case Shape::Immediate:
    return below(2) ? std::to_string(below(3)) : number();
  case Shape::Symbol:
    return names.empty() || below(2) ? "fuzzs" : oneOf(names);
  case Shape::Any:
  case Shape::Value:
    break;
  }
  std::string text = value(operand);
  if (operand.negatable && below(2))
    text = "!" + text;
  if (!operand.second.empty() && below(2))
    text += "|" + registerOf(1);
  return text;
}

std::string RandomInstruction::write() {
  static const std::vector<const Pattern *> all = [] {
    std::vector<const Pattern *> made;
    for (const Section &section : instructionSet())
      for (size_t i = 0; i < section.count; ++i)
        made.push_back(new Pattern(section.rows[i]));
    return made;
  }();
  const Pattern &pattern = *oneOf(all);
  std::string text = below(6) ? "" : below(2) ? "@fuzzp1 " : "@!fuzzp1 ";
  text += pattern.mnemonic() + modifiers(pattern);
  bool first = true;
  for (const OperandPattern &each : pattern.operands()) {
    if (each.optional && below(2))
      break;
    text += (first ? " " : ", ") + operand(each);
    first = false;
  }
  return text + ";\n";
}

} // namespace emulator
