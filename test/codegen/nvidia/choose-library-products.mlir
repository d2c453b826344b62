// RUN: moec-opt --pass-pipeline='builtin.module(func.func(nvidia-choose-library-products))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(nvidia-choose-library-products{few-tokens=512}))' %s | FileCheck %s --check-prefix=NONE

// NONE-NOT: exec.library

moe.parameter @w : tensor<64x48xbf16>
moe.parameter @f32 : tensor<64x48xf32>
moe.parameter @f16 : tensor<64x48xf16>
moe.parameter @odd : tensor<64x44xbf16>
moe.parameter @narrow : tensor<62x48xbf16>

// CHECK-LABEL: func.func @wide
// CHECK: decoder.linear %{{.*}} {exec.library} : tensor<?x48xbf16>
// CHECK: decoder.linear %{{.*}} {exec.library} : tensor<?x48xf32>
// CHECK-NOT: exec.library
// CHECK: decoder.linear {{.*}} tensor<64x48xf16>
// CHECK-NOT: exec.library
// CHECK: decoder.linear {{.*}} tensor<64x44xbf16>
// CHECK-NOT: exec.library
// CHECK: decoder.linear {{.*}} tensor<62x48xbf16>
// CHECK-NOT: exec.library
// CHECK: return
func.func @wide(%x: tensor<?x48xbf16>, %y: tensor<?x48xf32>, %z: tensor<?x44xbf16>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x62xf32>)
    attributes {moe.max_tokens = 512 : i64} {
  %w = moe.read_parameter @w : tensor<64x48xbf16>
  %f32 = moe.read_parameter @f32 : tensor<64x48xf32>
  %f16 = moe.read_parameter @f16 : tensor<64x48xf16>
  %odd = moe.read_parameter @odd : tensor<64x44xbf16>
  %narrow = moe.read_parameter @narrow : tensor<62x48xbf16>
  %0 = decoder.linear %x, %w : tensor<?x48xbf16>, tensor<64x48xbf16> -> tensor<?x64xf32>
  %1 = decoder.linear %y, %f32 : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  %2 = decoder.linear %y, %f16 : tensor<?x48xf32>, tensor<64x48xf16> -> tensor<?x64xf32>
  %3 = decoder.linear %z, %odd : tensor<?x44xbf16>, tensor<64x44xbf16> -> tensor<?x64xf32>
  %4 = decoder.linear %x, %narrow : tensor<?x48xbf16>, tensor<62x48xbf16> -> tensor<?x62xf32>
  return %0, %1, %2, %3, %4 : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x62xf32>
}

// A weight that is computed, and sums that a kernel of its own need not write.
// CHECK-LABEL: func.func @stays
// CHECK-NOT: exec.library
// CHECK: return
func.func @stays(%x: tensor<?x48xf32>, %computed: tensor<64x48xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x1xf32>, tensor<?x1xi32>)
    attributes {moe.max_tokens = 512 : i64} {
  %f32 = moe.read_parameter @f32 : tensor<64x48xf32>
  %0 = decoder.linear %x, %computed : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  %1 = decoder.linear %x, %f32 : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  %2 = decoder.linear %x, %f32 : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  %3 = decoder.swiglu %1, %2 : tensor<?x64xf32> -> tensor<?x64xf32>
  %4 = decoder.linear %x, %f32 : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  %top, %tokens = decoder.part_top %4 k(1) part(64) : tensor<?x64xf32> -> tensor<?x1xf32>, tensor<?x1xi32>
  return %0, %3, %top, %tokens : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x1xf32>, tensor<?x1xi32>
}

// Steps of few tokens, and functions that say nothing of their steps.
// CHECK-LABEL: func.func @few
// CHECK-NOT: exec.library
// CHECK-LABEL: func.func @unknown
// CHECK-NOT: exec.library
func.func @few(%x: tensor<?x48xf32>) -> tensor<?x64xf32> attributes {moe.max_tokens = 64 : i64} {
  %f32 = moe.read_parameter @f32 : tensor<64x48xf32>
  %0 = decoder.linear %x, %f32 : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
func.func @unknown(%x: tensor<?x48xf32>) -> tensor<?x64xf32> {
  %f32 = moe.read_parameter @f32 : tensor<64x48xf32>
  %0 = decoder.linear %x, %f32 : tensor<?x48xf32>, tensor<64x48xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
