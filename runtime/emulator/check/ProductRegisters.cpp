//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ProductRegisters.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr unsigned registerShift = 7; ///< 32 lanes of 4 bytes

bool isProduct(const Site &site) { return site.text.rfind("wgmma.", 0) == 0; }

} // namespace

ProductRegisters::Register &ProductRegisters::of(Slot slot) {
  const size_t place = slot.offset() >> registerShift;
  if (place >= registers_.size())
    registers_.resize(place + 1);
  return registers_[place];
}

template <class Visit>
void ProductRegisters::eachRegister(const ProductForm &form, Visit visit) {
  for (Slot slot : form.accumulators)
    visit(of(slot));
  for (Slot slot : form.fragments)
    visit(of(slot));
}

/// Compilers move writes behind the fence that orders them, so one fence since
/// the last wait is enough.
std::string ProductRegisters::issue(const ProductForm &form, const Site &site) {
  bool touched = !begun_;
  eachRegister(form, [&](Register &each) {
    touched |= each.touched;
    each.used = true;
    each.touched = false;
    ++each.underWay;
  });
  begun_ = true;
  underWay_.push_back({&form, &site, false});
  if (!touched || fenced_)
    return {};
  return "missing wgmma.fence: the product's registers were used since the "
         "last wait, or it is the first, and no fence orders that before it";
}

std::string ProductRegisters::touch(const Instruction &instruction,
                                    const Site &site) {
  std::string wrong;
  const auto look = [&](Slot slot) {
    if (!wrong.empty() || slot == noSlot ||
        slot.bank() != static_cast<uint32_t>(Bank::Registers) ||
        (slot.offset() >> registerShift) >= registers_.size() ||
        !of(slot).used || isProduct(site))
      return;
    wrong = touch(slot);
  };
  for (Slot slot : instruction.operand)
    look(slot);
  for (unsigned i = 0; i < instruction.listCount; ++i)
    look(instruction.list[i]);
  return wrong;
}

std::string ProductRegisters::touch(Slot slot) {
  Register &used = of(slot);
  used.touched = true;
  if (!used.underWay)
    return {};
  for (const Product &product : underWay_) {
    const auto has = [&](const std::vector<Slot> &slots) {
      return std::find(slots.begin(), slots.end(), slot) != slots.end();
    };
    if (!has(product.form->accumulators) && !has(product.form->fragments))
      continue;
    return "missing wait: uses a register of the product of line " +
           std::to_string(product.site->line) + " (" + product.site->text +
           ")" +
           (product.committed ? ", which is not known to be finished"
                              : ", whose group was not committed");
  }
  return {};
}

void ProductRegisters::fence() {
  fenced_ = true;
  for (Register &each : registers_)
    each.touched = false;
}

void ProductRegisters::commit() {
  for (Product &product : underWay_)
    product.committed = true;
}

void ProductRegisters::wait(uint64_t left) {
  fenced_ = false;
  while (underWay_.size() > left) {
    eachRegister(*underWay_.front().form,
                 [](Register &each) { --each.underWay; });
    underWay_.pop_front();
  }
}

} // namespace emulator
