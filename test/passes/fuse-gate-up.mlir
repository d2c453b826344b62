// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-gate-up))' %s --split-input-file | FileCheck %s

// The kernel loads the rows of the plan itself. The gate comes first in the
// group, in whichever order the program computes the two.
// CHECK-LABEL: func.func @experts
// CHECK: exec.group "gate-up"(%arg0, %arg1, %arg2, %arg3)
// CHECK: moe.permute
// CHECK-NEXT: %[[G:.*]] = moe.grouped_linear %{{.*}}, %[[W1:.*]], %{{.*}}
// CHECK-NEXT: %[[U:.*]] = moe.grouped_linear
// CHECK-NEXT: decoder.swiglu %[[G]], %[[U]]
// CHECK-NEXT: exec.yield
func.func @experts(%x: tensor<?x48xf32>, %plan: !moe.plan<8, 2>,
                   %w1: tensor<8x96x48xf32>, %w3: tensor<8x96x48xf32>)
    -> tensor<?x96xf32> {
  %r = moe.permute %x, %plan
      : tensor<?x48xf32>, !moe.plan<8, 2> -> tensor<?x48xf32>
  %u = moe.grouped_linear %r, %w3, %plan
      : tensor<?x48xf32>, tensor<8x96x48xf32>, !moe.plan<8, 2>
      -> tensor<?x96xf32>
  %g = moe.grouped_linear %r, %w1, %plan
      : tensor<?x48xf32>, tensor<8x96x48xf32>, !moe.plan<8, 2>
      -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u
      : tensor<?x96xf32> -> tensor<?x96xf32>
  return %h : tensor<?x96xf32>
}

// -----

// CHECK-LABEL: func.func @dense
// CHECK: exec.group "gate-up"
// CHECK: decoder.linear
// CHECK-NEXT: decoder.linear
// CHECK-NEXT: decoder.swiglu
func.func @dense(%x: tensor<?x48xf32>, %w1: tensor<96x48xf32>,
                 %w3: tensor<96x48xf32>) -> tensor<?x96xf32> {
  %g = decoder.linear %x, %w1
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  %u = decoder.linear %x, %w3
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u
      : tensor<?x96xf32> -> tensor<?x96xf32>
  return %h : tensor<?x96xf32>
}

// -----

// CHECK-LABEL: func.func @different_rows
// CHECK-SAME: reason = "gate and up read different activations"
// CHECK-NOT: exec.group
func.func @different_rows(%x: tensor<?x48xf32>, %y: tensor<?x48xf32>,
                          %w: tensor<96x48xf32>) -> tensor<?x96xf32> {
  %g = decoder.linear %x, %w
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  %u = decoder.linear %y, %w
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u
      : tensor<?x96xf32> -> tensor<?x96xf32>
  return %h : tensor<?x96xf32>
}

// -----

// CHECK-LABEL: func.func @gate_leaves
// CHECK-SAME: reason = "the result of decoder.linear is also read by func.return"
// CHECK-NOT: exec.group
func.func @gate_leaves(%x: tensor<?x48xf32>, %w1: tensor<96x48xf32>,
                       %w3: tensor<96x48xf32>)
    -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %g = decoder.linear %x, %w1
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  %u = decoder.linear %x, %w3
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u
      : tensor<?x96xf32> -> tensor<?x96xf32>
  return %g, %h : tensor<?x96xf32>, tensor<?x96xf32>
}

// -----

// CHECK-LABEL: func.func @no_products
// CHECK-SAME: reason = "gate and up are not two products of one kind"
func.func @no_products(%g: tensor<?x96xf32>, %u: tensor<?x96xf32>)
    -> tensor<?x96xf32> {
  %h = decoder.swiglu %g, %u
      : tensor<?x96xf32> -> tensor<?x96xf32>
  return %h : tensor<?x96xf32>
}
