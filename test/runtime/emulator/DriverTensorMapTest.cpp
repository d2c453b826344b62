//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

namespace {

using namespace emulator::cuda;

/// The arguments of cuTensorMapEncodeTiled: good ones, to be changed.
struct Arguments {
  CUtensorMapDataType type = CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  cuuint32_t rank = 2;
  uint64_t address = uint64_t(1) << 20;
  cuuint64_t extents[5] = {100, 50, 1, 1, 1};
  cuuint64_t strides[4] = {208, 208 * 50, 1 << 20, 1 << 20};
  cuuint32_t box[5] = {64, 8, 1, 1, 1};
  cuuint32_t elementStrides[5] = {1, 1, 1, 1, 1};
  CUtensorMapInterleave interleave = CU_TENSOR_MAP_INTERLEAVE_NONE;
  CUtensorMapSwizzle swizzle = CU_TENSOR_MAP_SWIZZLE_128B;
  CUtensorMapFloatOOBfill fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;

  CUresult encode() const {
    CUtensorMap map;
    return CU(cuTensorMapEncodeTiled)(
        &map, type, rank, reinterpret_cast<void *>(address), extents, strides,
        box, elementStrides, interleave, swizzle,
        CU_TENSOR_MAP_L2_PROMOTION_NONE, fill);
  }
};

/// What it says of arguments that one change makes wrong.
template <class Change>
std::string complaint(CUresult expected, Change change) {
  Arguments arguments;
  change(arguments);
  testing::internal::CaptureStderr();
  EXPECT_EQ(arguments.encode(), expected);
  return testing::internal::GetCapturedStderr();
}

template <class Change> std::string wrong(Change change) {
  return complaint(CUDA_ERROR_INVALID_VALUE, change);
}

#define EXPECT_SAYS(call, text)                                                \
  EXPECT_EQ(call, "emulated device: cuTensorMapEncodeTiled: " text "\n")

} // namespace

TEST_F(DriverTest, TensorMapsAreTakenAtTheirLimits) {
  Arguments arguments;
  EXPECT_OK(arguments.encode());
  arguments.rank = 5;
  arguments.extents[4] = uint64_t(1) << 32;
  arguments.strides[3] = (uint64_t(1) << 40) - 16;
  arguments.box[1] = 256;
  arguments.elementStrides[4] = 8;
  EXPECT_OK(arguments.encode());
}

TEST_F(DriverTest, TensorMapsSayWhatIsWrong) {
  using A = Arguments;
  EXPECT_SAYS(wrong([](A &a) { a.rank = 0; }),
              "the rank is 0, but must be from 1 to 5");
  EXPECT_SAYS(wrong([](A &a) { a.rank = 6; }),
              "the rank is 6, but must be from 1 to 5");
  EXPECT_SAYS(wrong([](A &a) { a.address += 8; }),
              "the global address is not aligned to 16 bytes");
  EXPECT_SAYS(wrong([](A &a) { a.extents[1] = 0; }),
              "globalDim[1] is 0, but must be from 1 to 2^32");
  EXPECT_SAYS(wrong([](A &a) { a.extents[0] = (uint64_t(1) << 32) + 1; }),
              "globalDim[0] is 4294967297, but must be from 1 to 2^32");
  EXPECT_SAYS(wrong([](A &a) { a.strides[0] = 200; }),
              "globalStrides[0] is 200, but must be a multiple of 16 below "
              "2^40");
  EXPECT_SAYS(wrong([](A &a) { a.box[1] = 257; }),
              "boxDim[1] is 257, but must be from 1 to 256");
  EXPECT_SAYS(wrong([](A &a) { a.elementStrides[1] = 9; }),
              "elementStrides[1] is 9, but must be from 1 to 8");
  EXPECT_SAYS(wrong([](A &a) { a.box[0] = 128; }),
              "a row of the box has 256 bytes, but the swizzle allows at most "
              "128");
  EXPECT_SAYS(wrong([](A &a) { a.box[0] = 4; }),
              "a row of the box has 8 bytes, but must have a multiple of 16");
  EXPECT_SAYS(wrong([](A &a) {
                a.type = CU_TENSOR_MAP_DATA_TYPE_UINT16;
                a.fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA;
              }),
              "NaN cannot fill a tensor of integers");
  EXPECT_SAYS(
      wrong([](A &a) { a.swizzle = static_cast<CUtensorMapSwizzle>(7); }),
      "an enumerator is out of range");
}

TEST_F(DriverTest, TensorMapsSayWhatTheyLack) {
  EXPECT_SAYS(complaint(CUDA_ERROR_NOT_SUPPORTED,
                        [](Arguments &a) {
                          a.interleave = CU_TENSOR_MAP_INTERLEAVE_16B;
                        }),
              "an interleaved layout is not supported by the emulated device");
  EXPECT_SAYS(
      complaint(CUDA_ERROR_NOT_SUPPORTED,
                [](Arguments &a) {
                  a.type = CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B;
                }),
      "a packed data type is not supported by the emulated device");
}
