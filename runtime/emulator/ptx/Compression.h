//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The ways in which NVIDIA's tools pack the entries of a fat binary.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_COMPRESSION_H
#define RUNTIME_EMULATOR_PTX_COMPRESSION_H

#include <cstdint>
#include <string>
#include <string_view>

namespace emulator::ptx {

/// Upper bounds of the bytes that a packed text can stand for.
uint64_t mostLz4(std::string_view packed);
uint64_t mostZstd(std::string_view packed);

/// Unpacks an LZ4 block, which must fill `unpacked` exactly. False for damaged
/// data.
bool unpackLz4(std::string_view packed, std::string &unpacked);

/// Whether the build has the library for zstd.
bool haveZstd();

/// The same for a zstd frame; false without the library, too.
bool unpackZstd(std::string_view packed, std::string &unpacked);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_COMPRESSION_H
