//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Files of what each phase made, for people who look inside.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_PHASEDUMP_H
#define COMPILER_PHASEDUMP_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moec {

/// Writes a text file whole or not at all.
llvm::Error writeTextFile(llvm::StringRef path, llvm::StringRef text);

/// Writes DIR/NN-name for each phase, numbered from 01 on.
class PhaseDump {
public:
  /// Makes the folder if there is none. An empty name turns dumping off.
  static llvm::Expected<PhaseDump> open(std::string folder);

  bool isOn() const { return !folder.empty(); }
  llvm::Error write(llvm::StringRef name, llvm::StringRef text);

private:
  explicit PhaseDump(std::string folder) : folder(std::move(folder)) {}

  std::string folder;
  int number = 0;
};

} // namespace moec

#endif // COMPILER_PHASEDUMP_H
