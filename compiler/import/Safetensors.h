//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The header of a safetensors file: which tensors it holds, and where.
///
/// A file is 8 bytes of header size N (little endian), N bytes of JSON, and the
/// data of the tensors, without gaps. Nothing but the header is read.
///
/// Source: huggingface/safetensors, README, "Format".
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_IMPORT_SAFETENSORS_H
#define COMPILER_IMPORT_SAFETENSORS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moec {

/// An element type of the format: its name there and its size.
struct SafetensorsType {
  llvm::StringLiteral name;
  unsigned bits;
};

/// A tensor in a file. `offset` and `length` are in bytes; `offset` counts from
/// the start of the file and may be unaligned.
struct StoredTensor {
  std::string name;
  const SafetensorsType *type;
  llvm::SmallVector<int64_t, 3> shape;
  uint64_t offset;
  uint64_t length;
};

/// Reads and validates the header of the file at `path`. The tensors come in
/// the order of their offsets; together they fill the file.
llvm::Expected<std::vector<StoredTensor>>
readSafetensorsHeader(llvm::StringRef path);

/// `[2, 3]`.
std::string showShape(llvm::ArrayRef<int64_t> shape);

} // namespace moec

#endif // COMPILER_IMPORT_SAFETENSORS_H
