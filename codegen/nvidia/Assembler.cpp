//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/Assembler.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <optional>

using namespace moec;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Tools
//===----------------------------------------------------------------------===//

/// The path of a program of the CUDA Toolkit.
static llvm::Expected<std::string> findTool(StringRef name) {
  llvm::SmallVector<std::string> folders;
  if (const char *home = std::getenv("CUDA_HOME"))
    folders.push_back(std::string(home) + "/bin");
  for (const std::string &folder : folders)
    if (auto path = llvm::sys::findProgramByName(name, {StringRef(folder)}))
      return *path;
  if (auto path = llvm::sys::findProgramByName(name))
    return *path;
  if (auto path = llvm::sys::findProgramByName(name, {"/usr/local/cuda/bin"}))
    return *path;
  return llvm::createStringError(
      name + " is missing: NVIDIA targets need the CUDA Toolkit 13; it was "
             "looked for in bin of $CUDA_HOME, on $PATH and in "
             "/usr/local/cuda/bin");
}

static llvm::Error fileError(StringRef path, std::error_code code) {
  return llvm::createStringError(
      code, path + ": cannot assemble kernels there: " + code.message());
}

namespace {

/// A folder of its own for the files of one run of a tool; gone with it.
class WorkFolder {
public:
  static llvm::Expected<WorkFolder> create() {
    WorkFolder made;
    if (std::error_code code =
            llvm::sys::fs::createUniqueDirectory("moec-cuda", made.path))
      return fileError(made.path, code);
    return made;
  }
  WorkFolder(WorkFolder &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  ~WorkFolder() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }

  std::string file(StringRef name) const {
    llvm::SmallString<128> full(path);
    llvm::sys::path::append(full, name);
    return std::string(full);
  }
  llvm::Error write(StringRef name, StringRef bytes) const {
    std::error_code code;
    llvm::raw_fd_ostream os(file(name), code);
    if (!code) {
      os << bytes;
      os.close();
      code = os.error();
      os.clear_error();
    }
    return code ? fileError(file(name), code) : llvm::Error::success();
  }
  llvm::Expected<std::string> read(StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(file(name));
    if (!buffer)
      return fileError(file(name), buffer.getError());
    return (*buffer)->getBuffer().str();
  }

private:
  WorkFolder() = default;
  llvm::SmallString<128> path;
};

} // namespace

/// Of what a tool printed, the lines that say what is wrong; all if none does.
static std::string complaintsOf(StringRef log) {
  std::string all, errors;
  for (StringRef line : llvm::split(log.trim(), '\n')) {
    all += (all.empty() ? "" : "; ") + line.trim().str();
    if (line.contains("error") || line.contains("fatal"))
      errors += (errors.empty() ? "" : "; ") + line.trim().str();
  }
  return errors.empty() ? all : errors;
}

/// Runs a tool; what it printed is in `log` of the folder. Fails with that if
/// the tool does.
static llvm::Error runTool(StringRef tool, llvm::ArrayRef<std::string> flags,
                           const WorkFolder &folder) {
  llvm::SmallVector<StringRef> arguments = {tool};
  arguments.append(flags.begin(), flags.end());
  std::string log = folder.file("log"), message;
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log),
                                          StringRef(log)};
  int status = llvm::sys::ExecuteAndWait(tool, arguments, std::nullopt,
                                         redirects, 0, 0, &message);
  if (status == 0)
    return llvm::Error::success();
  llvm::Expected<std::string> text = folder.read("log");
  if (!text)
    return text.takeError();
  std::string said = message.empty() ? complaintsOf(*text) : message;
  return llvm::createStringError("internal: " + tool + " failed: " + said);
}

//===----------------------------------------------------------------------===//
// ptxas
//===----------------------------------------------------------------------===//

/// The number before `unit` in a line: 48 of "Used 48 registers".
static int64_t numberBefore(StringRef line, StringRef unit) {
  StringRef before = line.split(unit).first;
  if (before.size() == line.size())
    return 0;
  int64_t number = 0;
  StringRef digits = before.rtrim().rsplit(' ').second;
  return digits.getAsInteger(10, number) ? 0 : number;
}

llvm::StringMap<KernelResources> moec::parseResources(StringRef log) {
  llvm::StringMap<KernelResources> kernels;
  KernelResources *current = nullptr;
  llvm::SmallVector<StringRef> lines;
  log.split(lines, '\n');
  for (StringRef line : lines) {
    auto [before, name] = line.split("Compiling entry function '");
    if (!name.empty())
      current = &kernels[name.split('\'').first];
    if (!current)
      continue;
    if (line.contains("bytes stack frame")) {
      current->stackBytes = numberBefore(line, " bytes stack frame");
      current->spillStores = numberBefore(line, " bytes spill stores");
      current->spillLoads = numberBefore(line, " bytes spill loads");
    } else if (line.contains("registers")) {
      current->registers = numberBefore(line, " registers");
      current->sharedBytes = numberBefore(line, " bytes smem");
    }
  }
  return kernels;
}

llvm::Expected<Assembly> moec::assemblePtx(StringRef ptx, StringRef arch) {
  llvm::Expected<std::string> ptxas = findTool("ptxas");
  if (!ptxas)
    return ptxas.takeError();
  llvm::Expected<WorkFolder> folder = WorkFolder::create();
  if (!folder)
    return folder.takeError();
  if (llvm::Error error = folder->write("kernels.ptx", ptx))
    return error;
  if (llvm::Error error =
          runTool(*ptxas,
                  {"-O3", "-v", "-warn-spills", "-warn-lmem-usage", "-Werror",
                   "-arch=" + arch.str(), folder->file("kernels.ptx"), "-o",
                   folder->file("kernels.cubin")},
                  *folder))
    return error;
  llvm::Expected<std::string> log = folder->read("log");
  if (!log)
    return log.takeError();
  llvm::Expected<std::string> cubin = folder->read("kernels.cubin");
  if (!cubin)
    return cubin.takeError();
  return Assembly{std::move(*cubin), parseResources(*log)};
}

//===----------------------------------------------------------------------===//
// fatbinary
//===----------------------------------------------------------------------===//

llvm::Expected<std::string> moec::bindFatBinary(StringRef cubin, StringRef ptx,
                                                StringRef arch) {
  llvm::Expected<std::string> fatbinary = findTool("fatbinary");
  if (!fatbinary)
    return fatbinary.takeError();
  llvm::Expected<WorkFolder> folder = WorkFolder::create();
  if (!folder)
    return folder.takeError();
  if (llvm::Error error = folder->write("kernels.cubin", cubin))
    return error;
  if (llvm::Error error = folder->write("kernels.ptx", ptx))
    return error;
  std::string sm = arch.drop_front(StringRef("sm_").size()).str();
  if (llvm::Error error = runTool(*fatbinary,
                                  {"--64", "--compress=false",
                                   "--create=" + folder->file("kernels.fatbin"),
                                   "--image3=kind=elf,sm=" + sm +
                                       ",file=" + folder->file("kernels.cubin"),
                                   "--image3=kind=ptx,sm=" + sm +
                                       ",file=" + folder->file("kernels.ptx")},
                                  *folder))
    return error;
  return folder->read("kernels.fatbin");
}
