//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Products through nvcuda::wmma: d = a * b + d, d row-major, one warp.
//
//===----------------------------------------------------------------------===//

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda::wmma;

template <class T, class Sum, int m, int n, int k, class A, class B, class P>
__device__ void multiply(const P *a, const P *b, Sum *d) {
  constexpr bool rowsA = std::is_same_v<A, row_major>;
  constexpr bool rowsB = std::is_same_v<B, row_major>;
  fragment<matrix_a, m, n, k, T, A> fa;
  fragment<matrix_b, m, n, k, T, B> fb;
  fragment<accumulator, m, n, k, Sum> fd;
  load_matrix_sync(fa, a, rowsA ? k : m);
  load_matrix_sync(fb, b, rowsB ? n : k);
  load_matrix_sync(fd, d, n, mem_row_major);
  mma_sync(fd, fa, fb, fd);
  store_matrix_sync(d, fd, n, mem_row_major);
}

#define KERNEL(name, T, P, Sum, m, n, k, A, B)                                 \
  extern "C" __global__ void name(const P *a, const P *b, Sum *d) {            \
    multiply<T, Sum, m, n, k, A, B>(a, b, d);                                  \
  }
KERNEL(half16, half, half, float, 16, 16, 16, row_major, col_major)
KERNEL(half32, half, half, half, 32, 8, 16, col_major, row_major)
KERNEL(bfloat8, __nv_bfloat16, __nv_bfloat16, float, 8, 32, 16, row_major,
       row_major)
KERNEL(tf32, precision::tf32, float, float, 16, 16, 8, col_major, col_major)
KERNEL(s8, signed char, signed char, int, 16, 16, 16, row_major, col_major)
KERNEL(u8, unsigned char, unsigned char, int, 32, 8, 16, col_major, row_major)
KERNEL(doubles, double, double, double, 8, 8, 4, row_major, col_major)
