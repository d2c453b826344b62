//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Forms.h"

namespace emulator {
namespace {

/// Writes the text of a kernel.
class Writer {
public:
  Writer(const Form &form, unsigned threads) : form_(form), threads_(threads) {}
  std::string write();

private:
  std::string cell(const char *array, size_t index) const {
    return "[" + std::string(array) + "+" +
           std::to_string(index * threads_ * cellBytes) + "]";
  }
  void line(const std::string &text) { text_ += "  " + text + ";\n"; }
  void load(const FormOperand &operand, const std::string &to,
            const std::string &from);
  void store(const FormOperand &operand, const std::string &from,
             const std::string &to);
  void declare();
  void begin();
  void stageMemory();
  void fetchMemory();
  void loadAll();
  void storeAll();
  std::string operandText(size_t n) const;
  std::string instruction() const;

  const Form &form_;
  unsigned threads_;
  std::string text_;
};

std::string nameOf(size_t operand, unsigned element) {
  return "r" + std::to_string(operand) + "_" + std::to_string(element);
}

std::string bits(unsigned width) {
  return width == 1 ? ".pred" : ".b" + std::to_string(width);
}

void Writer::load(const FormOperand &operand, const std::string &to,
                  const std::string &from) {
  if (operand.width > 1)
    return line("ld.global" + bits(operand.width) + " " + to + ", " + from);
  line("ld.global.b32 x, " + from);
  line("and.b32 x, x, 1");
  line("setp.ne.u32 " + to + ", x, 0");
}

void Writer::store(const FormOperand &operand, const std::string &from,
                   const std::string &to) {
  if (operand.width > 1)
    return line("st.global" + bits(operand.width) + " " + to + ", " + from);
  line("selp.b32 x, 1, 0, " + from);
  line("st.global.b32 " + to + ", x");
}

void Writer::declare() {
  line(".reg .pred g");
  line(".reg .b32 t, m, x, c");
  line(".reg .b64 from, to, wide, memory, word");
  if (form_.hasMemory() && form_.space() != "global")
    line("." + form_.space() + " .align 32 .b8 area[" +
         std::to_string(threads_ * memoryWords * 8) + "]");
  for (size_t n = 0; n < form_.operands.size(); ++n)
    for (unsigned e = 0; e < form_.operands[n].elements; ++e)
      if (!form_.operands[n].immediate && !form_.operands[n].members &&
          !form_.operands[n].address)
        line(".reg " + bits(form_.operands[n].width) + " " + nameOf(n, e));
}

void Writer::begin() {
  line("ld.param.b64 from, [in]");
  line("ld.param.b64 to, [out]");
  line("ld.param.b32 m, [mask]");
  line("mov.u32 t, %tid.x");
  line("mul.wide.u32 wide, t, " + std::to_string(cellBytes));
  line("add.s64 from, from, wide");
  line("add.s64 to, to, wide");
  line("mov.u32 x, %laneid");
  line("shr.u32 x, m, x");
  line("and.b32 x, x, 1");
  line("setp.ne.u32 g, x, 0");
}

/// The thread's words of memory, from where they lie in `in`.
void Writer::stageMemory() {
  line("mov.u64 memory, area");
  line("mul.wide.u32 wide, t, " + std::to_string(memoryWords * 8));
  line("add.s64 memory, memory, wide");
  for (unsigned w = 0; w < memoryWords; ++w) {
    line("ld.global.b64 word, " + cell("from", w));
    line("st." + form_.space() + ".b64 [memory+" + std::to_string(8 * w) +
         "], word");
  }
}

void Writer::fetchMemory() {
  for (unsigned w = 0; w < memoryWords; ++w) {
    line("ld." + form_.space() + ".b64 word, [memory+" + std::to_string(8 * w) +
         "]");
    line("st.global.b64 " + cell("to", w) + ", word");
  }
}

void Writer::loadAll() {
  size_t source = 0, destination = 0;
  if (form_.hasMemory()) {
    stageMemory();
    source = destination = memoryWords;
  }
  for (size_t n = 0; n < form_.operands.size(); ++n) {
    const FormOperand &operand = form_.operands[n];
    for (unsigned e = 0;
         e < operand.elements && !operand.members && !operand.address; ++e) {
      std::string place = operand.destination ? cell("to", destination++)
                                              : cell("from", source++);
      if (!operand.immediate)
        load(operand, nameOf(n, e), place);
    }
  }
  if (!form_.carries())
    return;
  // All ones plus the carry of 0 or 1 set the carry bit.
  line("ld.global.b32 c, " + cell("from", source));
  line("and.b32 c, c, 1");
  line("add.cc.u32 x, c, 0xFFFFFFFF");
}

void Writer::storeAll() {
  size_t destination = 0;
  if (form_.hasMemory()) {
    fetchMemory();
    destination = memoryWords;
  }
  if (form_.carries())
    line("addc.u32 c, 0, 0");
  for (size_t n = 0; n < form_.operands.size(); ++n)
    for (unsigned e = 0; e < form_.operands[n].elements; ++e)
      if (form_.operands[n].destination)
        store(form_.operands[n], nameOf(n, e), cell("to", destination++));
  if (form_.carries())
    line("st.global.b32 " + cell("to", destination) + ", c");
}

std::string Writer::operandText(size_t n) const {
  const FormOperand &operand = form_.operands[n];
  if (operand.members)
    return "m";
  if (operand.address)
    return "[memory]";
  if (operand.immediate)
    return std::to_string(operand.value);
  std::string text;
  for (unsigned e = 0; e < operand.elements; ++e)
    text += (e ? ", " : "") + nameOf(n, e);
  return (operand.negated ? "!" : "") +
         (operand.vector ? "{" + text + "}" : text);
}

std::string Writer::instruction() const {
  std::string text = "@g " + form_.spelled();
  for (size_t n = 0; n < form_.operands.size(); ++n) {
    bool second = n && form_.operands[n].destination;
    text += (n == 0 ? " " : second ? "|" : ", ") + operandText(n);
  }
  return text;
}

std::string Writer::write() {
  text_ = ".version 8.8\n.target " + targetOf(*form_.row) +
          "\n.address_size 64\n" +
          (form_.hasMemory() && form_.space() == "global"
               ? ".global .align 32 .b8 area[" +
                     std::to_string(threads_ * memoryWords * 8) + "];\n"
               : "") +
          ".visible .entry k(.param .b64 in, "
          ".param .b64 out, .param .b32 mask)\n{\n";
  declare();
  begin();
  loadAll();
  line(instruction());
  storeAll();
  line("ret");
  return text_ + "}\n";
}

} // namespace

std::string kernelOf(const Form &form, unsigned threads) {
  return Writer(form, threads).write();
}

} // namespace emulator
