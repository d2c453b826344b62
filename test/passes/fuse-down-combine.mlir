// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-down-combine))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-down-combine{on-chip-bytes=65536}))' %s | FileCheck %s --check-prefix=CHECK
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-down-combine{on-chip-bytes=65536 launch-seconds=0}))' %s | FileCheck %s --check-prefix=FREE

// CHECK-LABEL: func.func @with_residual
// CHECK: exec.group "down-combine"
// CHECK: moe.grouped_linear
// CHECK-NEXT: moe.combine
// CHECK-NEXT: decoder.add
// CHECK-NEXT: exec.yield %{{.*}} : tensor<?x48xf32>
// Rows that do not fit on chip, 32 columns at a time, go through memory as
// before: a launch is saved, and the sums.
// FREE-LABEL: func.func @with_residual
// FREE: exec.group "down-combine"
func.func @with_residual(%h: tensor<?x96xf32>, %w2: tensor<8x48x96xf32>,
                         %plan: !moe.plan<8, 2>, %weights: tensor<?x2xf32>,
                         %x: tensor<?x48xf32>) -> tensor<?x48xf32>
    attributes {moe.regime = "wide", moe.max_tokens = 512 : i64} {
  %r = moe.grouped_linear %h, %w2, %plan
      : tensor<?x96xf32>, tensor<8x48x96xf32>, !moe.plan<8, 2>
      -> tensor<?x48xf32>
  %y = moe.combine %r, %weights, %plan
      : tensor<?x48xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x48xf32>
  %z = decoder.add %x, %y : tensor<?x48xf32>
  return %z : tensor<?x48xf32>
}

// Sums that are read elsewhere leave the group, and are added outside.
// CHECK-LABEL: func.func @sums_leave
// CHECK: exec.group "down-combine"
// CHECK: moe.combine
// CHECK-NEXT: exec.yield
// CHECK: decoder.add
// Nothing is saved here if launches cost nothing.
// FREE-LABEL: func.func @sums_leave
// FREE-SAME: reason = "it takes more time in arithmetic than it saves in traffic and launches"
// FREE-NOT: exec.group
func.func @sums_leave(%h: tensor<?x96xf32>, %w2: tensor<8x48x96xf32>,
                      %plan: !moe.plan<8, 2>, %weights: tensor<?x2xf32>,
                      %x: tensor<?x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  %r = moe.grouped_linear %h, %w2, %plan
      : tensor<?x96xf32>, tensor<8x48x96xf32>, !moe.plan<8, 2>
      -> tensor<?x48xf32>
  %y = moe.combine %r, %weights, %plan
      : tensor<?x48xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x48xf32>
  %z = decoder.add %x, %y : tensor<?x48xf32>
  return %y, %z : tensor<?x48xf32>, tensor<?x48xf32>
}

// CHECK-LABEL: func.func @rows_from_elsewhere
// CHECK-SAME: reason = "the combined rows are not those of a grouped_linear"
// CHECK-NOT: exec.group
func.func @rows_from_elsewhere(%r: tensor<?x48xf32>, %plan: !moe.plan<8, 2>,
                               %weights: tensor<?x2xf32>) -> tensor<?x48xf32> {
  %y = moe.combine %r, %weights, %plan
      : tensor<?x48xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}
