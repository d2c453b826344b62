//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/LinkSharedObject.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace moec;

static llvm::Error fileError(llvm::StringRef path, std::error_code code) {
  return llvm::createStringError(
      code, path + ": cannot link kernels there: " + code.message());
}

static llvm::Error writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code)
    return fileError(path, code);
  os << bytes;
  os.close();
  if (!os.has_error())
    return llvm::Error::success();
  code = os.error();
  os.clear_error();
  return fileError(path, code);
}

static llvm::Error runLinker(llvm::StringRef input, llvm::StringRef output) {
  // Once LLD has crashed, its state cannot be trusted.
  static bool usable = true;
  if (!usable)
    return llvm::createStringError("internal: the linker crashed before");
  std::string in = input.str(), out = output.str(), text;
  llvm::raw_string_ostream log(text);
  const char *args[] = {
      "ld.lld",           "-shared",     "--no-undefined", "--build-id=none",
      "--hash-style=gnu", "--threads=1", in.c_str(),       "-o",
      out.c_str()};
  lld::Result result =
      lld::lldMain(args, log, log, {{lld::Gnu, &lld::elf::link}});
  usable = result.canRunAgain;
  if (result.retCode == 0)
    return llvm::Error::success();
  return llvm::createStringError("internal: kernels do not link: " +
                                 llvm::StringRef(text).trim());
}

llvm::Expected<std::string> moec::linkSharedObject(llvm::StringRef object) {
  llvm::SmallString<128> folder;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("moec-link", folder))
    return fileError(folder, code);
  llvm::scope_exit cleanUp([&] { llvm::sys::fs::remove_directories(folder); });
  llvm::SmallString<128> input(folder), output(folder);
  llvm::sys::path::append(input, "kernels.o");
  llvm::sys::path::append(output, "kernels.so");
  if (llvm::Error error = writeFile(input, object))
    return error;
  if (llvm::Error error = runLinker(input, output))
    return error;
  auto linked = llvm::MemoryBuffer::getFile(output);
  if (!linked)
    return fileError(output, linked.getError());
  return (*linked)->getBuffer().str();
}
