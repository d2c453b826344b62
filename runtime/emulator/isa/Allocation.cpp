//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Allocation.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace emulator {
namespace {

constexpr uint64_t mostFrameBytes = uint64_t(16) << 20;
/// Registers times loops that are worth looking at.
constexpr uint64_t mostWork = uint64_t(1) << 26;

struct Loop {
  uint32_t first, last;
};

class Lifetimes {
public:
  explicit Lifetimes(const Names &names) : names_(names) {}
  void compute();

private:
  void instruction(uint32_t at);
  void operand(const ptx::Operand &operand, bool written);
  void touch(const std::string &name, const std::string &component,
             bool written);
  void loopTo(const Name &target);
  void extend();

  const Names &names_;
  std::vector<Loop> loops_;
  const Item *item_ = nullptr;
  uint32_t at_ = 0;
  bool guarded_ = false, pinned_ = false;
};

void Lifetimes::touch(const std::string &name, const std::string &component,
                      bool written) {
  Name meaning = names_.find(*item_->scope, name, component);
  if (meaning.kind == Name::Kind::Label || meaning.kind == Name::Kind::Targets)
    loopTo(meaning);
  if (meaning.kind != Name::Kind::Register)
    return;
  for (uint32_t i = 0; i < meaning.count; ++i) {
    Register &reg = names_.registers[meaning.index + i];
    bool unseen = reg.first > at_;
    reg.fragile |= written ? guarded_ : unseen;
    reg.definitions += written;
    reg.pinned |= pinned_;
    reg.first = std::min(reg.first, at_);
    reg.last = std::max(reg.last, at_);
  }
}

void Lifetimes::loopTo(const Name &target) {
  if (target.kind == Name::Kind::Label) {
    if (target.index <= at_)
      loops_.push_back({target.index, at_});
    return;
  }
  for (const std::string &name : target.label->targets) {
    Name label = names_.find(*item_->scope, name, {});
    if (label.kind == Name::Kind::Label && label.index <= at_)
      loops_.push_back({label.index, at_});
  }
}

void Lifetimes::operand(const ptx::Operand &operand, bool written) {
  if (!operand.name.empty())
    touch(operand.name, operand.component, written);
  for (const ptx::Operand &element : operand.elements)
    this->operand(element, written);
}

/// The first operand counts as written unless it is an address. Where it is
/// read instead, the register only lives longer than it must.
void Lifetimes::instruction(uint32_t at) {
  item_ = &names_.items[at];
  at_ = at;
  const ptx::Instruction &syntax = *item_->syntax;
  guarded_ = syntax.guard.has_value();
  pinned_ = syntax.words[0] == "wgmma" || syntax.words[0] == "tcgen05";
  if (guarded_)
    touch(syntax.guard->predicate, syntax.guard->component, false);
  // Reads come first, so that `add %r1, %r1, 1` shows what it needs.
  for (size_t i = 1; i < syntax.operands.size(); ++i)
    operand(syntax.operands[i], false);
  if (syntax.operands.empty())
    return;
  const ptx::Operand &first = syntax.operands[0];
  operand(first, first.kind != ptx::Operand::Kind::Address);
}

/// A value that crosses a branch back must live through the whole loop.
void Lifetimes::extend() {
  for (Register &reg : names_.registers)
    reg.fragile |= reg.definitions != 1;
  if (uint64_t(names_.registers.size()) * loops_.size() > mostWork) {
    for (Register &reg : names_.registers)
      reg.pinned = true;
    return;
  }
  std::sort(loops_.begin(), loops_.end(), [](const Loop &a, const Loop &b) {
    return a.last - a.first < b.last - b.first;
  });
  for (Register &reg : names_.registers) {
    bool changed = reg.first <= reg.last;
    while (changed) {
      changed = false;
      for (const Loop &loop : loops_) {
        bool apart = reg.last < loop.first || reg.first > loop.last;
        bool inside = reg.first >= loop.first && reg.last <= loop.last;
        bool covers = reg.first <= loop.first && reg.last >= loop.last;
        if (apart || covers || (inside && !reg.fragile))
          continue;
        reg.first = std::min(reg.first, loop.first);
        reg.last = std::max(reg.last, loop.last);
        changed = true;
      }
    }
  }
}

void Lifetimes::compute() {
  for (uint32_t at = 0; at < names_.items.size(); ++at)
    instruction(at);
  extend();
}

/// Places of one size that are free, or become so.
struct Places {
  std::vector<uint32_t> free;
  using End = std::pair<uint32_t, uint32_t>; ///< last use, offset
  std::priority_queue<End, std::vector<End>, std::greater<End>> taken;
};

class Allocator {
public:
  uint32_t place(const Register &reg, uint32_t bytes);
  uint32_t bytes() const { return bytes_; }

private:
  std::map<uint32_t, Places> places_; ///< by size
  uint32_t bytes_ = 0;
};

/// Registers come in the order of their first use.
uint32_t Allocator::place(const Register &reg, uint32_t bytes) {
  Places &places = places_[bytes];
  while (!places.taken.empty() && places.taken.top().first < reg.first) {
    places.free.push_back(places.taken.top().second);
    places.taken.pop();
  }
  uint32_t offset;
  if (!places.free.empty()) {
    offset = places.free.back();
    places.free.pop_back();
  } else {
    uint32_t align = std::min<uint32_t>(bytes, 64);
    bytes_ = (bytes_ + align - 1) & ~(align - 1);
    offset = bytes_;
    bytes_ += bytes;
  }
  places.taken.push({reg.last, offset});
  return offset;
}

} // namespace

uint32_t slotBytes(Type type) {
  if (type == Type::Pred)
    return sizeof(Mask);
  return std::max(2u, bytesOf(type)) * warpLanes;
}

void allocateRegisters(const Names &names, Function &made) {
  Lifetimes(names).compute();
  std::vector<Register *> order;
  uint32_t number = 0;
  for (Register &reg : names.registers) {
    reg.number = number++;
    if (reg.first <= reg.last || reg.pinned)
      order.push_back(&reg);
  }
  for (Register *reg : order)
    if (reg->pinned) {
      reg->first = 0;
      reg->last = static_cast<uint32_t>(names.items.size());
    }
  std::sort(
      order.begin(), order.end(), [](const Register *a, const Register *b) {
        return std::tie(a->first, a->number) < std::tie(b->first, b->number);
      });
  Allocator allocator;
  std::vector<int32_t> change(names.items.size() + 2);
  for (Register *reg : order) {
    reg->offset = allocator.place(*reg, slotBytes(reg->type));
    if (allocator.bytes() > mostFrameBytes)
      throw ptx::Diagnostic({}, "function " + made.name +
                                    " needs over 131072 registers");
    auto words = static_cast<int32_t>(bytesOf(reg->type) + 3) / 4;
    if (reg->type == Type::Pred)
      continue;
    change[reg->first] += words;
    change[reg->last + 1] -= words;
  }
  int32_t now = 0, most = 0;
  for (int32_t step : change)
    most = std::max(most, now += step);
  made.pressure = static_cast<uint32_t>(most);
  made.registerBytes = (allocator.bytes() + 63) & ~63u;
}

} // namespace emulator
