//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Verify.h"

#include "runtime/abi/GpuKernel.h"
#include "runtime/abi/Kernel.h"
#include "runtime/artifact/Checksum.h"

#include <cstdio>
#include <cstring>

using namespace moert;

bool moert::isPrintable(const flatbuffers::String &name) {
  if (name.size() == 0 || name.size() > Limits::name)
    return false;
  for (char c : name)
    if (c < 0x20 || c > 0x7e)
      return false;
  return true;
}

bool moert::isIdentifier(const flatbuffers::String &name) {
  if (name.size() == 0 || name.size() > Limits::name)
    return false;
  for (uint32_t i = 0; i < name.size(); ++i) {
    char c = name.c_str()[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool other = (c >= '0' && c <= '9') || c == '.';
    if (!letter && !(other && i > 0))
      return false;
  }
  return true;
}

std::string moert::hexadecimal(uint64_t value) {
  char digits[19];
  std::snprintf(digits, sizeof(digits), "0x%016llx",
                static_cast<unsigned long long>(value));
  return digits;
}

/// The sizes that a header with the right checksum names.
static bool verifySizes(const Report &report, const moert_header &header,
                        ByteSpan file) {
  if (header.reserved != 0)
    return report.damaged("the header's reserved field is ", header.reserved,
                          ", not 0");
  if (header.file_size != file.size)
    return report.damaged("has ", file.size, " bytes, but its header says ",
                          header.file_size);
  if (header.table_offset % MOERT_SEGMENT_ALIGNMENT != 0 ||
      header.table_offset < MOERT_SEGMENT_ALIGNMENT)
    return report.damaged("the table's offset ", header.table_offset,
                          " is not a positive multiple of ",
                          MOERT_SEGMENT_ALIGNMENT);
  if (header.table_offset > file.size ||
      header.table_size != file.size - header.table_offset)
    return report.damaged("a table of ", header.table_size, " bytes at offset ",
                          header.table_offset, " does not end the file of ",
                          file.size, " bytes");
  if (header.table_size >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return report.damaged("the table has ", header.table_size,
                          " bytes, but at most ",
                          FLATBUFFERS_MAX_BUFFER_SIZE - 1, " are allowed");
  return true;
}

bool moert::verifyHeader(const Report &report, ByteSpan file) {
  moert_header header;
  std::memcpy(&header, file.data, sizeof(header));
  if (std::memcmp(header.magic, MOERT_MAGIC, sizeof(header.magic)) != 0)
    return report.refuse("does not begin with the magic of an artifact; name "
                         "a file that `moec compile` wrote");
  uint64_t actual = checksum(&header, offsetof(moert_header, checksum));
  bool intact = actual == header.checksum;
  // Only an intact header can tell that it is of another version.
  if (intact &&
      (header.major != MOERT_FORMAT_MAJOR || header.minor > MOERT_FORMAT_MINOR))
    return report.refuse("has format ", header.major, ".", header.minor,
                         ", but this program reads ", MOERT_FORMAT_MAJOR, ".",
                         MOERT_FORMAT_MINOR,
                         "; compile the model with the moec of this version");
  if (!intact)
    return report.damaged("the header's checksum is ",
                          hexadecimal(header.checksum), ", but its bytes give ",
                          hexadecimal(actual));
  if (!verifySizes(report, header, file))
    return false;
  for (uint64_t i = sizeof(header); i < MOERT_SEGMENT_ALIGNMENT; ++i)
    if (file.data[i] != 0)
      return report.damaged("the padding at offset ", i,
                            ", behind the header, is ", file.data[i],
                            ", not 0");
  return true;
}

bool moert::verifyTable(const Report &report, ByteSpan file) {
  moert_header header;
  std::memcpy(&header, file.data, sizeof(header));
  const uint8_t *data = file.data + header.table_offset;
  uint64_t actual = checksum(data, header.table_size);
  if (actual != header.table_checksum)
    return report.damaged("the table's checksum is ",
                          hexadecimal(header.table_checksum),
                          ", but its bytes give ", hexadecimal(actual));
  flatbuffers::Verifier verifier(data, header.table_size);
  if (header.table_size < 2 * sizeof(flatbuffers::uoffset_t) ||
      !format::VerifyArtifactBuffer(verifier))
    return report.damaged("the table of ", header.table_size,
                          " bytes is not FlatBuffers data of an artifact");
  const format::Artifact &table = *format::GetArtifact(data);
  if (!isPrintable(*table.producer()))
    return report.damaged("the producer's name is not a printable text");
  if (table.kernel_abi() != MOERT_KERNEL_ABI_VERSION)
    return report.refuse("its kernels have interface ", table.kernel_abi(),
                         ", but this program has ", MOERT_KERNEL_ABI_VERSION,
                         "; compile the model with the moec of this version");
  if (table.gpu_kernel_abi() != MOERT_GPU_KERNEL_ABI_VERSION)
    return report.refuse("its kernels for GPUs have interface ",
                         table.gpu_kernel_abi(), ", but this program has ",
                         MOERT_GPU_KERNEL_ABI_VERSION,
                         "; compile the model with the moec of this version");
  return true;
}
