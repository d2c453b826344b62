//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/tools/TerminalProgress.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace moec;

/// Often enough for the eye.
static constexpr std::chrono::milliseconds showInterval(100);

void TerminalProgress::begin(llvm::StringRef newPart) {
  end();
  part = newPart.str();
  done = total = 0;
  began = Clock::now();
  show();
}

void TerminalProgress::advance(uint64_t newDone, uint64_t newTotal) {
  done = newDone;
  total = newTotal;
  if (Clock::now() - shown >= showInterval)
    show();
}

void TerminalProgress::end() {
  if (part.empty())
    return;
  show();
  llvm::errs() << '\n';
  part.clear();
}

double TerminalProgress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

void TerminalProgress::show() {
  constexpr double giga = 1e9;
  shown = Clock::now();
  // Return to the start of the line and erase it.
  llvm::errs() << "\r\033[K" << part;
  if (total)
    llvm::errs() << llvm::format(": %.2f of %.2f GB, %.2f GB/s", done / giga,
                                 total / giga,
                                 done / giga / std::max(seconds(), 1e-3));
  llvm::errs() << llvm::format(", %.1f s", seconds());
}

std::unique_ptr<Progress> moec::makeProgress() {
  if (llvm::sys::Process::StandardErrIsDisplayed())
    return std::make_unique<TerminalProgress>();
  return std::make_unique<Progress>();
}
