//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/Descriptor.h"

#include <cstdio>
#include <cstring>
#include <iterator>
#include <new>

namespace emulator::cublaslt {

namespace {

/// Where an attribute lies in a descriptor.
struct Field {
  unsigned attribute;
  size_t offset, bytes;
};

#define FIELD(attribute, type, member)                                         \
  { attribute, offsetof(type, member), sizeof(type::member) }
#define ELEMENT(attribute, type, member, index)                                \
  {                                                                            \
    attribute, offsetof(type, member) + index * sizeof(type::member[0]),       \
        sizeof(type::member[0])                                                \
  }

const Field layoutFields[] = {
    FIELD(CUBLASLT_MATRIX_LAYOUT_TYPE, MatrixLayout, type),
    FIELD(CUBLASLT_MATRIX_LAYOUT_ORDER, MatrixLayout, order),
    FIELD(CUBLASLT_MATRIX_LAYOUT_ROWS, MatrixLayout, rows),
    FIELD(CUBLASLT_MATRIX_LAYOUT_COLS, MatrixLayout, columns),
    FIELD(CUBLASLT_MATRIX_LAYOUT_LD, MatrixLayout, leading),
    FIELD(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, MatrixLayout, batchCount),
    FIELD(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, MatrixLayout,
          batchStride),
    FIELD(CUBLASLT_MATRIX_LAYOUT_BATCH_MODE, MatrixLayout, batchMode),
};

const Field matmulFields[] = {
    FIELD(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, MatmulDesc, compute),
    FIELD(CUBLASLT_MATMUL_DESC_SCALE_TYPE, MatmulDesc, scaleType),
    FIELD(CUBLASLT_MATMUL_DESC_POINTER_MODE, MatmulDesc, pointerMode),
    FIELD(CUBLASLT_MATMUL_DESC_TRANSA, MatmulDesc, transposeA),
    FIELD(CUBLASLT_MATMUL_DESC_TRANSB, MatmulDesc, transposeB),
    FIELD(CUBLASLT_MATMUL_DESC_TRANSC, MatmulDesc, transposeC),
    FIELD(CUBLASLT_MATMUL_DESC_FILL_MODE, MatmulDesc, fill),
    FIELD(CUBLASLT_MATMUL_DESC_EPILOGUE, MatmulDesc, epilogue),
    FIELD(CUBLASLT_MATMUL_DESC_BIAS_POINTER, MatmulDesc, bias),
    FIELD(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, MatmulDesc, biasStride),
    FIELD(CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET, MatmulDesc, multiprocessors),
    ELEMENT(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, MatmulDesc, scales, 0),
    ELEMENT(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, MatmulDesc, scales, 1),
    ELEMENT(CUBLASLT_MATMUL_DESC_C_SCALE_POINTER, MatmulDesc, scales, 2),
    ELEMENT(CUBLASLT_MATMUL_DESC_D_SCALE_POINTER, MatmulDesc, scales, 3),
    FIELD(CUBLASLT_MATMUL_DESC_AMAX_D_POINTER, MatmulDesc, maximum),
    FIELD(CUBLASLT_MATMUL_DESC_FAST_ACCUM, MatmulDesc, fastAccumulation),
    FIELD(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, MatmulDesc, biasType),
    ELEMENT(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, MatmulDesc, scaleModes, 0),
    ELEMENT(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, MatmulDesc, scaleModes, 1),
    ELEMENT(CUBLASLT_MATMUL_DESC_C_SCALE_MODE, MatmulDesc, scaleModes, 2),
    ELEMENT(CUBLASLT_MATMUL_DESC_D_SCALE_MODE, MatmulDesc, scaleModes, 3),
};

const Field preferenceFields[] = {
    FIELD(CUBLASLT_MATMUL_PREF_SEARCH_MODE, MatmulPreference, search),
    FIELD(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, MatmulPreference,
          workspace),
    FIELD(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, MatmulPreference,
          reductions),
    ELEMENT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, MatmulPreference,
            alignments, 0),
    ELEMENT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, MatmulPreference,
            alignments, 1),
    ELEMENT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, MatmulPreference,
            alignments, 2),
    ELEMENT(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, MatmulPreference,
            alignments, 3),
    FIELD(CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT, MatmulPreference, waves),
    FIELD(CUBLASLT_MATMUL_PREF_IMPL_MASK, MatmulPreference, implementations),
};

/// The attributes of a kind of descriptor, and its name in messages.
struct Fields {
  const Field *first;
  size_t count;
  const char *name;
};
constexpr Fields layout = {layoutFields, std::size(layoutFields),
                           "matrix layout"};
constexpr Fields matmul = {matmulFields, std::size(matmulFields), "matmul"};
constexpr Fields preference = {preferenceFields, std::size(preferenceFields),
                               "matmul preference"};

const Field *find(const Fields &fields, unsigned attribute) {
  for (size_t i = 0; i != fields.count; ++i)
    if (fields.first[i].attribute == attribute)
      return fields.first + i;
  refuse("the " + std::string(fields.name) + " attribute " +
         std::to_string(attribute));
  return nullptr;
}

struct Value {
  const void *data;
  size_t bytes;
};

cublasStatus_t set(void *contents, const Fields &fields, unsigned attribute,
                   Value value) {
  if (!contents || !value.data)
    return CUBLAS_STATUS_INVALID_VALUE;
  const Field *field = find(fields, attribute);
  if (!field)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  if (value.bytes != field->bytes)
    return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(static_cast<char *>(contents) + field->offset, value.data,
              field->bytes);
  return CUBLAS_STATUS_SUCCESS;
}

struct Room {
  void *data;
  size_t bytes;
  size_t *written;
};

cublasStatus_t get(const void *contents, const Fields &fields,
                   unsigned attribute, Room room) {
  if (!contents || (!room.bytes && !room.written))
    return CUBLAS_STATUS_INVALID_VALUE;
  const Field *field = find(fields, attribute);
  if (!field)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  if (room.written)
    *room.written = field->bytes;
  if (!room.bytes)
    return CUBLAS_STATUS_SUCCESS; // only asked for the size
  if (!room.data || room.bytes != field->bytes)
    return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(room.data, static_cast<const char *>(contents) + field->offset,
              field->bytes);
  return CUBLAS_STATUS_SUCCESS;
}

/// Puts fresh contents into a caller's storage.
template <class T, class Opaque>
cublasStatus_t initialize(Opaque *descriptor, size_t bytes, const T &contents) {
  if (!descriptor || bytes < sizeof(Opaque))
    return CUBLAS_STATUS_INVALID_VALUE;
  new (descriptor) T(contents);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T, class Opaque>
cublasStatus_t create(Opaque **descriptor, const T &contents) {
  if (!descriptor)
    return CUBLAS_STATUS_INVALID_VALUE;
  *descriptor = new (std::nothrow) Opaque();
  return *descriptor ? initialize(*descriptor, sizeof(Opaque), contents)
                     : CUBLAS_STATUS_ALLOC_FAILED;
}

template <class T, class Opaque> cublasStatus_t destroy(Opaque *descriptor) {
  T *contents = contentsOf<T>(descriptor);
  if (!contents)
    return CUBLAS_STATUS_INVALID_VALUE;
  contents->magic = 0;
  delete descriptor;
  return CUBLAS_STATUS_SUCCESS;
}

MatrixLayout newLayout(cudaDataType_t type, uint64_t rows, uint64_t columns,
                       int64_t leading) {
  MatrixLayout layout;
  layout.type = type;
  layout.rows = rows;
  layout.columns = columns;
  layout.leading = leading;
  return layout;
}

MatmulDesc newMatmul(cublasComputeType_t compute, cudaDataType_t scaleType) {
  MatmulDesc desc;
  desc.compute = compute;
  desc.scaleType = scaleType;
  return desc;
}

} // namespace

cublasStatus_t refuse(const std::string &what) {
  std::fprintf(stderr, "cuBLASLt: %s is not supported by the emulated device\n",
               what.c_str());
  return CUBLAS_STATUS_NOT_SUPPORTED;
}

unsigned bytesOf(cudaDataType_t type) {
  switch (type) {
  case CUDA_R_32F:
  case CUDA_R_32I:
    return 4;
  case CUDA_R_16F:
  case CUDA_R_16BF:
    return 2;
  case CUDA_R_8I:
  case CUDA_R_8F_E4M3:
  case CUDA_R_8F_E5M2:
    return 1;
  }
  return 0;
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(
    cublasLtMatrixLayout_t descriptor, size_t bytes, cudaDataType_t type,
    uint64_t rows, uint64_t columns, int64_t leading) {
  return initialize(descriptor, bytes, newLayout(type, rows, columns, leading));
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *descriptor,
                                          cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  return create(descriptor, newLayout(type, rows, columns, leading));
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t descriptor) {
  return destroy<MatrixLayout>(descriptor);
}

cublasStatus_t
cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t descriptor,
                                 cublasLtMatrixLayoutAttribute_t attribute,
                                 const void *data, size_t bytes) {
  return set(contentsOf<MatrixLayout>(descriptor), layout, attribute,
             {data, bytes});
}

cublasStatus_t
cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t descriptor,
                                 cublasLtMatrixLayoutAttribute_t attribute,
                                 void *data, size_t bytes, size_t *written) {
  return get(contentsOf<MatrixLayout>(descriptor), layout, attribute,
             {data, bytes, written});
}

cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t descriptor,
                                               size_t bytes,
                                               cublasComputeType_t compute,
                                               cudaDataType_t scaleType) {
  return initialize(descriptor, bytes, newMatmul(compute, scaleType));
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *descriptor,
                                        cublasComputeType_t compute,
                                        cudaDataType_t scaleType) {
  return create(descriptor, newMatmul(compute, scaleType));
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t descriptor) {
  return destroy<MatmulDesc>(descriptor);
}

cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t descriptor,
                               cublasLtMatmulDescAttributes_t attribute,
                               const void *data, size_t bytes) {
  return set(contentsOf<MatmulDesc>(descriptor), matmul, attribute,
             {data, bytes});
}

cublasStatus_t
cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t descriptor,
                               cublasLtMatmulDescAttributes_t attribute,
                               void *data, size_t bytes, size_t *written) {
  return get(contentsOf<MatmulDesc>(descriptor), matmul, attribute,
             {data, bytes, written});
}

cublasStatus_t
cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t descriptor,
                                      size_t bytes) {
  return initialize(descriptor, bytes, MatmulPreference());
}

cublasStatus_t
cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *descriptor) {
  return create(descriptor, MatmulPreference());
}

cublasStatus_t
cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t descriptor) {
  return destroy<MatmulPreference>(descriptor);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t descriptor,
    cublasLtMatmulPreferenceAttributes_t attribute, const void *data,
    size_t bytes) {
  return set(contentsOf<MatmulPreference>(descriptor), preference, attribute,
             {data, bytes});
}

cublasStatus_t cublasLtMatmulPreferenceGetAttribute(
    cublasLtMatmulPreference_t descriptor,
    cublasLtMatmulPreferenceAttributes_t attribute, void *data, size_t bytes,
    size_t *written) {
  return get(contentsOf<MatmulPreference>(descriptor), preference, attribute,
             {data, bytes, written});
}

} // namespace emulator::cublaslt
