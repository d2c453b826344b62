//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/abi/Kernel.h"
#include "runtime/artifact/CheckedArithmetic.h"
#include "runtime/artifact/TensorLayout.h"
#include "runtime/artifact/Verify.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <vector>

using namespace moert;
using format::ArgumentKind;
using format::Extent;

/// `extent` for `size` tokens or rows; nothing if it does not fit 63 bits or is
/// negative.
static std::optional<uint64_t> evaluate(const Extent &extent, int64_t size) {
  int64_t value;
  if (__builtin_mul_overflow(extent.scale(), size, &value) ||
      __builtin_add_overflow(value, extent.constant(), &value) || value < 0)
    return std::nullopt;
  return value;
}

namespace {

/// Checks one program of a target.
class ProgramVerifier {
public:
  ProgramVerifier(const Report &report, const format::Artifact &table,
                  const format::Target &target, const format::Program &program)
      : report(report), table(table), target(target), program(program),
        entry("target '" + target.name()->str() + "': program '" +
              program.entry()->str() + "' for '" + program.regime()->str() +
              "': ") {}

  bool verify();

private:
  bool verifyExtent(const std::string &owner, const char *field,
                    const Extent &extent, uint64_t &largest) const;
  bool verifyBuffer(uint32_t index);
  bool verifyOverlap() const;
  bool verifyLaunch(uint32_t index);
  bool verifyArgument(const std::string &owner, uint32_t launch,
                      const format::Argument &argument);
  bool verifyBufferUse(const std::string &owner, uint32_t launch,
                       uint32_t index) const;
  bool verifyTensorMaps(const std::string &owner,
                        const format::Launch &launch) const;
  std::string bufferName(uint32_t index) const {
    return "buffer '" + program.buffers()->Get(index)->name()->str() +
           "' (entry " + std::to_string(index) + "): ";
  }

  const Report &report;
  const format::Artifact &table;
  const format::Target &target;
  const format::Program &program;
  const std::string entry;
  std::vector<uint64_t> bufferBytes; ///< for max_tokens
  bool writesLogits = false;
  bool writesTop[2] = {false, false}; ///< logits, tokens
};

} // namespace

bool ProgramVerifier::verify() {
  if (program.arena_bytes() > Limits::arena)
    return report.damaged(entry, "arena of ", program.arena_bytes(),
                          " bytes, but at most ", Limits::arena,
                          " are allowed");
  for (uint32_t i = 0; i < program.buffers()->size(); ++i)
    if (!verifyBuffer(i))
      return false;
  if (!verifyOverlap())
    return false;
  for (uint32_t i = 0; i < program.launches()->size(); ++i)
    if (!verifyLaunch(i))
      return false;
  if (program.entry()->string_view() == "top") {
    if (!writesTop[0] || !writesTop[1])
      return report.damaged(entry, "no launch writes the best ",
                            writesTop[0] ? "tokens" : "logits");
    return true;
  }
  if (!writesLogits)
    return report.damaged(entry, "no launch writes the logits");
  return true;
}

/// `extent` is linear, so its values at both ends of the range bound the
/// others.
bool ProgramVerifier::verifyExtent(const std::string &owner, const char *field,
                                   const Extent &extent,
                                   uint64_t &largest) const {
  if (!isEnum(extent.symbol()))
    return report.damaged(entry, owner, field, " depends on symbol ",
                          static_cast<uint32_t>(extent.symbol()),
                          ", but the largest is ",
                          static_cast<uint32_t>(format::Symbol::MAX));
  int64_t least = extent.symbol() == format::Symbol::Tokens ? 1 : 0;
  int64_t most = program.max_tokens();
  for (int64_t size : {least, most})
    if (!evaluate(extent, size))
      return report.damaged(entry, owner, field, " = ", extent.scale(), " * ",
                            size, " + ", extent.constant(),
                            " is negative or does not fit 63 bits");
  largest = std::max(*evaluate(extent, least), *evaluate(extent, most));
  return true;
}

bool ProgramVerifier::verifyBuffer(uint32_t index) {
  const format::Buffer &buffer = *program.buffers()->Get(index);
  if (!isPrintable(*buffer.name()) || !isPrintable(*buffer.row_type()))
    return report.damaged(entry, "buffer ", index,
                          " has a name or type that is not a printable text");
  std::string owner = bufferName(index);
  uint64_t rows;
  if (!verifyExtent(owner, "rows", *buffer.extent(), rows))
    return false;
  if (buffer.row_bytes() == 0)
    return report.damaged(entry, owner, "rows of 0 bytes");
  if (buffer.offset() % MOERT_ALIGNMENT != 0)
    return report.damaged(entry, owner, "offset ", buffer.offset(),
                          " is not a multiple of ", MOERT_ALIGNMENT);
  CheckedSize bytes = CheckedSize(rows) * buffer.row_bytes();
  CheckedSize end = bytes + buffer.offset();
  if (!end || *end > program.arena_bytes())
    return report.damaged(entry, owner, rows, " rows of ", buffer.row_bytes(),
                          " bytes at offset ", buffer.offset(),
                          " pass the end of the arena of ",
                          program.arena_bytes(), " bytes");
  if (buffer.first_use() > buffer.last_use() ||
      buffer.last_use() >= program.launches()->size())
    return report.damaged(entry, owner, "lives from launch ",
                          buffer.first_use(), " to ", buffer.last_use(),
                          ", but there are ", program.launches()->size());
  bufferBytes.push_back(*bytes);
  return true;
}

/// Buffers that live at the same time lie apart: a sweep over the launches.
bool ProgramVerifier::verifyOverlap() const {
  std::vector<uint32_t> order(bufferBytes.size());
  std::iota(order.begin(), order.end(), 0);
  auto buffers = program.buffers();
  auto key = [&](uint32_t i) {
    return std::make_pair(buffers->Get(i)->first_use(), i);
  };
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
  std::map<uint64_t, uint32_t> live;      // by offset: they lie apart
  std::multimap<uint32_t, uint64_t> ends; // last use -> offset
  for (uint32_t i : order) {
    const format::Buffer &buffer = *buffers->Get(i);
    while (!ends.empty() && ends.begin()->first < buffer.first_use()) {
      live.erase(ends.begin()->second);
      ends.erase(ends.begin());
    }
    if (bufferBytes[i] == 0)
      continue;
    auto next = live.lower_bound(buffer.offset());
    uint64_t end = buffer.offset() + bufferBytes[i];
    if (next != live.end() && next->first < end)
      return report.damaged(entry, bufferName(i), "overlaps buffer ",
                            next->second, " during launch ",
                            buffer.first_use());
    if (next != live.begin() &&
        std::prev(next)->first + bufferBytes[std::prev(next)->second] >
            buffer.offset())
      return report.damaged(entry, bufferName(i), "overlaps buffer ",
                            std::prev(next)->second, " during launch ",
                            buffer.first_use());
    live.emplace(buffer.offset(), i);
    ends.emplace(buffer.last_use(), buffer.offset());
  }
  return true;
}

bool ProgramVerifier::verifyLaunch(uint32_t index) {
  const format::Launch &launch = *program.launches()->Get(index);
  std::string owner = "launch " + std::to_string(index) + ": ";
  uint32_t kernels = target.kernels()->size();
  if (launch.kernel() >= kernels)
    return report.damaged(entry, owner, "kernel is ", launch.kernel(),
                          ", but there are ", kernels);
  const format::Kernel &kernel = *target.kernels()->Get(launch.kernel());
  uint64_t expected = uint64_t(kernel.operands()) + kernel.results();
  if (launch.arguments()->size() != expected)
    return report.damaged(entry, owner, "has ", launch.arguments()->size(),
                          " arguments, but kernel ", kernel.symbol()->str(),
                          " has ", expected);
  if (launch.grain() == 0)
    return report.damaged(entry, owner, "grain is 0");
  if (!isEnum(launch.weight_use()))
    return report.damaged(entry, owner, "weight use is ",
                          static_cast<uint32_t>(launch.weight_use()),
                          ", but the largest is ",
                          static_cast<uint32_t>(format::WeightUse::MAX));
  uint64_t unused;
  if (!verifyExtent(owner, "rows", *launch.rows(), unused) ||
      !verifyExtent(owner, "tasks", *launch.tasks(), unused) ||
      !verifyExtent(owner, "flops", *launch.flops(), unused))
    return false;
  for (uint32_t i = 0; i < launch.arguments()->size(); ++i) {
    const format::Argument &argument = *launch.arguments()->Get(i);
    std::string name = owner + "argument " + std::to_string(i) + ": ";
    if (!verifyArgument(name, index, argument))
      return false;
    bool written = i >= kernel.operands();
    if (written && (argument.kind() == ArgumentKind::Tensor ||
                    argument.kind() == ArgumentKind::Input))
      return report.damaged(entry, name, "is written, but its kind is ",
                            format::EnumNameArgumentKind(argument.kind()));
    writesLogits |= written && argument.kind() == ArgumentKind::Logits;
    if (written && argument.kind() == ArgumentKind::Top)
      writesTop[argument.index()] = true;
  }
  return verifyTensorMaps(owner, launch) &&
         (!kernel.library() ||
          verifyLibraryCall(report, {table, program, kernel, launch},
                            entry + owner));
}

/// What a tensor map describes: row-major matrices whose rows are multiples of
/// 16 bytes.
bool ProgramVerifier::verifyTensorMaps(const std::string &owner,
                                       const format::Launch &launch) const {
  constexpr uint64_t alignment = 16;
  const auto *maps = target.kernels()->Get(launch.kernel())->tensor_maps();
  if (!maps)
    return true;
  for (const format::TensorMap *map : *maps) {
    const format::Argument &argument = *launch.arguments()->Get(map->operand());
    if (argument.kind() != ArgumentKind::Tensor)
      return report.damaged(entry, owner, "argument ", map->operand(),
                            " has a tensor map, but its kind is ",
                            format::EnumNameArgumentKind(argument.kind()));
    const format::Tensor &tensor = *table.tensors()->Get(argument.index());
    const auto &shape = *tensor.shape();
    uint64_t columns = shape.size() < 2 ? 0 : shape.Get(shape.size() - 1);
    if (tensor.layout() != format::Layout::RowMajor || columns == 0 ||
        columns * elementBytes(tensor.type()) % alignment != 0)
      return report.damaged(entry, owner, "tensor ", tensor.name()->str(),
                            " has a tensor map, but is no row-major matrix "
                            "with rows of multiples of 16 bytes");
  }
  return true;
}

bool ProgramVerifier::verifyArgument(const std::string &owner, uint32_t launch,
                                     const format::Argument &argument) {
  uint64_t count = 0; // what the index may choose from
  switch (argument.kind()) {
  case ArgumentKind::Buffer:
    count = program.buffers()->size();
    break;
  case ArgumentKind::Tensor:
    count = table.tensors()->size();
    break;
  case ArgumentKind::Input:
    count = static_cast<uint64_t>(format::InputKind::MAX) + 1;
    break;
  case ArgumentKind::Cache:
    count = table.model()->layers();
    break;
  case ArgumentKind::Logits:
    count = 1;
    break;
  case ArgumentKind::Top:
    count = table.model()->top_logits() ? 2 : 0;
    break;
  default:
    return report.damaged(
        entry, owner, "kind is ", static_cast<uint32_t>(argument.kind()),
        ", but the largest is ", static_cast<uint32_t>(ArgumentKind::MAX));
  }
  if (argument.index() >= count)
    return report.damaged(entry, owner,
                          format::EnumNameArgumentKind(argument.kind()), " ",
                          argument.index(), ", but there are ", count);
  return argument.kind() != ArgumentKind::Buffer ||
         verifyBufferUse(owner, launch, argument.index());
}

bool ProgramVerifier::verifyBufferUse(const std::string &owner, uint32_t launch,
                                      uint32_t index) const {
  const format::Buffer &buffer = *program.buffers()->Get(index);
  if (launch >= buffer.first_use() && launch <= buffer.last_use())
    return true;
  return report.damaged(entry, owner, bufferName(index), "lives from launch ",
                        buffer.first_use(), " to ", buffer.last_use(), " only");
}

bool moert::verifyPrograms(const Report &report, const format::Artifact &table,
                           const format::Target &target) {
  for (const format::Program *program : *target.programs())
    if (!ProgramVerifier(report, table, target, *program).verify())
      return false;
  return true;
}
