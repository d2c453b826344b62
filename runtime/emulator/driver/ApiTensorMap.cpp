//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Tensor maps, in the encoding of machine/TensorMap.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"
#include "runtime/emulator/machine/TensorMap.h"

#include <cstring>

namespace emulator::cuda {

namespace {

/// The arrays of cuTensorMapEncodeTiled: an entry for each dimension, but of
/// `strides` for all but the first.
struct Layout {
  const cuuint64_t *extents, *strides;
  const cuuint32_t *box, *elementStrides;
};

CUresult wrong(const std::string &what) {
  complain("cuTensorMapEncodeTiled: " + what);
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult missing(const std::string &what) {
  complain("cuTensorMapEncodeTiled: " + what +
           " is not supported by the emulated device");
  return CUDA_ERROR_NOT_SUPPORTED;
}

bool isFloat(CUtensorMapDataType type) {
  return (type >= CU_TENSOR_MAP_DATA_TYPE_FLOAT16 &&
          type <= CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ);
}

/// `boxDim[1] is 300, but must be RULE`.
CUresult wrongEntry(const char *array, unsigned dimension, uint64_t value,
                    const char *rule) {
  return wrong(std::string(array) + "[" + std::to_string(dimension) + "] is " +
               std::to_string(value) + ", but must be " + rule);
}

CUresult takeDimension(TensorMap &map, const Layout &layout, unsigned d) {
  if (!layout.extents[d] || layout.extents[d] > uint64_t(1) << 32)
    return wrongEntry("globalDim", d, layout.extents[d], "from 1 to 2^32");
  if (!layout.box[d] || layout.box[d] > 256)
    return wrongEntry("boxDim", d, layout.box[d], "from 1 to 256");
  if (!layout.elementStrides[d] || layout.elementStrides[d] > 8)
    return wrongEntry("elementStrides", d, layout.elementStrides[d],
                      "from 1 to 8");
  if (d && (layout.strides[d - 1] % 16 || layout.strides[d - 1] >= uint64_t(1)
                                                                       << 40))
    return wrongEntry("globalStrides", d - 1, layout.strides[d - 1],
                      "a multiple of 16 below 2^40");
  map.extents[d] = layout.extents[d];
  map.box[d] = static_cast<uint16_t>(layout.box[d]);
  // Without interleaving there is no stride along dimension 0.
  map.elementStrides[d] =
      d ? static_cast<uint8_t>(layout.elementStrides[d]) : 1;
  if (d)
    map.strides[d - 1] = layout.strides[d - 1];
  return CUDA_SUCCESS;
}

/// Dimensions above the rank have one element.
CUresult takeLayout(TensorMap &map, const Layout &layout) {
  for (unsigned d = 0; d != 5; ++d) {
    map.extents[d] = map.box[d] = map.elementStrides[d] = 1;
    if (d >= map.rank)
      continue;
    CUresult result = takeDimension(map, layout, d);
    if (result != CUDA_SUCCESS)
      return result;
  }
  return CUDA_SUCCESS;
}

/// The rules for the row of a box in shared memory.
CUresult checkRow(const TensorMap &map) {
  unsigned row = map.box[0] * map.elementBytes();
  unsigned span = map.swizzleBytes();
  if (row % 16)
    return wrong("a row of the box has " + std::to_string(row) +
                 " bytes, but must have a multiple of 16");
  if (span && row > span)
    return wrong("a row of the box has " + std::to_string(row) +
                 " bytes, but the swizzle allows at most " +
                 std::to_string(span));
  if (span && row < span)
    return missing("a box whose rows are shorter than the swizzle (" +
                   std::to_string(row) + " of " + std::to_string(span) +
                   " bytes)");
  return CUDA_SUCCESS;
}

struct Modes {
  CUtensorMapDataType type;
  CUtensorMapInterleave interleave;
  CUtensorMapSwizzle swizzle;
  CUtensorMapL2promotion promotion;
  CUtensorMapFloatOOBfill fill;
};

CUresult takeModes(TensorMap &map, const Modes &modes) {
  if (modes.type > CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B ||
      modes.interleave > CU_TENSOR_MAP_INTERLEAVE_32B ||
      modes.swizzle > CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B ||
      modes.promotion > CU_TENSOR_MAP_L2_PROMOTION_L2_256B ||
      modes.fill > CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA)
    return wrong("an enumerator is out of range");
  if (modes.type > CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ)
    return missing("a packed data type");
  if (modes.interleave != CU_TENSOR_MAP_INTERLEAVE_NONE)
    return missing("an interleaved layout");
  if (modes.swizzle > CU_TENSOR_MAP_SWIZZLE_128B)
    return missing("a swizzle with atoms of 32 or 64 bytes");
  map.nanFill = modes.fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;
  if (map.nanFill && !isFloat(modes.type))
    return wrong("NaN cannot fill a tensor of integers");
  map.element = static_cast<TensorMap::Element>(modes.type);
  map.swizzle = static_cast<TensorMap::Swizzle>(modes.swizzle);
  return CUDA_SUCCESS;
}

/// Seals a map and puts it where the program wants it.
void store(TensorMap &map, CUtensorMap *to) {
  map.seal();
  std::memcpy(to, &map, sizeof(map));
}

bool aligned(const void *pointer, uintptr_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

} // namespace

CUresult cuTensorMapEncodeTiled(
    CUtensorMap *result, CUtensorMapDataType type, cuuint32_t rank,
    void *address, const cuuint64_t *extents, const cuuint64_t *strides,
    const cuuint32_t *box, const cuuint32_t *elementStrides,
    CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
    CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill) {
  return anywhere([&](Call &call) {
    if (call.driver.device.profile.major < 9)
      return missing("a tensor map before sm_90");
    if (!result || !aligned(result, 64))
      return wrong("the tensor map is not aligned to 64 bytes");
    if (!rank || rank > 5)
      return wrong("the rank is " + std::to_string(rank) +
                   ", but must be from 1 to 5");
    if (!extents || !box || !elementStrides || (rank > 1 && !strides))
      return wrong("an array is missing");
    if (!address || !aligned(address, 16))
      return wrong("the global address is not aligned to 16 bytes");
    TensorMap map;
    map.rank = static_cast<uint8_t>(rank);
    map.address = reinterpret_cast<uint64_t>(address);
    CUresult status =
        takeModes(map, {type, interleave, swizzle, promotion, fill});
    if (status == CUDA_SUCCESS)
      status = takeLayout(map, {extents, strides, box, elementStrides});
    if (status == CUDA_SUCCESS)
      status = checkRow(map);
    if (status == CUDA_SUCCESS)
      store(map, result);
    return status;
  });
}

CUresult cuTensorMapReplaceAddress(CUtensorMap *tensorMap, void *address) {
  return anywhere([&](Call &) {
    TensorMap map;
    if (!tensorMap || !aligned(tensorMap, 64) || !address ||
        !aligned(address, 16) || !TensorMap::read(tensorMap, map))
      return CUDA_ERROR_INVALID_VALUE;
    map.address = reinterpret_cast<uint64_t>(address);
    store(map, tensorMap);
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::cuda
