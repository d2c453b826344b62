// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-router,moe-fuse-gate-up,moe-fuse-routed-gate-up))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-gate-up,moe-fuse-routed-gate-up))' %s \
// RUN:   | FileCheck %s --check-prefix=SPLIT
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-router,moe-fuse-routed-gate-up))' %s \
// RUN:   | FileCheck %s --check-prefix=ALONE
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-router,moe-fuse-gate-up,moe-fuse-routed-gate-up{on-chip-bytes=1000}))' %s \
// RUN:   | FileCheck %s --check-prefix=SMALL

// What routing makes goes through memory: rows, weights and plan.
// CHECK-LABEL: func.func @experts
// CHECK: %{{.*}}:4 = exec.group "routed-gate-up"
// CHECK: decoder.rms_norm
// CHECK-NEXT: moe.router
// CHECK-NEXT: %{{.*}}, %[[W:.*]] = moe.top_k
// CHECK-NEXT: %[[P:.*]] = moe.dispatch
// CHECK-NEXT: moe.permute
// CHECK-NEXT: moe.grouped_linear
// CHECK-NEXT: moe.grouped_linear
// CHECK-NEXT: %[[H:.*]] = decoder.swiglu
// CHECK-NEXT: exec.yield %{{.*}}, %[[W]], %[[P]], %[[H]]
// CHECK-NOT: exec.group

// SPLIT-LABEL: func.func @experts
// SPLIT-SAME: {count = 1 : i64, fusion = "routed-gate-up", location = "{{[^"]+}}", operation = "moe.dispatch", reason = "the choice of experts is not one group"}
// SPLIT-NOT: exec.group "routed-gate-up"

// ALONE-LABEL: func.func @experts
// ALONE-SAME: {count = 1 : i64, fusion = "routed-gate-up", location = "{{[^"]+}}", operation = "moe.dispatch", reason = "gate and up are no group that reads rows by the plan"}
// ALONE-NOT: exec.group "routed-gate-up"

// SMALL-LABEL: func.func @experts
// SMALL-SAME: {count = 1 : i64, fusion = "routed-gate-up", location = "{{[^"]+}}", operation = "moe.dispatch", reason = "it keeps {{[0-9]+}} bytes on chip, of which there are 1000"}
// SMALL-NOT: exec.group "routed-gate-up"
func.func @experts(%x: tensor<?x48xf32>, %n: tensor<48xf32>,
                   %gate: tensor<4x48xf32>, %w1: tensor<4x96x48xf32>,
                   %w3: tensor<4x96x48xf32>, %w2: tensor<4x48x96xf32>)
    -> tensor<?x48xf32> {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %logits = moe.router %y, %gate
      : tensor<?x48xf32>, tensor<4x48xf32> -> tensor<?x4xf32>
  %experts, %weights = moe.top_k %logits k(2) score(softmax) renormalize
      : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<4, 2>
  %rows = moe.permute %y, %plan
      : tensor<?x48xf32>, !moe.plan<4, 2> -> tensor<?x48xf32>
  %g = moe.grouped_linear %rows, %w1, %plan
      : tensor<?x48xf32>, tensor<4x96x48xf32>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %u = moe.grouped_linear %rows, %w3, %plan
      : tensor<?x48xf32>, tensor<4x96x48xf32>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u : tensor<?x96xf32> -> tensor<?x96xf32>
  %d = moe.grouped_linear %h, %w2, %plan
      : tensor<?x96xf32>, tensor<4x48x96xf32>, !moe.plan<4, 2>
      -> tensor<?x48xf32>
  %z = moe.combine %d, %weights, %plan
      : tensor<?x48xf32>, tensor<?x2xf32>, !moe.plan<4, 2> -> tensor<?x48xf32>
  return %z : tensor<?x48xf32>
}

// Biases of the scores and of the choice do not keep routing out.
// CHECK-LABEL: func.func @biased_choice
// CHECK: exec.group "routed-gate-up"
// CHECK: moe.router %{{.*}}, %{{.*}} bias %{{.*}} : tensor<4xf32>
// CHECK-NEXT: moe.top_k %{{.*}} k(2) score(sigmoid) bias %{{.*}} : tensor<4xf32>
// CHECK-NEXT: moe.dispatch
// CHECK-NEXT: moe.permute
// CHECK-NOT: exec.group
func.func @biased_choice(%x: tensor<?x48xf32>, %n: tensor<48xf32>,
                         %gate: tensor<4x48xf32>, %b: tensor<4xf32>,
                         %c: tensor<4xf32>, %w1: tensor<4x96x48xf32>,
                         %w3: tensor<4x96x48xf32>)
    -> (tensor<?x96xf32>, tensor<?x2xf32>) {
  %y = decoder.rms_norm %x, %n epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %logits = moe.router %y, %gate bias %b : tensor<4xf32>
      : tensor<?x48xf32>, tensor<4x48xf32> -> tensor<?x4xf32>
  %experts, %weights = moe.top_k %logits k(2) score(sigmoid) bias %c : tensor<4xf32>
      : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<4, 2>
  %rows = moe.permute %y, %plan
      : tensor<?x48xf32>, !moe.plan<4, 2> -> tensor<?x48xf32>
  %g = moe.grouped_linear %rows, %w1, %plan
      : tensor<?x48xf32>, tensor<4x96x48xf32>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %u = moe.grouped_linear %rows, %w3, %plan
      : tensor<?x48xf32>, tensor<4x96x48xf32>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u : tensor<?x96xf32> -> tensor<?x96xf32>
  return %h, %weights : tensor<?x96xf32>, tensor<?x2xf32>
}
