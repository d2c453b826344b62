// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-qkv,moe-fuse-norm-products))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-qkv,moe-fuse-norm-products{on-chip-bytes=1024}))' %s \
// RUN:   | FileCheck %s --check-prefix=SMALL

// The rows go through memory, so they are a result that nobody else reads.
// CHECK-LABEL: func.func @normed_products
// CHECK: %{{.*}}:3 = exec.group "norm-products"(%arg0, %arg1, %arg2, %arg3)
// CHECK: %[[N:.*]] = decoder.rms_norm
// CHECK-NEXT: %[[A:.*]] = decoder.linear %[[N]]
// CHECK-NEXT: %[[B:.*]] = decoder.linear %[[N]]
// CHECK-NEXT: exec.yield %[[N]], %[[A]], %[[B]]
// CHECK-NOT: exec.group

// SMALL-LABEL: func.func @normed_products
// SMALL-SAME: {count = 1 : i64, fusion = "norm-products", location = "{{[^"]+}}", operation = "decoder.rms_norm", reason = "it keeps 98304 bytes on chip, of which there are 1024"}
// SMALL: decoder.rms_norm
// SMALL: exec.group "qkv"
func.func @normed_products(%x: tensor<?x48xf32>, %n: tensor<48xf32>,
                           %w: tensor<48x48xf32>, %v: tensor<16x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x16xf32>) {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %a = decoder.linear %y, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %b = decoder.linear %y, %v
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  return %a, %b : tensor<?x48xf32>, tensor<?x16xf32>
}

// CHECK-LABEL: func.func @another_reader
// CHECK-SAME: {count = 1 : i64, fusion = "norm-products", location = "{{[^"]+}}", operation = "decoder.rms_norm", reason = "the normalized rows are not read by one group alone"}
// CHECK-NOT: exec.group "norm-products"
func.func @another_reader(%x: tensor<?x48xf32>, %n: tensor<48xf32>,
                          %w: tensor<48x48xf32>, %v: tensor<16x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x16xf32>) {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %a = decoder.linear %y, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %b = decoder.linear %y, %v
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %z = decoder.add %y, %a : tensor<?x48xf32>
  return %z, %b : tensor<?x48xf32>, tensor<?x16xf32>
}

// A group that multiplies something else does not wait for normalized rows.
// CHECK-LABEL: func.func @added_rows
// CHECK-SAME: {count = 1 : i64, fusion = "norm-products", location = "{{[^"]+}}", operation = "decoder.rms_norm", reason = "the group 'output-residual' does not consist of products of normalized rows"}
// CHECK-NOT: exec.group "norm-products"
func.func @added_rows(%x: tensor<?x48xf32>, %n: tensor<48xf32>,
                      %w: tensor<48x48xf32>) -> tensor<?x48xf32> {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %z = exec.group "output-residual"(%x, %w, %y)
      : (tensor<?x48xf32>, tensor<48x48xf32>, tensor<?x48xf32>)
      -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48x48xf32>, %c: tensor<?x48xf32>):
    %d = decoder.linear %a, %b
        : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
    %e = decoder.add %c, %d : tensor<?x48xf32>
    exec.yield %e : tensor<?x48xf32>
  }
  return %z : tensor<?x48xf32>
}

// A product in no group is left alone.
// CHECK-LABEL: func.func @one_product
// CHECK-NOT: moe.not_fused
// CHECK-NOT: exec.group
func.func @one_product(%x: tensor<?x48xf32>, %n: tensor<48xf32>,
                       %w: tensor<16x48xf32>) -> tensor<?x16xf32> {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %a = decoder.linear %y, %w
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// Nor is an operation that is no product one of a group.
// CHECK-LABEL: func.func @no_product
// CHECK-SAME: reason = "the normalized rows are not read by one group alone"
func.func @no_product(%x: tensor<?x48xf32>, %n: tensor<48xf32>)
    -> tensor<?x48xf32> {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %z = decoder.add %x, %y : tensor<?x48xf32>
  return %z : tensor<?x48xf32>
}
