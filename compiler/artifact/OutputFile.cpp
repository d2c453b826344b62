//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/OutputFile.h"

#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <unistd.h>
#include <utility>

using namespace llvm;
using namespace moec;

/// While it lives, a write beyond the limit on file sizes fails with an error
/// in place of ending the process.
class OutputFile::SizeLimitAsError {
public:
  SizeLimitAsError() : previous(std::signal(SIGXFSZ, SIG_IGN)) {}
  ~SizeLimitAsError() { std::signal(SIGXFSZ, previous); }

private:
  void (*previous)(int);
};

static Error cannotWrite(StringRef path, const Twine &why) {
  return createStringError(path + ": cannot be written: " + why);
}

/// The folder that holds `path`.
static StringRef folderOf(StringRef path) {
  StringRef folder = sys::path::parent_path(path);
  return folder.empty() ? "." : folder;
}

/// Why no file can ever get the name `path`, if that is so.
static Error checkName(StringRef path) {
  if (path.empty())
    return createStringError("the output has an empty name; name a file");
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) && !sys::fs::is_regular_file(status))
    return cannotWrite(path, "it is no regular file; name another one");
  if (!sys::fs::is_directory(folderOf(path)))
    return cannotWrite(path, "there is no folder '" + folderOf(path) +
                                 "'; create it, or name another one");
  if (sys::path::filename(path) == ".")
    return cannotWrite(path, "it names a folder; name a file in it");
  return Error::success();
}

Expected<OutputFile> OutputFile::create(StringRef path) {
  if (Error error = checkName(path))
    return error;
  std::string process = std::to_string(sys::Process::getProcessId());
  std::error_code code;
  // A process of the same number may have been killed here before.
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string temporary =
        (path + "." + process + "." + Twine(attempt) + ".tmp").str();
    int descriptor;
    code = sys::fs::openFileForReadWrite(
        temporary, descriptor, sys::fs::CD_CreateNew, sys::fs::OF_None);
    if (!code)
      return OutputFile(path, std::move(temporary), descriptor);
    if (code != std::errc::file_exists)
      break;
  }
  return cannotWrite(path, code.message() +
                               "; name a file in a folder that you may write");
}

OutputFile::OutputFile(StringRef path, std::string temporary, int descriptor)
    : path(path), temporary(std::move(temporary)), descriptor(descriptor),
      sizeLimit(std::make_unique<SizeLimitAsError>()) {
  sys::RemoveFileOnSignal(this->temporary);
}

OutputFile::OutputFile(OutputFile &&other)
    : path(std::move(other.path)),
      temporary(std::exchange(other.temporary, std::string())),
      descriptor(std::exchange(other.descriptor, -1)),
      sizeLimit(std::move(other.sizeLimit)) {}

OutputFile::~OutputFile() {
  consumeError(closeDescriptor());
  if (temporary.empty())
    return;
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
}

Error OutputFile::closeDescriptor() {
  int open = std::exchange(descriptor, -1);
  if (open >= 0 && ::close(open) != 0)
    return cannotWrite(path, sys::StrError());
  return Error::success();
}

Error OutputFile::requireSpace(uint64_t size) const {
  ErrorOr<sys::fs::space_info> space = sys::fs::disk_space(folderOf(path));
  if (!space || space->available >= size)
    return Error::success();
  return cannotWrite(path, "it takes " + Twine(size) +
                               " bytes, but the disk has " +
                               Twine(space->available) +
                               " free; make room, or name a file on another "
                               "disk");
}

Error OutputFile::write(uint64_t offset, ArrayRef<uint8_t> bytes) {
  // Linux writes at most 2 GiB at once.
  constexpr size_t most = 1 << 30;
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(descriptor, bytes.data(),
                             std::min(bytes.size(), most), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return cannotWrite(path,
                         sys::StrError(count < 0 ? errno : ENOSPC) +
                             " at byte " + Twine(offset) +
                             "; make room, or name a file on another disk");
    bytes = bytes.drop_front(count);
    offset += count;
  }
  return Error::success();
}

Error OutputFile::commit() {
  if (Error error = closeDescriptor())
    return error;
  if (std::error_code code = sys::fs::rename(temporary, path))
    return cannotWrite(path, code.message());
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}
