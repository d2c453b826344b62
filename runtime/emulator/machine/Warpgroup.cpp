//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Warpgroup.h"

#include "runtime/emulator/machine/Engine.h"
#include "runtime/emulator/machine/Grid.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

using Action = AsyncEvent::Action;

/// What a program finds in accumulators that it must not read yet: NaN in each
/// format.
constexpr int poison = 0xFF;

AsyncEvent eventOf(Action action, uint64_t id = 0) {
  AsyncEvent event;
  event.kind = AsyncKind::Matrix;
  event.action = action;
  event.id = id;
  return event;
}

void tell(Warp &warp, const AsyncEvent &event) {
  if (warp.monitor())
    warp.monitor()->async(warp, allLanes, event);
}

/// Tells what the product reads by `tellReads` for one warp, or for all.
template <class TellReads>
bool tellPerformed(const ProductPart &part, bool whole, TellReads tellReads) {
  AsyncEvent event = eventOf(Action::Perform, part.id);
  event.whole = whole;
  tell(*part.warp, event);
  const bool passed = tellReads();
  event.action = Action::PerformEnd;
  tell(*part.warp, event);
  return passed;
}

unsigned memberOf(const Warp &warp) { return warp.index() % warpgroupWarps; }

} // namespace

Outcome Warpgroup::issue(Warp &warp, const ProductForm &form,
                         const ProductPart &part) {
  Member &member = members_[memberOf(warp)];
  const uint64_t index = member.issued - completed_;
  if (index == products_.size()) {
    Product product;
    product.form = &form;
    products_.push_back(product);
  }
  Product &product = products_[index];
  for (const ProductPart &other : product.part)
    if (other.warp && (product.form != &form || other.b != part.b ||
                       other.accumulate != part.accumulate ||
                       (form.fragments.empty() && other.a != part.a)))
      return warp.fault(FaultKind::Undefined,
                        "the warps of a warpgroup issue different products",
                        allLanes);
  ProductPart &mine = product.part[memberOf(warp)];
  mine = part;
  mine.id = warp.cluster().nextOperation();
  ++member.issued;
  ++product.parts;
  AsyncEvent event = eventOf(Action::Issue, mine.id);
  event.form = &form;
  tell(warp, event);
  warp.wrote();
  if (completion_ == Completion::Lazy)
    hold(member, form, mine);
  else if (product.parts == warpgroupWarps)
    return complete(completed_ + 1);
  return Outcome::Next;
}

void Warpgroup::commit(Warp &warp) {
  Member &member = members_[memberOf(warp)];
  member.groups.push_back(member.issued);
  tell(warp, eventOf(Action::Commit));
}

Outcome Warpgroup::wait(Warp &warp, unsigned keep) {
  Member &member = members_[memberOf(warp)];
  const size_t due =
      member.groups.size() - std::min<size_t>(keep, member.groups.size());
  const uint64_t end = due ? member.groups[due - 1] : 0;
  for (const Member &other : members_)
    if (other.issued < end)
      return warp.wait({Waiting::For::Warpgroup, end, 0});
  member.groups.erase(member.groups.begin(),
                      member.groups.begin() + static_cast<ptrdiff_t>(due));
  if (complete(end) == Outcome::Fault)
    return Outcome::Fault;
  AsyncEvent event = eventOf(Action::Wait);
  event.keep = keep;
  tell(warp, event);
  return Outcome::Next;
}

Outcome Warpgroup::finish() {
  uint64_t end = members_[0].issued;
  for (const Member &member : members_)
    end = std::min(end, member.issued);
  return complete(end);
}

/// Performs the products before `end`, which all warps have issued.
Outcome Warpgroup::complete(uint64_t end) {
  while (completed_ < end) {
    if (perform(products_.front()) == Outcome::Fault)
      return Outcome::Fault;
    products_.pop_front();
    ++completed_;
  }
  return Outcome::Next;
}

Outcome Warpgroup::perform(Product &product) {
  const ProductForm &form = *product.form;
  const ProductPart &first = product.part[0];
  Warp::Acting acting(*first.warp, *first.site);
  a_.resize(warpgroupRows * form.k);
  b_.resize(form.n * form.k);
  Block &block = first.warp->block();
  const bool inside =
      (!form.fragments.empty() || decodeA(block, form, first.a, a_.data())) &&
      decodeB(block, form, first.b, b_.data());
  if (!inside)
    return first.warp->fault(FaultKind::IllegalAddress,
                             "a matrix descriptor reaches beyond the block's "
                             "shared memory",
                             allLanes);
  if (!tellPerformed(first, true, [&] { return tellReadsOfB(form, first); }))
    return Outcome::Fault;
  for (unsigned w = 0; w < warpgroupWarps; ++w) {
    const ProductPart &part = product.part[w];
    Warp::Acting member(*part.warp, *part.site);
    if (!tellPerformed(part, false,
                       [&] { return tellReadsOfA(form, part, w); }))
      return Outcome::Fault;
    float *rows = a_.data() + w * warpRows * form.k;
    if (!form.fragments.empty())
      decodeRows(form, part, rows);
    restore(members_[w], form, part);
    accumulate(form, part, rows, b_.data());
    release(members_[w], form, part);
  }
  return Outcome::Next;
}

/// Puts the values of accumulators aside, for the program not to see.
void Warpgroup::hold(Member &member, const ProductForm &form,
                     const ProductPart &part) {
  for (Slot slot : form.accumulators) {
    std::byte *lanes = part.lanes(slot);
    Member::Held &held = member.held[lanes];
    if (!held.products++) {
      std::memcpy(held.value.data(), lanes, held.value.size());
      std::memset(lanes, poison, held.value.size());
    }
  }
}

void Warpgroup::restore(Member &member, const ProductForm &form,
                        const ProductPart &part) {
  for (Slot slot : form.accumulators) {
    auto held = member.held.find(part.lanes(slot));
    if (held != member.held.end())
      std::memcpy(held->first, held->second.value.data(),
                  held->second.value.size());
  }
}

/// Results are the program's if no product that is still to come has them.
void Warpgroup::release(Member &member, const ProductForm &form,
                        const ProductPart &part) {
  for (Slot slot : form.accumulators) {
    auto held = member.held.find(part.lanes(slot));
    if (held == member.held.end())
      continue;
    if (!--held->second.products) {
      member.held.erase(held);
      continue;
    }
    std::memcpy(held->second.value.data(), held->first,
                held->second.value.size());
    std::memset(held->first, poison, held->second.value.size());
  }
}

} // namespace emulator
