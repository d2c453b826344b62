//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// See Acquaintance.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Actor.h"

namespace emulator {

Acquaintance::SiteMark &Acquaintance::siteMark(Actor &actor, Marks &marks,
                                               const Access &access) {
  const Site *site = &actor.warp().site();
  const auto key = reinterpret_cast<uintptr_t>(site) / sizeof(Site) +
                   static_cast<uintptr_t>(access.kind);
  SiteMark &found = sites_[key % sites_.size()];
  if (found.site == site && found.epoch == actor.epoch() &&
      found.kind == access.kind)
    return found;
  found = {};
  found.site = site;
  found.epoch = actor.use();
  found.kind = access.kind;
  Source source;
  source.agent = &actor.agent();
  source.epoch = actor.epoch();
  source.kind = access.kind;
  source.scope = access.strength();
  source.site = site;
  source.collective = access.kind == AccessKind::Load &&
                      (site->convergence == Convergence::Aligned ||
                       site->convergence == Convergence::Full);
  found.collective = source.collective;
  found.mark = marks.add(std::move(source));
  return found;
}

Mark Acquaintance::markTogether(Actor &actor, Marks &marks,
                                const Access &access, Mask lanes) {
  SiteMark &found = siteMark(actor, marks, access);
  auto &[known, mark] = found.together[(lanes * 0x9E3779B1u) >> 29 & 7];
  if (!mark || known != lanes) {
    known = lanes;
    mark = marks.addReaders({0, Marks::sourceOf(found.mark), lanes});
  }
  return mark;
}

} // namespace emulator
