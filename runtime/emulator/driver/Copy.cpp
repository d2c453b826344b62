//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Copy.h"
#include "runtime/emulator/machine/Memory.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace emulator::cuda {

namespace {

/// Host programs live above this address on every x86-64 Linux; between
/// deviceBase and it there are device addresses only.
constexpr uint64_t hostBase = uint64_t(64) << 40;

/// Bytes that rows span, or 0 if that is more than an address can say.
uint64_t span(uint64_t width, uint64_t rows, uint64_t pitch) {
  unsigned __int128 bytes =
      static_cast<unsigned __int128>(pitch) * (rows - 1) + width;
  return bytes >> 48 ? 0 : static_cast<uint64_t>(bytes);
}

/// How one side of a copy is reached.
enum class Reach : uint8_t {
  Bad,
  Mapped,   ///< through DeviceMemory
  Pageable, ///< host memory that the device does not know
};

Reach reachOf(const DeviceMemory &memory, uint64_t address, uint64_t bytes,
              bool host) {
  if (memory.lookup(address, bytes))
    return Reach::Mapped;
  if (!host || address < 4096 || memory.lookup(address, 1) ||
      (address >= deviceBase && address < hostBase))
    return Reach::Bad;
  return Reach::Pageable;
}

bool readFrom(const DeviceMemory &memory, void *to, uint64_t from,
              uint64_t bytes, Reach reach) {
  if (reach == Reach::Mapped)
    return memory.read(to, from, bytes);
  std::memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return true;
}

bool writeTo(DeviceMemory &memory, uint64_t to, const void *from,
             uint64_t bytes, Reach reach) {
  if (reach == Reach::Mapped)
    return memory.write(to, from, bytes);
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return true;
}

/// A copy with its sides resolved, and with the bytes of a pageable source.
struct Copy {
  CopyShape shape;
  Reach toReach = Reach::Bad, fromReach = Reach::Bad;
  std::shared_ptr<std::vector<std::byte>> staged; ///< rows without a pitch

  /// Takes the source's bytes now.
  void stage();
  CUresult run(DeviceMemory &memory) const;
};

void Copy::stage() {
  staged = std::make_shared<std::vector<std::byte>>(shape.width * shape.rows);
  for (uint64_t row = 0; row != shape.rows; ++row)
    std::memcpy(staged->data() + row * shape.width,
                reinterpret_cast<const std::byte *>(shape.from) +
                    row * shape.fromPitch,
                shape.width);
  shape.from = reinterpret_cast<uint64_t>(staged->data());
  shape.fromPitch = shape.width;
}

CUresult Copy::run(DeviceMemory &memory) const {
  constexpr uint64_t chunkBytes = 1 << 20;
  std::vector<std::byte> buffer(std::min(shape.width, chunkBytes));
  for (uint64_t row = 0; row != shape.rows; ++row) {
    uint64_t from = shape.from + row * shape.fromPitch;
    uint64_t to = shape.to + row * shape.toPitch;
    for (uint64_t done = 0; done < shape.width; done += chunkBytes) {
      uint64_t count = std::min(chunkBytes, shape.width - done);
      if (readFrom(memory, buffer.data(), from + done, count, fromReach) &&
          writeTo(memory, to + done, buffer.data(), count, toReach))
        continue;
      complain("a copy that was queued found its memory freed");
      return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
  }
  return CUDA_SUCCESS;
}

/// Resolves both sides. False if one of them is no memory.
bool resolve(const DeviceMemory &memory, const CopyShape &shape, Copy &copy) {
  uint64_t toSpan = span(shape.width, shape.rows, shape.toPitch);
  uint64_t fromSpan = span(shape.width, shape.rows, shape.fromPitch);
  if (!toSpan || !fromSpan)
    return false;
  copy.shape = shape;
  copy.toReach = reachOf(memory, shape.to, toSpan, shape.toHost);
  copy.fromReach = reachOf(memory, shape.from, fromSpan, shape.fromHost);
  return copy.toReach != Reach::Bad && copy.fromReach != Reach::Bad;
}

CUresult fill(DeviceMemory &memory, const FillShape &shape) {
  uint64_t width = shape.elements * shape.elementBytes;
  std::vector<std::byte> row(std::min<uint64_t>(width, 1 << 20));
  for (size_t i = 0; i < row.size(); i += shape.elementBytes)
    std::memcpy(row.data() + i, &shape.value, shape.elementBytes);
  for (uint64_t y = 0; y != shape.rows; ++y)
    for (uint64_t done = 0; done < width; done += row.size()) {
      uint64_t count = std::min<uint64_t>(row.size(), width - done);
      if (memory.write(shape.to + y * shape.pitch + done, row.data(), count))
        continue;
      complain("a fill that was queued found its memory freed");
      return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
  return CUDA_SUCCESS;
}

} // namespace

CUresult copyAsync(Call &call, Stream &stream, const CopyShape &shape) {
  if (!shape.width || !shape.rows)
    return CUDA_SUCCESS;
  DeviceMemory &memory = call.driver.device.memory;
  Copy copy;
  if (!resolve(memory, shape, copy))
    return CUDA_ERROR_INVALID_VALUE;
  bool pageableTarget = copy.toReach == Reach::Pageable;
  if (copy.fromReach == Reach::Pageable && !pageableTarget && !stream.capture)
    copy.stage();
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_MEMCPY;
  work.action = [&memory, copy] { return copy.run(memory); };
  bool captured = stream.capture != nullptr;
  CUresult result = stream.context.submit(stream, std::move(work));
  if (result != CUDA_SUCCESS || captured || !pageableTarget)
    return result;
  return call.finish(stream.tail);
}

CUresult copyNow(Call &call, const CopyShape &shape) {
  CUresult refused = call.refuseInCapture();
  if (refused != CUDA_SUCCESS)
    return refused;
  std::shared_ptr<Stream> legacy = call.context->legacy();
  CUresult result = copyAsync(call, *legacy, shape);
  return result == CUDA_SUCCESS ? call.finish(legacy->tail) : result;
}

CUresult fillAsync(Call &call, Stream &stream, const FillShape &shape) {
  if (!shape.elements || !shape.rows)
    return CUDA_SUCCESS;
  if (shape.elements > UINT64_MAX / shape.elementBytes)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t width = shape.elements * shape.elementBytes;
  uint64_t bytes = span(width, shape.rows, shape.pitch);
  DeviceMemory &memory = call.driver.device.memory;
  if (!bytes || shape.to % shape.elementBytes ||
      (shape.rows > 1 &&
       (shape.pitch < width || shape.pitch % shape.elementBytes)) ||
      !memory.lookup(shape.to, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_MEMSET;
  work.action = [&memory, shape] { return fill(memory, shape); };
  return stream.context.submit(stream, std::move(work));
}

CUresult fillNow(Call &call, const FillShape &shape) {
  CUresult refused = call.refuseInCapture();
  return refused == CUDA_SUCCESS
             ? fillAsync(call, *call.context->legacy(), shape)
             : refused;
}

} // namespace emulator::cuda
