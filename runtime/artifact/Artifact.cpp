//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"
#include "runtime/artifact/Verify.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace moert;

namespace {

/// A file descriptor that is closed with its scope.
class OpenFile {
public:
  explicit OpenFile(const std::string &path)
      // A FIFO must not block here; it is refused as no regular file.
      : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  OpenFile(const OpenFile &) = delete;
  OpenFile &operator=(const OpenFile &) = delete;

  const int descriptor;
};

} // namespace

/// Maps the regular file at `path`; no bytes on failure.
static ByteSpan mapFile(const std::string &path, const Report &report) {
  OpenFile file(path);
  struct stat status;
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) {
    report.refuse("cannot open: ", std::strerror(errno));
    return {};
  }
  if (!S_ISREG(status.st_mode)) {
    report.refuse("is not a regular file; name a .moe artifact");
    return {};
  }
  uint64_t size = static_cast<uint64_t>(status.st_size);
  if (size < MOERT_SEGMENT_ALIGNMENT) {
    report.refuse("has ", size, " bytes, but an artifact has at least ",
                  MOERT_SEGMENT_ALIGNMENT, "; name a .moe artifact");
    return {};
  }
  void *data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor, 0);
  if (data == MAP_FAILED) {
    report.refuse("cannot map ", size, " bytes: ", std::strerror(errno));
    return {};
  }
  return {static_cast<const uint8_t *>(data), size};
}

std::unique_ptr<Artifact> Artifact::open(const std::string &path,
                                         VerifyDepth depth, std::string &error,
                                         const VerifyProgress &progress) {
  Report report(path, error);
  ByteSpan file = mapFile(path, report);
  if (!file.data)
    return nullptr;
  std::unique_ptr<Artifact> artifact(new Artifact(path, file));
  if (!verifyHeader(report, file) || !verifyTable(report, file))
    return nullptr;
  moert_header header;
  std::memcpy(&header, file.data, sizeof(header));
  artifact->table_ = format::GetArtifact(file.data + header.table_offset);
  const format::Artifact &table = artifact->table();
  if (!verifySegments(report, file, table) ||
      !verifyModel(report, *table.model()) || !verifyTensors(report, table) ||
      !verifyTargets(report, table))
    return nullptr;
  if (depth == VerifyDepth::Deep && !verifyWeights(report, *artifact, progress))
    return nullptr;
  return artifact;
}

Artifact::~Artifact() {
  ::munmap(const_cast<uint8_t *>(file_.data), file_.size);
}

ByteSpan Artifact::segment(uint32_t index) const {
  const format::Segment *segment = table().segments()->Get(index);
  return {file_.data + segment->offset(), segment->length()};
}

ByteSpan Artifact::tensor(uint32_t index) const {
  const format::Tensor *tensor = table().tensors()->Get(index);
  const format::Segment *segment = table().segments()->Get(tensor->segment());
  return {file_.data + segment->offset() + tensor->offset(), tensor->length()};
}

ByteSpan Artifact::tokenizer() const {
  uint32_t index = table().tokenizer();
  return index == 0 ? ByteSpan() : segment(index - 1);
}
