//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Image.h"
#include "runtime/emulator/ptx/Compression.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace emulator::ptx {

namespace {

constexpr uint32_t fatMagic = 0xba55ed50;
constexpr char elfMagic[] = {0x7f, 'E', 'L', 'F'};
constexpr uint64_t mostBytes = uint64_t(256) << 20; ///< unpacked, of an image

/// Header of a fat binary. Entries follow it.
struct FatHeader {
  uint32_t magic;
  uint16_t version, headerBytes;
  uint64_t payloadBytes;
};

/// Header of an entry of a fat binary. The payload follows it.
struct FatEntry {
  uint16_t kind; ///< 1 is PTX, 2 an ELF file with machine code
  uint16_t version;
  uint32_t headerBytes;
  uint64_t payloadBytes;
  uint32_t packedBytes; ///< of a packed payload, without padding
  uint32_t unused;
  uint16_t minor, major;
  uint32_t architecture;
  uint32_t nameOffset, nameBytes;
  uint64_t flags;
  uint64_t reserved;
  uint64_t unpackedBytes;
};
constexpr uint16_t kindPtx = 1;
constexpr uint64_t flagLz4 = 0x2000, flagZstd = 0x8000;

struct ElfHeader {
  unsigned char ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, segments, sections;
  uint32_t flags;
  uint16_t headerBytes, segmentBytes, segmentCount, sectionBytes, sectionCount,
      names;
};

struct ElfSection {
  uint32_t name, type;
  uint64_t flags, address, offset, bytes;
  uint32_t link, info;
  uint64_t align, entryBytes;
};
constexpr uint32_t sectionWithoutBytes = 8; ///< SHT_NOBITS

/// Copies a header out of an image. False past its end.
template <class T>
bool readAt(std::string_view image, uint64_t offset, T &value) {
  if (offset > image.size() || image.size() - offset < sizeof(T))
    return false;
  std::memcpy(&value, image.data() + offset, sizeof(T));
  return true;
}

/// The bytes from `offset`, or none past the end.
std::optional<std::string_view> slice(std::string_view image, uint64_t offset,
                                      uint64_t bytes) {
  if (offset > image.size() || bytes > image.size() - offset)
    return std::nullopt;
  return image.substr(offset, bytes);
}

/// What was found so far.
class Search {
public:
  explicit Search(const Profile &profile) : profile_(profile) {}

  /// Looks through fat binaries that stand one behind the other.
  void lookIntoFat(std::string_view image);
  void lookIntoElf(std::string_view image);
  void take(std::string_view ptx);
  ImageResult result() const;

private:
  bool lookIntoEntries(std::string_view payload);
  bool unpack(const FatEntry &entry, std::string_view packed,
              std::string &unpacked);
  void takeEntry(const FatEntry &entry, std::string_view payload);
  void fail(const char *message) {
    if (error_.empty())
      error_ = message;
  }

  const Profile &profile_;
  std::string best_, bestTarget_, refused_, error_;
  uint64_t unpackedBytes_ = 0;
};

/// The word behind `.target`.
std::string_view targetOf(std::string_view ptx) {
  size_t at = ptx.find(".target");
  if (at == std::string_view::npos)
    return {};
  std::string_view rest = ptx.substr(at + 7);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  return rest.substr(0, rest.find_first_of(" \t\r\n,;/"));
}

/// 90 of `sm_90a`; 0 for what is no target.
unsigned numberOf(std::string_view target) {
  if (target.substr(0, 3) != "sm_" || target.size() > 7)
    return 0;
  unsigned number = 0;
  for (char c : target.substr(3))
    if (c >= '0' && c <= '9')
      number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

/// Newer first; of the same number, one with a suffix, which has more.
bool better(std::string_view a, std::string_view b) {
  return numberOf(a) != numberOf(b) ? numberOf(a) > numberOf(b)
                                    : a.size() > b.size();
}

void Search::take(std::string_view ptx) {
  std::string_view text = ptx.substr(0, ptx.find('\0'));
  std::string_view target = targetOf(text);
  if (!canRun(target, profile_)) {
    refused_ = target;
    return;
  }
  if (!best_.empty() && !better(target, bestTarget_))
    return;
  best_ = text;
  bestTarget_ = target;
}

void Search::takeEntry(const FatEntry &entry, std::string_view payload) {
  if (!(entry.flags & (flagLz4 | flagZstd)))
    return take(payload);
  if (entry.unpackedBytes > mostBytes - unpackedBytes_ ||
      entry.packedBytes > payload.size())
    return fail("a packed entry of the fat binary has a wrong size");
  unpackedBytes_ += entry.unpackedBytes;
  if (entry.flags & flagZstd && !haveZstd())
    return fail("the fat binary is packed with zstd, which this build cannot "
                "unpack: make it with --compress=false");
  std::string unpacked;
  if (!unpack(entry, payload.substr(0, entry.packedBytes), unpacked))
    return fail("a packed entry of the fat binary is damaged");
  take(unpacked);
}

/// Memory is asked for only where the packed bytes can fill it.
bool Search::unpack(const FatEntry &entry, std::string_view packed,
                    std::string &unpacked) {
  bool zstd = entry.flags & flagZstd;
  if (entry.unpackedBytes > (zstd ? mostZstd(packed) : mostLz4(packed)))
    return false;
  unpacked.resize(entry.unpackedBytes);
  return zstd ? unpackZstd(packed, unpacked) : unpackLz4(packed, unpacked);
}

bool Search::lookIntoEntries(std::string_view payload) {
  uint64_t at = 0;
  while (at < payload.size()) {
    FatEntry entry;
    if (!readAt(payload, at, entry) || entry.headerBytes < sizeof(entry) ||
        entry.headerBytes > payload.size() - at)
      return false;
    auto bytes = slice(payload, at + entry.headerBytes, entry.payloadBytes);
    if (!bytes)
      return false;
    if (entry.kind == kindPtx)
      takeEntry(entry, *bytes);
    at += entry.headerBytes + entry.payloadBytes;
  }
  return true;
}

void Search::lookIntoFat(std::string_view image) {
  uint64_t at = 0;
  FatHeader header;
  while (readAt(image, at, header) && header.magic == fatMagic) {
    auto payload = slice(image, at + header.headerBytes, header.payloadBytes);
    if (header.headerBytes < sizeof(header) || !payload ||
        !lookIntoEntries(*payload))
      return fail("the fat binary is damaged");
    // The next one begins at a multiple of 8 bytes.
    at += header.headerBytes + header.payloadBytes;
    at = (at + 7) / 8 * 8;
  }
}

void Search::lookIntoElf(std::string_view image) {
  ElfHeader header;
  if (!readAt(image, 0, header) || header.sectionBytes < sizeof(ElfSection))
    return fail("the ELF file is damaged");
  uint64_t seen = 0;
  for (unsigned i = 0; i != header.sectionCount; ++i) {
    ElfSection section;
    uint64_t offset = uint64_t(i) * header.sectionBytes;
    if (header.sections > image.size() ||
        !readAt(image, header.sections + offset, section))
      return fail("the ELF file is damaged");
    if (section.type == sectionWithoutBytes)
      continue;
    auto bytes = slice(image, section.offset, section.bytes);
    uint32_t magic;
    // Sections that lie over each other would be searched again and again.
    if (!bytes || (seen += bytes->size()) > image.size())
      return fail("the ELF file is damaged");
    if (readAt(*bytes, 0, magic) && magic == fatMagic)
      lookIntoFat(*bytes);
    else if (bytes->substr(0, 8) == ".version")
      take(*bytes);
  }
}

ImageResult Search::result() const {
  if (!best_.empty())
    return {ImageStatus::Found, {}, best_};
  if (!error_.empty())
    return {ImageStatus::Invalid, error_, {}};
  std::string found = refused_.empty()
                          ? "the image holds no PTX, but machine code alone"
                          : "the image holds PTX for " + refused_;
  return {ImageStatus::NotForDevice,
          found + ", which an emulated " + profile_.arch + " cannot run",
          {}};
}

/// Bytes up to the last section of an ELF file that is in memory.
size_t elfBytes(const char *image) {
  ElfHeader header;
  std::memcpy(&header, image, sizeof(header));
  uint64_t end =
      header.sections + uint64_t(header.sectionBytes) * header.sectionCount;
  for (unsigned i = 0; i != header.sectionCount; ++i) {
    ElfSection section;
    std::memcpy(&section,
                image + header.sections + uint64_t(i) * header.sectionBytes,
                sizeof(section));
    if (section.type != sectionWithoutBytes)
      end = std::max(end, section.offset + section.bytes);
  }
  return end;
}

} // namespace

bool canRun(std::string_view target, const Profile &profile) {
  unsigned number = numberOf(target);
  if (!number)
    return false;
  if (target.back() == 'a')
    return number == profile.number() && profile.accelerated;
  if (target.back() == 'f')
    return number / 10 == profile.major && number <= profile.number();
  return number <= profile.number();
}

ImageResult findPtx(std::string_view image, const Profile &profile) {
  Search search(profile);
  uint32_t magic = 0;
  readAt(image, 0, magic);
  if (magic == fatMagic)
    search.lookIntoFat(image);
  else if (image.substr(0, sizeof(elfMagic)) ==
           std::string_view(elfMagic, sizeof(elfMagic)))
    search.lookIntoElf(image);
  else if (image.find(".version") != std::string_view::npos)
    return {
        ImageStatus::Found, {}, std::string(image.substr(0, image.find('\0')))};
  else
    return {ImageStatus::Invalid,
            "the image is neither PTX nor a fat binary nor an ELF file",
            {}};
  return search.result();
}

std::optional<size_t> imageBytes(const void *image) {
  auto bytes = static_cast<const char *>(image);
  // Byte by byte: a text may be shorter than the header of a fat binary.
  if (std::equal(elfMagic, elfMagic + sizeof(elfMagic), bytes))
    return elfBytes(bytes);
  char magic[sizeof(fatMagic)];
  std::memcpy(magic, &fatMagic, sizeof(magic));
  if (std::equal(magic, magic + sizeof(magic), bytes)) {
    FatHeader header;
    std::memcpy(&header, bytes, sizeof(header));
    return header.payloadBytes <= mostBytes * 16
               ? std::optional<size_t>(header.headerBytes + header.payloadBytes)
               : std::nullopt;
  }
  return std::strlen(bytes);
}

} // namespace emulator::ptx
