//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The emulated device's encoding of a tensor map (CUtensorMap): 128 bytes that
// cuTensorMapEncodeTiled writes and cp.async.bulk.tensor reads. NVIDIA's own
// encoding is not public; a magic number and a checksum tell maps of this one
// from everything else.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_TENSORMAP_H
#define RUNTIME_EMULATOR_MACHINE_TENSORMAP_H

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace emulator {

/// A tiled tensor map, checked when it was encoded. Dimension 0 is the one of
/// unit stride.
struct TensorMap {
  /// Numbers of CUtensorMapDataType.
  enum class Element : uint8_t {
    U8,
    U16,
    U32,
    S32,
    U64,
    S64,
    F16,
    F32,
    F64,
    BF16,
    F32Flush,
    TF32,
    TF32Flush,
  };
  enum class Interleave : uint8_t { None, Bytes16, Bytes32 };
  enum class Swizzle : uint8_t { None, Bytes32, Bytes64, Bytes128 };

  uint64_t magic = magicNumber;
  uint64_t checksum = 0;
  uint64_t address = 0;     ///< global, of element (0, ..., 0)
  uint64_t extents[5] = {}; ///< elements; 1 above the rank
  uint64_t strides[4] = {}; ///< bytes, of dimensions 1 to 4
  uint16_t box[5] = {};     ///< elements that the box spans; 1 above the rank
  uint8_t elementStrides[5] = {}; ///< 1 above the rank
  uint8_t rank = 0;               ///< 1 to 5
  Element element = Element::U8;
  Interleave interleave = Interleave::None;
  Swizzle swizzle = Swizzle::None;
  bool nanFill = false;      ///< outside of the tensor: NaN instead of 0
  uint8_t reserved[12] = {}; ///< no padding, which copies need not keep

  static constexpr uint64_t magicNumber = 0x70614d7254636f6d; // "mocTrMap"

  /// Bytes of an element: 1, 2, 4 or 8.
  unsigned elementBytes() const {
    static constexpr uint8_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
    return bytes[static_cast<unsigned>(element)];
  }
  /// Elements that a box holds along a dimension.
  unsigned boxElements(unsigned dimension) const {
    unsigned stride = elementStrides[dimension];
    return (box[dimension] + stride - 1) / stride;
  }
  /// Bytes of a whole box, which is what complete_tx counts.
  uint64_t boxBytes() const {
    uint64_t bytes = elementBytes();
    for (unsigned d = 0; d != rank; ++d)
      bytes *= boxElements(d);
    return bytes;
  }
  /// Bytes in which the swizzle pattern repeats along a row: 0, 32, 64, 128.
  unsigned swizzleBytes() const {
    return swizzle == Swizzle::None ? 0 : 16u << static_cast<unsigned>(swizzle);
  }

  /// Fills in the checksum; the last step of encoding.
  void seal() { checksum = sum(); }
  /// Reads a map. False if the bytes are not one that was sealed.
  static bool read(const void *bytes, TensorMap &map) {
    std::memcpy(&map, bytes, sizeof(map));
    return map.magic == magicNumber && map.checksum == map.sum();
  }

private:
  /// FNV-1a over all words but the checksum.
  uint64_t sum() const {
    uint64_t words[16], hash = 0xcbf29ce484222325;
    std::memcpy(words, this, sizeof(words));
    for (unsigned i = 0; i != 16; ++i)
      if (i != 1)
        hash = (hash ^ words[i]) * 0x100000001b3;
    return hash;
  }
};
static_assert(sizeof(TensorMap) == 128, "the size of a CUtensorMap");
static_assert(std::has_unique_object_representations_v<TensorMap>,
              "the checksum covers no padding");

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_TENSORMAP_H
