//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/PhaseDump.h"

#include "compiler/artifact/OutputFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace moec;

Error moec::writeTextFile(StringRef path, StringRef text) {
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->write(0, arrayRefFromStringRef(text)))
    return error;
  return file->commit();
}

Expected<PhaseDump> PhaseDump::open(std::string folder) {
  if (folder.empty())
    return PhaseDump("");
  std::error_code code = sys::fs::create_directories(folder);
  if (!code && !sys::fs::is_directory(folder))
    code = std::make_error_code(std::errc::not_a_directory);
  if (code)
    return createStringError("--dump-phases-to: the folder '" + folder +
                             "' cannot be made: " + code.message());
  return PhaseDump(std::move(folder));
}

Error PhaseDump::write(StringRef name, StringRef text) {
  if (!isOn())
    return Error::success();
  std::string prefix = std::to_string(++number) + "-";
  SmallString<128> path(folder);
  sys::path::append(path, (number < 10 ? "0" : "") + prefix + name);
  return writeTextFile(path, text);
}
