//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/profile/LaunchCounts.h"

#include <cinttypes>
#include <cstdio>

namespace emulator {
namespace {

/// JSON as it grows: members of objects, and elements of arrays.
class JsonText {
public:
  void open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    text_ += bracket;
    first_ = false;
  }
  void key(const char *name) {
    separate();
    quote(name);
    text_ += ':';
    first_ = true;
  }
  void number(uint64_t value) {
    separate();
    text_ += std::to_string(value);
  }
  void string(const std::string &value) {
    separate();
    quote(value);
  }
  void boolean(bool value) {
    separate();
    text_ += value ? "true" : "false";
  }
  void member(const char *name, uint64_t value) {
    key(name);
    number(value);
  }
  void member(const char *name, const std::string &value) {
    key(name);
    string(value);
  }
  void member(const char *name, Dim3 value) {
    key(name);
    open('[');
    for (uint32_t extent : {value.x, value.y, value.z})
      number(extent);
    close(']');
  }
  std::string take() { return std::move(text_); }

private:
  void separate() {
    if (!first_)
      text_ += ',';
    first_ = false;
  }
  /// Bytes beyond ASCII stand for themselves, those of no text for nothing.
  void quote(const std::string &value) {
    text_ += '"';
    for (const char c : value) {
      const auto code = static_cast<unsigned char>(c);
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", code);
      if (code < 0x20 || code == 0x7F)
        text_ += escape;
      else
        text_ += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    text_ += '"';
  }

  std::string text_;
  bool first_ = true;
};

void writeGlobal(JsonText &json, const LaunchCounts &counts) {
  const RequestedBytes &requested =
      counts.requested[static_cast<unsigned>(ProfiledSpace::Global)];
  json.key("global");
  json.open('{');
  json.member("read_bytes", counts.uniqueRead);
  json.member("written_bytes", counts.uniqueWritten);
  json.member("requested_read_bytes", requested.read);
  json.member("requested_written_bytes", requested.written);
  json.member("requested_atomic_bytes", requested.atomic);
  json.member("read_sectors", counts.sectorsRead);
  json.member("written_sectors", counts.sectorsWritten);
  json.key("allocations");
  json.open('[');
  for (const AllocationCounts &allocation : counts.allocations) {
    json.open('{');
    json.member("address", allocation.address);
    json.member("bytes", allocation.bytes);
    if (!allocation.name.empty())
      json.member("name", allocation.name);
    json.member("read_bytes", allocation.read);
    json.member("written_bytes", allocation.written);
    json.close('}');
  }
  json.close(']');
  json.close('}');
}

/// A space without caches and banks.
void writeSpace(JsonText &json, const LaunchCounts &counts, const char *name,
                ProfiledSpace space) {
  const RequestedBytes &requested =
      counts.requested[static_cast<unsigned>(space)];
  json.key(name);
  json.open('{');
  json.member("read_bytes", requested.read);
  json.member("written_bytes", requested.written);
  json.member("atomic_bytes", requested.atomic);
  if (space == ProfiledSpace::Shared) {
    json.member("product_bytes", counts.productBytes);
    json.member("accesses", counts.sharedAccesses);
    json.member("wavefronts", counts.wavefronts);
    json.member("bank_conflicts", counts.bankConflicts);
  }
  json.close('}');
}

void writeLines(JsonText &json, const LaunchCounts &counts) {
  json.key("lines");
  json.open('[');
  for (const InstructionCounts &each : counts.sites) {
    json.open('{');
    json.member("line", each.site->line);
    json.member("instruction", each.site->text);
    json.member("warps", each.warps);
    json.member("lanes", each.lanes);
    json.member("bytes", each.bytes);
    json.member("sectors", each.sectors);
    json.member("wavefronts", each.wavefronts);
    json.member("bank_conflicts", each.wavefronts - each.leastWavefronts);
    json.close('}');
  }
  json.close(']');
}

void writeInstructions(JsonText &json, const LaunchCounts &counts) {
  json.key("instructions");
  json.open('{');
  json.member("warps", counts.instructions);
  json.member("lanes", counts.lanes);
  json.key("kinds");
  json.open('{');
  for (const auto &[kind, count] : counts.kinds)
    json.member(kind.c_str(), count);
  json.close('}');
  json.close('}');
  json.key("matrix");
  json.open('{');
  json.member("instructions", counts.matrixInstructions);
  json.member("flops", counts.matrixOperations);
  json.close('}');
  json.key("atomics");
  json.open('{');
  json.member("instructions", counts.atomicInstructions);
  json.member("lanes", counts.atomicLanes);
  json.close('}');
}

} // namespace

std::string toJson(const LaunchCounts &counts, uint64_t number, bool lines) {
  JsonText json;
  json.open('{');
  json.member("launch", number);
  json.member("kernel", counts.kernel);
  json.key("library");
  json.boolean(counts.library);
  json.member("file", counts.file);
  json.member("arch", counts.arch);
  json.member("grid", counts.grid);
  json.member("block", counts.block);
  json.member("cluster", counts.cluster);
  json.member("shared_bytes", counts.sharedBytes);
  json.member("warps", counts.warps);
  json.key("faulted");
  json.boolean(counts.faulted);
  writeInstructions(json, counts);
  writeGlobal(json, counts);
  writeSpace(json, counts, "shared", ProfiledSpace::Shared);
  writeSpace(json, counts, "cluster_shared", ProfiledSpace::Cluster);
  writeSpace(json, counts, "local", ProfiledSpace::Local);
  writeSpace(json, counts, "constant", ProfiledSpace::Constant);
  if (lines)
    writeLines(json, counts);
  json.close('}');
  return json.take();
}

} // namespace emulator
