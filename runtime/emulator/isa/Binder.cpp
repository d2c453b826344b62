//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Binder.h"

#include "runtime/emulator/isa/Allocation.h"
#include "runtime/emulator/isa/Use.h"
#include "runtime/emulator/machine/Warp.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

/// Writes the address of a shared variable: its block's rank and its offset.
Outcome fillShared(Warp &warp, const Instruction &i, Mask lanes) {
  uint64_t address = warp.sharedMemory().base + uint64_t(i.immediate);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (i.target == 64)
      warp.lanes<uint64_t>(i.operand[0])[lane] = address;
    else
      warp.lanes<uint32_t>(i.operand[0])[lane] = static_cast<uint32_t>(address);
  return Outcome::Next;
}

/// Writes the address of a variable of the frame.
Outcome fillLocal(Warp &warp, const Instruction &i, Mask lanes) {
  uint64_t address = warp.frame().local + uint64_t(i.immediate);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (i.target == 64)
      warp.lanes<uint64_t>(i.operand[0])[lane] = address;
    else
      warp.lanes<uint32_t>(i.operand[0])[lane] = static_cast<uint32_t>(address);
  return Outcome::Next;
}

Outcome startBody(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.branch(lanes, 0);
}

Outcome endBody(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.ret(lanes);
}

Outcome meetThenRun(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.converge(i, lanes);
}

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ".") + word;
  return text;
}

/// Whether `.target` is among a row's architectures: `sm_90` from there on,
/// `sm_90a` that one alone, `sm_100f` its family.
bool allowsOne(const ModuleNames &module, const std::string &first) {
  unsigned number = static_cast<unsigned>(std::stoul(first.substr(3)));
  if (first.back() == 'a')
    return module.accelerated && module.arch == number;
  if (first.back() == 'f')
    return (module.accelerated || module.family) &&
           module.arch / 10 == number / 10 && module.arch >= number;
  return module.arch >= number;
}

/// The same for one of several, `sm_100f sm_120f`.
bool allows(const ModuleNames &module, const std::string &architectures) {
  size_t start = 0, end = 0;
  while (end != std::string::npos) {
    end = architectures.find(' ', start);
    if (allowsOne(module, architectures.substr(start, end - start)))
      return true;
    start = end + 1;
  }
  return false;
}

/// What the emulated device does without on purpose.
const char *const leftOut[] = {
    "tcgen05",
    "mma.sp",
    "mma.sp::ordered_metadata",
    "wgmma.mma_async.sp",
    "multimem",
    "tex",
    "tld4",
    "suld",
    "sust",
    "sured",
};

class Binder {
public:
  Binder(const Names &names, Function &made)
      : names_(names), made_(made), builder_(names, made) {}
  void run();

private:
  void bind(const Item &item);
  bool tryRow(const Pattern &pattern, const Item &item, const WordMatch &match);
  [[noreturn]] void unmatched(const Item &item,
                              const std::vector<Pattern> &patterns);
  void add(Use &use, const Item &item);

  const Names &names_;
  Function &made_;
  FunctionBuilder builder_;
  std::string error_; ///< of the row that came nearest
};

void Binder::run() {
  made_.code.reserve(names_.items.size() + 1);
  for (const Item &item : names_.items)
    bind(item);
  builder_.finish();
}

void Binder::bind(const Item &item) {
  const std::vector<std::string> &words = item.syntax->words;
  const std::vector<Pattern> &patterns = patternsOf(words[0]);
  error_.clear();
  for (const Pattern &pattern : patterns) {
    WordMatch match;
    if (pattern.match(words, match) && tryRow(pattern, item, match))
      return;
  }
  if (error_.empty())
    unmatched(item, patterns);
  throw ptx::Diagnostic(item.syntax->at, join(words) + ": " + error_);
}

/// Names the first word that no row has at its place.
void Binder::unmatched(const Item &item, const std::vector<Pattern> &patterns) {
  const std::vector<std::string> &words = item.syntax->words;
  for (const char *refused : leftOut)
    if ((join(words) + ".").rfind(std::string(refused) + ".", 0) == 0)
      throw ptx::Diagnostic(item.syntax->at,
                            join(words) + ": `" + refused +
                                "` is not supported by the emulated device");
  if (patterns.empty())
    throw ptx::Diagnostic(item.syntax->at,
                          "instruction `" + words[0] + "` is unknown");
  size_t furthest = 1;
  for (const Pattern &pattern : patterns) {
    WordMatch match;
    pattern.match(words, match);
    furthest = std::max(furthest, match.matched);
  }
  throw ptx::Diagnostic(item.syntax->at,
                        join(words) + ": " +
                            (furthest < words.size()
                                 ? "`." + words[furthest] + "` is unknown here"
                                 : "a modifier is missing at the end"));
}

bool Binder::tryRow(const Pattern &pattern, const Item &item,
                    const WordMatch &match) {
  Use use(builder_, pattern, item, match);
  std::string error = use.bindOperands();
  if (error.empty() && !allows(names_.module(), pattern.row().arch))
    error = std::string("needs .target ") + pattern.row().arch;
  if (error.empty()) {
    use.instruction().run = pattern.row().select(use);
    if (!use.instruction().run)
      error = "this combination does not exist";
  }
  if (!error.empty()) {
    if (error_.empty())
      error_ = error;
    return false;
  }
  add(use, item);
  return true;
}

void Binder::add(Use &use, const Item &item) {
  const Row &row = use.row();
  Site site;
  site.line = item.syntax->at.line;
  site.source = item.syntax->source;
  site.text = join(item.syntax->words);
  site.row = &row;
  site.convergence = row.convergence;
  if (row.convergence != Convergence::None) {
    site.body = use.instruction().run;
    use.instruction().run = meetThenRun;
  }
  if (row.convergence == Convergence::Members)
    site.members = use.slot(row.members, 0);
  made_.code.push_back(use.instruction());
  made_.sites.push_back(std::move(site));
}

} // namespace

Slot FunctionBuilder::constant(Type type, uint64_t bits) {
  uint32_t bytes = slotBytes(type);
  uint32_t element = type == Type::Pred ? bytes : bytes / warpLanes;
  if (element < 8)
    bits &= (uint64_t(1) << (element * 8)) - 1;
  auto [found, fresh] = constants_.try_emplace({bytes, bits}, noSlot);
  if (!fresh)
    return found->second;
  auto offset = static_cast<uint32_t>((pool_.size() + 63) & ~size_t(63));
  pool_.resize(offset + bytes);
  for (uint32_t at = 0; at < bytes; at += element)
    std::memcpy(pool_.data() + offset + at, &bits, std::min(element, 8u));
  found->second = Slot::of(Bank::Constants, offset);
  return found->second;
}

Slot FunctionBuilder::scratch(Type type) {
  uint32_t offset = (made.registerBytes + 63) & ~63u;
  made.registerBytes = offset + ((slotBytes(type) + 63) & ~63u);
  return Slot::of(Bank::Registers, offset);
}

Slot FunctionBuilder::carry() {
  if (carry_ == noSlot)
    carry_ = scratch(Type::Pred);
  return carry_;
}

Slot FunctionBuilder::address(const Name &variable, Type type, int64_t offset) {
  bool shared = variable.space == ptx::Space::Shared;
  auto value = static_cast<int64_t>(variable.variable.address +
                                    static_cast<uint64_t>(offset));
  unsigned bits = bitsOf(type);
  auto [found, fresh] = addresses_.try_emplace({shared, bits, value}, noSlot);
  if (fresh) {
    found->second = scratch(type);
    entries_.push_back({found->second, shared, bits, value});
  }
  return found->second;
}

void FunctionBuilder::finish() {
  auto append = [&](Handler handler) -> Instruction & {
    Site site;
    site.line = made.sites.empty() ? 0 : made.sites.back().line;
    site.text = "ret";
    made.sites.push_back(std::move(site));
    made.code.emplace_back();
    made.code.back().run = handler;
    return made.code.back();
  };
  append(endBody);
  if (!entries_.empty()) {
    made.entry = static_cast<uint32_t>(made.code.size());
    for (const Entry &entry : entries_) {
      Instruction &fill = append(entry.shared ? fillShared : fillLocal);
      fill.operand[0] = entry.to;
      fill.immediate = entry.value;
      fill.target = entry.bits;
    }
    append(startBody);
  }
  // Slots are 64-byte aligned, so that a row of lanes is one cache line.
  made.constants = std::make_unique<std::byte[]>(pool_.size() + 64);
  auto address = reinterpret_cast<uintptr_t>(made.constants.get());
  std::byte *aligned = made.constants.get() + (-address & 63);
  if (!pool_.empty())
    std::memcpy(aligned, pool_.data(), pool_.size());
  made.constantPool = aligned;
}

void bindFunction(const ModuleNames &module, const ptx::Function &syntax,
                  Function &made) {
  Names names(module, syntax, made);
  allocateRegisters(names, made);
  for (auto [parameter, number] : names.registerParameters) {
    const Register &reg = names.registers[number];
    parameter->slot = Slot::of(Bank::Registers, reg.offset);
    parameter->bytes = std::max(2u, bytesOf(reg.type));
  }
  Binder(names, made).run();
}

} // namespace emulator
