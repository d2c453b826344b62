//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/import/CheckpointFile.h"

#include "compiler/import/Refusal.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <optional>

using namespace llvm;
using namespace moec;

/// The largest published index is a tenth of it.
static constexpr uint64_t largestText = uint64_t(64) << 20;

bool moec::entryExists(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status, /*follow=*/false);
}

/// The command that downloads what a path in a Hugging Face cache lacks, or
/// nothing for another path.
static std::optional<std::string> downloadCommand(StringRef path) {
  for (auto part = sys::path::begin(path); part != sys::path::end(path);
       ++part) {
    StringRef name = *part;
    if (name.consume_front("models--") && name.contains("--")) {
      auto [organization, model] = name.split("--");
      return ("hf download " + organization + "/" + model).str();
    }
  }
  return std::nullopt;
}

static Error refuseAbsent(StringRef path) {
  std::optional<std::string> command = downloadCommand(path);
  if (entryExists(path))
    return refuse(path, "not downloaded: the link leads to nothing; run `" +
                            command.value_or("hf download") + "`");
  if (command)
    return refuse(path, "not downloaded; run `" + *command + "`");
  return refuse(path, "no such file");
}

Expected<uint64_t> moec::regularFileSize(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return code == std::errc::no_such_file_or_directory
               ? refuseAbsent(path)
               : refuse(path, code.message());
  if (status.type() == sys::fs::file_type::directory_file)
    return refuse(path, "a folder, where a file is expected");
  if (status.type() != sys::fs::file_type::regular_file)
    return refuse(path, "not a regular file");
  return status.getSize();
}

Expected<std::string> moec::readStart(StringRef path, uint64_t length) {
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(path);
  if (!file)
    return refuse(path, toString(file.takeError()));
  std::string bytes(length, '\0');
  uint64_t filled = 0;
  while (filled < length) {
    Expected<size_t> count = sys::fs::readNativeFile(
        *file, MutableArrayRef<char>(bytes).drop_front(filled));
    if (!count || *count == 0) {
      sys::fs::closeFile(*file);
      return refuse(path, count ? "became shorter while it was read"
                                : toString(count.takeError()));
    }
    filled += *count;
  }
  sys::fs::closeFile(*file);
  return bytes;
}

Expected<std::string> moec::readTextFile(StringRef path) {
  Expected<uint64_t> size = regularFileSize(path);
  if (!size)
    return size.takeError();
  if (*size > largestText)
    return refuse(path, Twine(*size) + " bytes, more than the " +
                            Twine(largestText) + " that are allowed");
  return readStart(path, *size);
}

bool moec::isPlainFileName(StringRef name) {
  constexpr size_t longestName = 255;
  return !name.empty() && name.size() <= longestName && name != "." &&
         name != ".." && none_of(name, [](unsigned char c) {
           return c == '/' || c < 0x20 || c == 0x7f;
         });
}

std::string moec::pathIn(StringRef folder, StringRef name) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}
