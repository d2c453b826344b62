// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels whose PTX is checked in beside this file:
//   nvcc -arch=sm_80 -ptx -lineinfo Reduce.cu -o Reduce.ptx

extern "C" __global__ void addVectors(const float *x, const float *y, float *z,
                                      int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    z[i] = x[i] + y[i];
}

// The sum of a block's 256 elements: lanes by shuffles, warps by shared memory.
extern "C" __global__ void sumBlocks(const float *x, float *sums, int n) {
  __shared__ float partial[8];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float sum = i < n ? x[i] : 0;
  for (int offset = 16; offset > 0; offset /= 2)
    sum += __shfl_down_sync(0xffffffff, sum, offset);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < 8; ++warp)
      sum += partial[warp];
    sums[blockIdx.x] = sum;
  }
}
