// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-router))' %s --split-input-file | FileCheck %s

// Norm, scores, choice and plan are one group; rows, weights and plan leave it.
// CHECK-LABEL: func.func @routes
// CHECK: exec.group "router"(%arg0, %arg1, %arg2)
// CHECK: decoder.rms_norm
// CHECK-NEXT: moe.router
// CHECK-NEXT: moe.top_k
// CHECK-NEXT: moe.dispatch
// CHECK-NEXT: exec.yield %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x48xf32>, tensor<?x2xf32>, !moe.plan<8, 2>
// CHECK: moe.permute
func.func @routes(%x: tensor<?x48xf32>, %norm: tensor<48xf32>,
                  %gate: tensor<8x48xf32>)
    -> (tensor<?x48xf32>, tensor<?x2xf32>) {
  %n = decoder.rms_norm %x, %norm epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %l = moe.router %n, %gate
      : tensor<?x48xf32>, tensor<8x48xf32> -> tensor<?x8xf32>
  %e, %w = moe.top_k %l k(2) score(softmax) renormalize
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
  %r = moe.permute %n, %plan
      : tensor<?x48xf32>, !moe.plan<8, 2> -> tensor<?x48xf32>
  return %r, %w : tensor<?x48xf32>, tensor<?x2xf32>
}

// -----

// Another score function, another k and no norm make no difference.
// CHECK-LABEL: func.func @sigmoid_top_1
// CHECK: exec.group "router"
// CHECK: moe.router
// CHECK-NEXT: moe.top_k %{{.*}} k(1) score(sigmoid)
// CHECK-NEXT: moe.dispatch
func.func @sigmoid_top_1(%x: tensor<?x48xf32>, %gate: tensor<8x48xf32>)
    -> (!moe.plan<8, 1>, tensor<?x1xf32>) {
  %l = moe.router %x, %gate
      : tensor<?x48xf32>, tensor<8x48xf32> -> tensor<?x8xf32>
  %e, %w = moe.top_k %l k(1) score(sigmoid)
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  %plan = moe.dispatch %e : tensor<?x1xi32> -> !moe.plan<8, 1>
  return %plan, %w : !moe.plan<8, 1>, tensor<?x1xf32>
}

// -----

// Does not fuse when the logits are wanted, too.
// CHECK-LABEL: func.func @logits_leave
// CHECK-SAME: moe.not_fused = [{count = 1 : i64, fusion = "router", location = "{{[^"]+}}", operation = "moe.dispatch", reason = "the result of moe.router is also read by func.return"}]
// CHECK-NOT: exec.group
func.func @logits_leave(%x: tensor<?x48xf32>, %gate: tensor<8x48xf32>)
    -> (!moe.plan<8, 2>, tensor<?x8xf32>) {
  %l = moe.router %x, %gate
      : tensor<?x48xf32>, tensor<8x48xf32> -> tensor<?x8xf32>
  %e, %w = moe.top_k %l k(2) score(softmax)
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
  return %plan, %l : !moe.plan<8, 2>, tensor<?x8xf32>
}

// -----

// Does not fuse when experts are chosen elsewhere.
// CHECK-LABEL: func.func @given_experts
// CHECK-SAME: reason = "the dispatched experts are not those of a top_k"
func.func @given_experts(%e: tensor<?x2xi32>) -> !moe.plan<8, 2> {
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
  return %plan : !moe.plan<8, 2>
}

// -----

// Biases of the scores and of the choice come along as inputs of the group.
// CHECK-LABEL: func.func @biased
// CHECK: exec.group "router"(%arg0, %arg1, %arg2, %arg3)
// CHECK: ^bb0(%[[X:.*]]: tensor<?x48xf32>, %[[W:.*]]: tensor<8x48xf32>, %[[B:.*]]: tensor<8xbf16>, %[[C:.*]]: tensor<8xf32>):
// CHECK-NEXT: %[[L:.*]] = moe.router %[[X]], %[[W]] bias %[[B]] : tensor<8xbf16>
// CHECK-NEXT: moe.top_k %[[L]] k(2) score(sigmoid) bias %[[C]] : tensor<8xf32>
// CHECK-NEXT: moe.dispatch
func.func @biased(%x: tensor<?x48xf32>, %gate: tensor<8x48xf32>,
                  %b: tensor<8xbf16>, %c: tensor<8xf32>)
    -> (!moe.plan<8, 2>, tensor<?x2xf32>) {
  %l = moe.router %x, %gate bias %b : tensor<8xbf16>
      : tensor<?x48xf32>, tensor<8x48xf32> -> tensor<?x8xf32>
  %e, %w = moe.top_k %l k(2) score(sigmoid) bias %c : tensor<8xf32>
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
  return %plan, %w : !moe.plan<8, 2>, tensor<?x2xf32>
}

// -----

// Does not fuse when somebody else reads the chosen experts.
// CHECK-LABEL: func.func @experts_leave
// CHECK-SAME: moe.not_fused = [{count = 1 : i64, fusion = "router", location = "{{[^"]+}}", operation = "moe.dispatch", reason = "the result of moe.top_k is also read by func.return"}]
// CHECK-NOT: exec.group
func.func @experts_leave(%x: tensor<?x48xf32>, %gate: tensor<8x48xf32>)
    -> (!moe.plan<8, 2>, tensor<?x2xi32>) {
  %l = moe.router %x, %gate
      : tensor<?x48xf32>, tensor<8x48xf32> -> tensor<?x8xf32>
  %e, %w = moe.top_k %l k(2) score(softmax)
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
  return %plan, %e : !moe.plan<8, 2>, tensor<?x2xi32>
}

// -----

// Does not fuse when the logits are made elsewhere.
// CHECK-LABEL: func.func @given_logits
// CHECK-SAME: reason = "the logits of top_k are not those of a router"
// CHECK-NOT: exec.group
func.func @given_logits(%l: tensor<?x8xf32>)
    -> (!moe.plan<8, 2>, tensor<?x2xf32>) {
  %e, %w = moe.top_k %l k(2) score(softmax)
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
  return %plan, %w : !moe.plan<8, 2>, tensor<?x2xf32>
}
