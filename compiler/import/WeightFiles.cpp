//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/WeightFiles.h"

#include "compiler/import/CheckpointFile.h"
#include "compiler/import/HubCache.h"
#include "compiler/import/Refusal.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace moec;

/// A file, mapped as a whole, and open so that its size can be watched.
class WeightFiles::MappedFile {
public:
  MappedFile(sys::fs::file_t file, uint64_t size) : file(file), size(size) {}
  ~MappedFile() {
    region.unmap();
    sys::fs::closeFile(file);
  }

  std::error_code map() {
    std::error_code code;
    if (size)
      region = sys::fs::mapped_file_region(
          file, sys::fs::mapped_file_region::readonly, size, 0, code);
    return code;
  }
  const char *data() const { return size ? region.const_data() : nullptr; }
  /// Touching a page beyond the end of a file that shrank kills the process.
  bool hasShrunk() const {
    sys::fs::file_status status;
    return sys::fs::status(file, status) || status.getSize() < size;
  }

  sys::fs::file_t file;
  uint64_t size;

private:
  sys::fs::mapped_file_region region;
};

WeightFiles::WeightFiles(std::string path) : path(std::move(path)) {}
WeightFiles::WeightFiles(WeightFiles &&) = default;
WeightFiles &WeightFiles::operator=(WeightFiles &&) = default;
WeightFiles::~WeightFiles() = default;

Expected<WeightFiles> WeightFiles::open(StringRef folder) {
  Expected<std::string> path = findCheckpointFolder(folder);
  if (!path)
    return path.takeError();
  return WeightFiles(std::move(*path));
}

Expected<WeightFiles::MappedFile *> WeightFiles::map(StringRef name) {
  if (auto known = files.find(name); known != files.end())
    return known->second.get();
  if (!isPlainFileName(name))
    return refuse(path, quote(name) + " is not the name of a file in the "
                                      "folder of the checkpoint");
  std::string filePath = pathIn(path, name);
  Expected<uint64_t> size = regularFileSize(filePath);
  if (!size)
    return size.takeError();
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(filePath);
  if (!file)
    return refuse(filePath, toString(file.takeError()));
  auto mapped = std::make_unique<MappedFile>(*file, *size);
  if (std::error_code code = mapped->map())
    return refuse(filePath, "cannot be mapped: " + code.message());
  return (files[name] = std::move(mapped)).get();
}

Expected<ArrayRef<uint8_t>> WeightFiles::get(moe::BytesAttr range) {
  StringRef name = range.getFile().getValue();
  Expected<MappedFile *> file = map(name);
  if (!file)
    return file.takeError();
  int64_t offset = range.getOffset(), length = range.getLength();
  uint64_t size = (*file)->size;
  bool inside = offset >= 0 && length >= 0 && uint64_t(offset) <= size &&
                uint64_t(length) <= size - uint64_t(offset);
  if (!inside)
    return refuse(pathIn(path, name),
                  Twine(length) + " bytes at offset " + Twine(offset) +
                      " are not in the file of " + Twine(size) + " bytes");
  if ((*file)->hasShrunk())
    return refuse(pathIn(path, name), "became shorter while it was read");
  auto *data = reinterpret_cast<const uint8_t *>((*file)->data());
  return length ? ArrayRef(data + offset, size_t(length)) : ArrayRef<uint8_t>();
}
