//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/NpyWriter.h"

#include "runtime/tools/Failure.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

using namespace moert::tools;

static constexpr size_t bufferBytes = size_t(1) << 20;

std::string moert::tools::npyHeader(const std::string &descr,
                                    const std::vector<uint64_t> &shape) {
  std::string extents;
  for (uint64_t extent : shape)
    extents += std::to_string(extent) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1)
    extents.resize(extents.size() - 2);
  std::string header = "{'descr': '" + descr +
                       "', 'fortran_order': False, 'shape': (" + extents +
                       "), }";
  // Magic, version and length take 10 bytes; the last one is a newline.
  size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.append(total - 10 - header.size() - 1, ' ').push_back('\n');
  std::string out("\x93NUMPY\x01\x00", 8);
  out.push_back(static_cast<char>(header.size() & 0xFF));
  out.push_back(static_cast<char>(header.size() >> 8));
  return out + header;
}

NpyWriter::NpyWriter(const std::string &path, int64_t rows, int64_t columns)
    : NpyWriter(path, "<f4",
                {static_cast<uint64_t>(rows), static_cast<uint64_t>(columns)}) {
  rowBytes = static_cast<size_t>(columns) * sizeof(float);
}

NpyWriter::NpyWriter(const std::string &path, const std::string &descr,
                     const std::vector<uint64_t> &shape)
    : path(path) {
  std::error_code ignored;
  bool isSpecial = std::filesystem::exists(path, ignored) &&
                   !std::filesystem::is_regular_file(path, ignored);
  if (!isSpecial)
    temporary = path + "." + std::to_string(getpid()) + ".tmp";
  int flags = O_WRONLY | O_CLOEXEC | (isSpecial ? 0 : O_CREAT | O_EXCL);
  descriptor = open(isSpecial ? path.c_str() : temporary.c_str(), flags, 0666);
  if (descriptor < 0) {
    temporary.clear();
    failWithErrno(path, "cannot write");
  }
  std::string header = npyHeader(descr, shape);
  buffer.reserve(bufferBytes);
  buffer.assign(header.begin(), header.end());
}

NpyWriter::~NpyWriter() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void NpyWriter::write(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = ::write(descriptor, bytes, count);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      failWithErrno(path, "cannot write");
    bytes += written;
    count -= static_cast<size_t>(written);
  }
}

void NpyWriter::flush() {
  write(buffer.data(), buffer.size());
  buffer.clear();
}

void NpyWriter::append(const float *row) { append(row, rowBytes); }

void NpyWriter::append(const void *elements, size_t bytes) {
  const auto *first = static_cast<const char *>(elements);
  buffer.insert(buffer.end(), first, first + bytes);
  if (buffer.size() >= bufferBytes)
    flush();
}

void NpyWriter::finish() {
  flush();
  int closed = close(descriptor);
  descriptor = -1;
  if (closed < 0)
    failWithErrno(path, "cannot write");
  if (temporary.empty())
    return;
  if (std::rename(temporary.c_str(), path.c_str()) < 0)
    failWithErrno(path, "cannot write");
  temporary.clear();
}
