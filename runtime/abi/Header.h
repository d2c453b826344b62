/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/**
 * \file
 * The first bytes of a .moe artifact; the rest of the format is artifact.fbs.
 * All numbers are little-endian.
 */

#ifndef RUNTIME_ABI_HEADER_H
#define RUNTIME_ABI_HEADER_H

#include <stdint.h>

#define MOERT_MAGIC "\x7fMOEART\n" /* 8 bytes, not terminated */
/** A reader refuses another major version, and a newer minor one. */
#define MOERT_FORMAT_MAJOR 1
#define MOERT_FORMAT_MINOR 6
/** Of segments and of the table in the file; the header fills the first such
    page, with zeros behind it. */
#define MOERT_SEGMENT_ALIGNMENT 4096
/** Of tensors in their segment. */
#define MOERT_TENSOR_ALIGNMENT 64
/** Bytes, at least, between two tensors of a segment. Tensors are often of
   whole pages: without a gap, two that a kernel reads side by side would meet
   in the same sets of the L1 cache, which halves the speed of reading them. */
#define MOERT_TENSOR_GAP 1088

typedef struct moert_header {
  uint8_t magic[8];
  uint16_t major;
  uint16_t minor;
  uint32_t reserved;       /**< 0 */
  uint64_t file_size;      /**< of the whole artifact, in bytes */
  uint64_t table_offset;   /**< of the FlatBuffers table, 4096-aligned */
  uint64_t table_size;     /**< in bytes; the table ends the file */
  uint64_t table_checksum; /**< XXH3, 64 bits */
  uint64_t checksum;       /**< XXH3 of the bytes of this struct before it */
} moert_header;

#ifdef __cplusplus
static_assert(sizeof(moert_header) == 56, "moert_header has no padding");
#endif

#endif /* RUNTIME_ABI_HEADER_H */
