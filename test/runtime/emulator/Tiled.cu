//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A product without tensor cores: tiles in shared memory, registers for 4 x 4
// sums. TiledTest.cpp says what it must do.
//
//===----------------------------------------------------------------------===//

constexpr int tile = 64, tileK = 16, threads = 256, side = 16;

/// out (m x n) = a (m x k) * b (k x n), of any extents.
extern "C" __global__ void __launch_bounds__(threads)
    tiled(const float *a, const float *b, float *out, int m, int n, int k) {
  __shared__ float ta[tileK][tile + 4];
  __shared__ alignas(16) float tb[tileK][tile];
  const int row = blockIdx.y * tile, column = blockIdx.x * tile;
  const int x = threadIdx.x / side * 4, y = threadIdx.x % side * 4;
  float sums[4][4] = {};
#pragma unroll 1
  for (int at = 0; at < k; at += tileK) {
    for (int i = threadIdx.x; i < tile * tileK; i += threads) {
      const int r = i / tileK, c = i % tileK;
      ta[c][r] = row + r < m && at + c < k ? a[(row + r) * k + at + c] : 0.0f;
    }
    for (int i = threadIdx.x; i < tile * tileK; i += threads) {
      const int r = i / tile, c = i % tile;
      tb[r][c] =
          at + r < k && column + c < n ? b[(at + r) * n + column + c] : 0.0f;
    }
    __syncthreads();
#pragma unroll 4
    for (int step = 0; step < tileK; ++step)
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j)
          sums[i][j] += ta[step][x + i] * tb[step][y + j];
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j)
      if (row + x + i < m && column + y + j < n)
        out[(row + x + i) * n + column + y + j] = sums[i][j];
}
