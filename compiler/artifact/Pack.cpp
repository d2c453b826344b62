//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Pack.h"

#include "compiler/artifact/Transpose.h"
#include "runtime/artifact/Checksum.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

using namespace moec;
using moert::TensorForm;
using moert::format::Layout;

/// Bytes of the stored form that are made at once: enough for large writes, few
/// enough that they are still in the cache when they are written.
static constexpr uint64_t slabBytes = 2 << 20;

namespace {

struct Range {
  uint64_t begin, end;
};

/// Makes any part of the stored form.
class Packer {
public:
  virtual ~Packer() = default;
  /// Bytes of scratch memory that `make` needs for each of its calls.
  virtual uint64_t scratchBytes() const = 0;
  /// Slabs, of `slabSize` bytes but the last one.
  virtual uint64_t slabSize() const = 0;
  /// The bytes of the stored form from `offset` on, which begins a slab.
  virtual const uint8_t *make(uint64_t offset, uint64_t size,
                              uint8_t *scratch) const = 0;
  /// The bytes of the parameter that `make` reads.
  virtual Range sourceOf(uint64_t offset, uint64_t size) const = 0;
};

/// The stored form is the parameter.
class RowMajorPacker : public Packer {
public:
  explicit RowMajorPacker(const ParameterSource &source) : source(source) {}

  uint64_t scratchBytes() const override { return slabSize(); }
  uint64_t slabSize() const override { return slabBytes; }
  const uint8_t *make(uint64_t offset, uint64_t size,
                      uint8_t *scratch) const override {
    return source.read(offset, size, scratch);
  }
  Range sourceOf(uint64_t offset, uint64_t size) const override {
    return {offset, offset + size};
  }

private:
  const ParameterSource &source;
};

/// The stored form is [E][N / width][K / unit][width][unit]. It is made in
/// steps: one step is the [width][unit] of some k.
class PanelPacker : public Packer {
public:
  PanelPacker(const ParameterSource &source, const TensorForm &form)
      : source(source), rows(form.shape[form.shape.size() - 2]),
        columns(form.shape.back()), width(form.width), unit(form.unit),
        elementBytes(moert::elementBytes(form.type)) {
    unitBytes = unit * elementBytes;
    stepBytes = width * unitBytes;
    panelSteps = *moert::roundUp(columns, form.depth) / unit;
    panels = *moert::roundUp(rows, width) / width;
    // Whole cache lines of every row, at least one.
    slabSteps = std::max<uint64_t>(slabBytes / stepBytes / 32 * 32, 32);
    zeros.resize(slabSteps * unitBytes);
  }

  uint64_t scratchBytes() const override {
    // The slab, then a piece of each of its rows in case they are not in place.
    return slabSize() + slabSteps * stepBytes;
  }
  uint64_t slabSize() const override { return slabSteps * stepBytes; }
  const uint8_t *make(uint64_t offset, uint64_t size,
                      uint8_t *scratch) const override;
  Range sourceOf(uint64_t offset, uint64_t size) const override;

private:
  /// The first byte of a panel's rows in the parameter.
  uint64_t panelBegin(uint64_t panel) const {
    uint64_t row = std::min(panel % panels * width, rows);
    return (panel / panels * rows + row) * columns * elementBytes;
  }
  void makePanel(uint64_t panel, uint64_t first, uint64_t count,
                 uint8_t *target, uint8_t *pieces) const;
  void makeRest(llvm::ArrayRef<const uint8_t *> rowPieces, Range steps,
                uint64_t length, uint8_t *target) const;

  const ParameterSource &source;
  uint64_t rows, columns, width, unit, elementBytes;
  uint64_t unitBytes, stepBytes;
  uint64_t panelSteps; ///< steps of a panel
  uint64_t panels;     ///< panels of an expert
  uint64_t slabSteps;
  std::vector<uint8_t> zeros; ///< a piece of a row below the matrix
};

} // namespace

const uint8_t *PanelPacker::make(uint64_t offset, uint64_t size,
                                 uint8_t *scratch) const {
  uint64_t step = offset / stepBytes, end = step + size / stepBytes;
  for (uint8_t *target = scratch; step < end;) {
    uint64_t first = step % panelSteps;
    uint64_t count = std::min(end - step, panelSteps - first);
    makePanel(step / panelSteps, first, count, target, scratch + slabSize());
    target += count * stepBytes;
    step += count;
  }
  return scratch;
}

/// Steps [first, first + count) of one panel. `pieces` has room for what these
/// steps read of each row.
void PanelPacker::makePanel(uint64_t panel, uint64_t first, uint64_t count,
                            uint8_t *target, uint8_t *pieces) const {
  uint64_t row = panel % panels * width;
  uint64_t column = first * unit; // of the matrix, where the steps begin
  uint64_t left = column < columns ? columns - column : 0;
  uint64_t length = std::min(count * unit, left);
  uint64_t rowBytes = columns * elementBytes;
  std::vector<const uint8_t *> rowPieces(width, zeros.data());
  uint64_t begin = panelBegin(panel) + column * elementBytes;
  for (uint64_t r = 0; r < width && row + r < rows && length > 0; ++r)
    rowPieces[r] = source.read(begin + r * rowBytes, length * elementBytes,
                               pieces + r * count * unitBytes);
  uint64_t whole = length / unit;
  transpose(rowPieces.data(), width, whole, unitBytes, target);
  makeRest(rowPieces, {whole, count}, length, target);
}

/// The steps where rows end: after `length` elements of a row come zeros.
void PanelPacker::makeRest(llvm::ArrayRef<const uint8_t *> rowPieces,
                           Range steps, uint64_t length,
                           uint8_t *target) const {
  uint8_t *rest = target + steps.begin * stepBytes;
  std::memset(rest, 0, (steps.end - steps.begin) * stepBytes);
  uint64_t bytes = (length - steps.begin * unit) * elementBytes;
  for (uint64_t r = 0; r < width && bytes > 0; ++r)
    std::memcpy(rest + r * unitBytes, rowPieces[r] + steps.begin * unitBytes,
                bytes);
}

Range PanelPacker::sourceOf(uint64_t offset, uint64_t size) const {
  uint64_t first = offset / stepBytes;
  uint64_t last = (offset + size) / stepBytes - 1;
  return {panelBegin(first / panelSteps), panelBegin(last / panelSteps + 1)};
}

namespace {

/// Threads take turns: while one writes a slab, others make the next ones. The
/// checksum sees the slabs in order.
class SlabStream {
public:
  SlabStream(const Packer &packer, const ParameterSource &source, uint64_t size,
             PackSink sink)
      : packer(packer), source(source), size(size), sink(sink),
        slabs((size + packer.slabSize() - 1) / packer.slabSize()) {}

  llvm::Expected<uint64_t> run() {
    std::vector<std::thread> others;
    for (uint64_t i = 1; i < std::min(slabs, threads); ++i)
      others.emplace_back([this] { work(); });
    work();
    for (std::thread &other : others)
      other.join();
    if (error)
      return std::move(error);
    return checksum.digest();
  }

private:
  void work() {
    std::vector<uint8_t> scratch(packer.scratchBytes());
    for (;;) {
      uint64_t slab = take();
      if (slab >= slabs)
        return;
      prefetch(slab + slabsAhead);
      uint64_t offset = slab * packer.slabSize();
      llvm::ArrayRef<uint8_t> bytes(
          packer.make(offset, sizeOf(slab), scratch.data()), sizeOf(slab));
      addToChecksum(slab, bytes);
      write(offset, bytes);
      Range read = packer.sourceOf(offset, sizeOf(slab));
      source.release(read.begin, read.end - read.begin);
    }
  }

  uint64_t sizeOf(uint64_t slab) const {
    return std::min(packer.slabSize(), size - slab * packer.slabSize());
  }

  void prefetch(uint64_t slab) const {
    if (slab >= slabs)
      return;
    Range soon = packer.sourceOf(slab * packer.slabSize(), sizeOf(slab));
    source.prefetch(soon.begin, soon.end - soon.begin);
  }

  /// The next slab to make; none is left after a failure.
  uint64_t take() {
    std::lock_guard<std::mutex> lock(mutex);
    return error ? slabs : next++;
  }

  /// A slab that was taken always comes here, so nobody waits forever.
  void addToChecksum(uint64_t slab, llvm::ArrayRef<uint8_t> bytes) {
    std::unique_lock<std::mutex> lock(mutex);
    summedUp.wait(lock, [&] { return summed == slab; });
    lock.unlock();
    checksum.update(bytes.data(), bytes.size());
    lock.lock();
    ++summed;
    summedUp.notify_all();
  }

  /// The system lets one thread at a time write to a file, and the others spin:
  /// here they sleep, and leave their processor to one that packs.
  void write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes) {
    std::unique_lock<std::mutex> turn(writing);
    llvm::Error failure = sink(offset, bytes);
    turn.unlock();
    if (failure)
      fail(std::move(failure));
  }

  void fail(llvm::Error failure) {
    std::lock_guard<std::mutex> lock(mutex);
    if (error)
      llvm::consumeError(std::move(failure));
    else
      error = std::move(failure);
  }

  /// One writes, the others pack.
  static constexpr uint64_t threads = 3;
  /// Read from the disk while the ones before are packed.
  static constexpr uint64_t slabsAhead = 8;

  const Packer &packer;
  const ParameterSource &source;
  uint64_t size;
  PackSink sink;
  uint64_t slabs;
  std::mutex writing;
  std::mutex mutex; ///< of all below
  std::condition_variable summedUp;
  uint64_t next = 0;   ///< slab to make
  uint64_t summed = 0; ///< slabs in the checksum
  moert::ChecksumStream checksum;
  llvm::Error error = llvm::Error::success();
};

} // namespace

llvm::Expected<uint64_t> moec::packParameter(const ParameterSource &source,
                                             const TensorForm &form,
                                             PackSink sink) {
  uint64_t size = *form.bytes();
  if (form.layout == Layout::RowMajor) {
    RowMajorPacker packer(source);
    return SlabStream(packer, source, size, sink).run();
  }
  uint64_t unitBytes = form.unit * moert::elementBytes(form.type);
  if (unitBytes != 2 && unitBytes != 4 && unitBytes != 8)
    return llvm::createStringError(
        "the layout %s of %s has units of %llu bytes; expected 2, 4 or 8",
        form.layoutName().c_str(), form.typeName().c_str(),
        static_cast<unsigned long long>(unitBytes));
  PanelPacker packer(source, form);
  return SlabStream(packer, source, size, sink).run();
}
