//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Verify.h"

#include "compiler/artifact/TextTable.h"
#include "runtime/artifact/Artifact.h"

#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace moec;

namespace {

/// A line of progress that overwrites itself, on terminals only.
class ProgressLine {
public:
  ProgressLine(raw_ostream &stream, StringRef path)
      : stream(stream), path(path), shown(stream.is_displayed()) {}
  ~ProgressLine() {
    if (percent >= 0)
      stream << "\r\x1b[K";
  }

  void update(uint64_t done, uint64_t total) {
    int now = total ? int(double(done) * 100 / double(total)) : 100;
    if (!shown || now == percent)
      return;
    percent = now;
    stream << '\r' << path << ": " << percent << "% of " << formatBytes(total);
    stream.flush();
  }

private:
  raw_ostream &stream;
  StringRef path;
  bool shown;
  int percent = -1;
};

} // namespace

static bool verifyOne(const std::string &path, const VerifyOptions &options,
                      raw_ostream &output, raw_ostream &errors) {
  std::string violation;
  std::unique_ptr<moert::Artifact> artifact;
  {
    ProgressLine progress(errors, path);
    artifact = moert::Artifact::open(
        path,
        options.deep ? moert::VerifyDepth::Deep : moert::VerifyDepth::Load,
        violation,
        [&](uint64_t done, uint64_t total) { progress.update(done, total); });
  }
  if (!artifact) {
    errors << "error: " << violation << '\n';
    return false;
  }
  output << path << ": intact"
         << (options.deep ? "" : " but for the weights, which --deep reads")
         << '\n';
  return true;
}

int moec::verifyArtifacts(const VerifyOptions &options, raw_ostream &output,
                          raw_ostream &errors) {
  bool intact = true;
  for (const std::string &path : options.paths)
    intact &= verifyOne(path, options, output, errors);
  return intact ? 0 : 1;
}
