// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-qkv))' %s | FileCheck %s

// CHECK-LABEL: func.func @three
// CHECK: exec.group "qkv"
// CHECK: decoder.linear
// CHECK-NEXT: decoder.linear
// CHECK-NEXT: decoder.linear
// CHECK-NEXT: exec.yield
// CHECK: decoder.add
func.func @three(%x: tensor<?x48xf32>, %w: tensor<48x48xf32>,
                 %v: tensor<16x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x16xf32>, tensor<?x16xf32>) {
  %a = decoder.linear %x, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  // What reads a result waits for all of them.
  %y = decoder.add %a, %a : tensor<?x48xf32>
  %b = decoder.linear %x, %v
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %c = decoder.linear %x, %v
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  return %y, %b, %c : tensor<?x48xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// Products of different activations are not one kernel.
// CHECK-LABEL: func.func @different_rows
// CHECK-NOT: exec.group
func.func @different_rows(%x: tensor<?x48xf32>, %y: tensor<?x48xf32>,
                          %w: tensor<48x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %a = decoder.linear %x, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %b = decoder.linear %y, %w
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  return %a, %b : tensor<?x48xf32>, tensor<?x48xf32>
}
