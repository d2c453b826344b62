//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What nvcc writes besides arithmetic: function tables and virtual functions,
// recursion, jump tables, memory on the stack, named barriers in registers.
//
//===----------------------------------------------------------------------===//

__device__ int table[4] = {10, 20, 30, 40};
__device__ int *pointers[2] = {&table[1], &table[3]};

using Function = int (*)(int);
__device__ __noinline__ int twice(int x) { return 2 * x; }
__device__ __noinline__ int plusThree(int x) { return x + 3; }
__device__ __noinline__ int square(int x) { return x * x; }
__device__ Function functions[3] = {twice, plusThree, square};

struct Shape {
  __device__ virtual int area(int x) const = 0;
};
struct Wide : Shape {
  __device__ int area(int x) const override { return 7 * x; }
};
struct Tall : Shape {
  __device__ int area(int x) const override { return x - 5; }
};

__device__ __noinline__ int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

extern "C" __global__ void calls(int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  Wide wide;
  Tall tall;
  const Shape *shape = i & 1 ? static_cast<const Shape *>(&wide) : &tall;
  out[i] = functions[i % 3](i) + shape->area(i) + fibonacci(i % 12) +
           *pointers[i & 1];
}

extern "C" __global__ void jumps(int *values) {
  int i = threadIdx.x, v = values[i];
  switch (i % 9) {
  case 0:
    v += 7;
    break;
  case 1:
    v *= 3;
    break;
  case 2:
    v ^= 5;
    break;
  case 3:
    v = v / 3 + i;
    break;
  case 4:
    v = -v;
    break;
  case 5:
    v = v % 7 + __popc(v);
    break;
  case 6:
    v = __brev(v);
    break;
  case 7:
    v = __ffs(v);
    break;
  default:
    v = __clz(v);
  }
  values[i] = v;
}

/// The sum of 0 to n - 1, by way of n numbers on the stack.
extern "C" __global__ void stack(int *out) {
  int n = threadIdx.x + 1;
  int *numbers = static_cast<int *>(__builtin_alloca(n * sizeof(int)));
  for (int i = 0; i < n; ++i)
    numbers[i] = i;
  int sum = 0;
  for (int i = n - 1; i >= 0; --i)
    sum += numbers[(i * 7) % n == i ? i : i];
  out[threadIdx.x] = sum;
}

/// Warp 0 writes, warp 1 reads, by barriers whose numbers are in registers.
extern "C" __global__ void handOver(int *out, int full, int free, int rounds) {
  __shared__ volatile int box[32];
  int lane = threadIdx.x % 32;
  for (int round = 0; round < rounds; ++round) {
    if (threadIdx.x < 32) {
      if (round)
        asm volatile("bar.sync %0, 64;" ::"r"(free) : "memory");
      box[lane] = round * 100 + lane;
      asm volatile("bar.arrive %0, 64;" ::"r"(full) : "memory");
    } else {
      asm volatile("bar.sync %0, 64;" ::"r"(full) : "memory");
      out[round * 32 + lane] = box[31 - lane];
      if (round + 1 < rounds)
        asm volatile("bar.arrive %0, 64;" ::"r"(free) : "memory");
    }
  }
}
