//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The asynchronous instructions of sm_90 as functions, for the test kernels.
//
//===----------------------------------------------------------------------===//

#pragma once

#include <cstdint>

/// CUtensorMap, whose content only the driver knows.
struct alignas(64) Map {
  uint64_t words[16];
};

__device__ inline uint32_t sharedAddress(const void *pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ inline void initialize(uint64_t *barrier, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(
                   sharedAddress(barrier)),
               "r"(count)
               : "memory");
}

/// Makes initialised barriers known to the cluster and the async proxy.
__device__ inline void fenceInit() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ inline void fenceProxy() {
  asm volatile("fence.proxy.async;" ::: "memory");
}

__device__ inline void arrive(uint64_t *barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(
                   sharedAddress(barrier))
               : "memory");
}

__device__ inline void arriveAndExpect(uint64_t *barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
                   sharedAddress(barrier)),
               "r"(bytes)
               : "memory");
}

/// At the same barrier of another block of the cluster.
__device__ inline void arriveAt(uint64_t *barrier, uint32_t rank) {
  asm volatile("{\n"
               ".reg .b32 remote;\n"
               "mapa.shared::cluster.u32 remote, %0, %1;\n"
               "mbarrier.arrive.release.cluster.shared::cluster.b64 _, "
               "[remote];\n"
               "}" ::"r"(sharedAddress(barrier)),
               "r"(rank)
               : "memory");
}

__device__ inline void wait(uint64_t *barrier, uint32_t parity) {
  asm volatile("{\n"
               ".reg .pred done;\n"
               "AGAIN:\n"
               "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
               "@!done bra AGAIN;\n"
               "}" ::"r"(sharedAddress(barrier)),
               "r"(parity)
               : "memory");
}

__device__ inline void clusterSync() {
  asm volatile("barrier.cluster.arrive.release.aligned;\n"
               "barrier.cluster.wait.acquire.aligned;" ::
                   : "memory");
}

__device__ inline uint32_t clusterRank() {
  uint32_t rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

__device__ inline void commitStores() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

template <int keep> __device__ inline void waitForStores() {
  asm volatile("cp.async.bulk.wait_group %0;" ::"n"(keep) : "memory");
}

template <int keep> __device__ inline void waitForReads() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(keep) : "memory");
}

__device__ inline void loadBulk(void *to, const void *from, uint32_t bytes,
                                uint64_t *barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::"
               "bytes [%0], [%1], %2, [%3];" ::"r"(sharedAddress(to)),
               "l"(from), "r"(bytes), "r"(sharedAddress(barrier))
               : "memory");
}

__device__ inline void loadBulkMulticast(void *to, const void *from,
                                         uint32_t bytes, uint64_t *barrier,
                                         uint16_t blocks) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::"
               "bytes.multicast::cluster [%0], [%1], %2, [%3], %4;" ::"r"(
                   sharedAddress(to)),
               "l"(from), "r"(bytes), "r"(sharedAddress(barrier)), "h"(blocks)
               : "memory");
}

/// To the same place in another block of the cluster, at whose barrier it
/// completes.
__device__ inline void sendBulk(void *to, const void *from, uint32_t bytes,
                                uint64_t *barrier, uint32_t rank) {
  asm volatile("{\n"
               ".reg .b32 there, signal;\n"
               "mapa.shared::cluster.u32 there, %0, %4;\n"
               "mapa.shared::cluster.u32 signal, %3, %4;\n"
               "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_"
               "tx::bytes [there], [%1], %2, [signal];\n"
               "}" ::"r"(sharedAddress(to)),
               "r"(sharedAddress(from)), "r"(bytes),
               "r"(sharedAddress(barrier)), "r"(rank)
               : "memory");
}

__device__ inline void storeBulk(void *to, const void *from, uint32_t bytes) {
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::
                   "l"(to),
               "r"(sharedAddress(from)), "r"(bytes)
               : "memory");
}

__device__ inline void loadTensor2(void *to, const Map *map, int c0, int c1,
                                   uint64_t *barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::"
               "complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(
                   sharedAddress(to)),
               "l"(map), "r"(sharedAddress(barrier)), "r"(c0), "r"(c1)
               : "memory");
}

__device__ inline void loadTensor2Multicast(void *to, const Map *map, int c0,
                                            int c1, uint64_t *barrier,
                                            uint16_t blocks) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::"
               "complete_tx::bytes.multicast::cluster [%0], [%1, {%3, %4}], "
               "[%2], %5;" ::"r"(sharedAddress(to)),
               "l"(map), "r"(sharedAddress(barrier)), "r"(c0), "r"(c1),
               "h"(blocks)
               : "memory");
}

__device__ inline void storeTensor2(const Map *map, int c0, int c1,
                                    const void *from) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, "
               "{%2, %3}], [%1];" ::"l"(map),
               "r"(sharedAddress(from)), "r"(c0), "r"(c1)
               : "memory");
}
