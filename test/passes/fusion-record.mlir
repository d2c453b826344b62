// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-router,moe-fuse-gate-up))' %s --split-input-file \
// RUN:   | FileCheck %s
// RUN: not moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-router),moe-require-fusions{fusions=router})' %s \
// RUN:   --split-input-file 2>&1 | FileCheck %s --check-prefix=REQUIRED

// Layers that are alike share an entry: how many they are, and the first one's
// place. Another reason is another entry.
// CHECK-LABEL: func.func @layers
// CHECK-SAME: moe.not_fused = [
// CHECK-SAME: {count = 2 : i64, fusion = "router", location = "layers.0", operation = "moe.dispatch", reason = "the dispatched experts are not those of a top_k"},
// CHECK-SAME: {count = 1 : i64, fusion = "router", location = "layers.1", operation = "moe.dispatch", reason = "the logits of top_k are not those of a router"},
// CHECK-SAME: {count = 1 : i64, fusion = "gate-up", location = "layers.1.mlp", operation = "decoder.swiglu", reason = "gate and up are not two products of one kind"}]
// REQUIRED: error: does not fuse 'router', which is required: the dispatched experts are not those of a top_k (moe.dispatch, layers.0)
func.func @layers(%e: tensor<?x2xi32>, %l: tensor<?x8xf32>, %g: tensor<?x8xf32>)
    -> (!moe.plan<8, 2>, !moe.plan<8, 2>, !moe.plan<8, 2>, tensor<?x8xf32>) {
  %p0 = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2> loc("layers.0")
  %f, %w = moe.top_k %l k(2) score(softmax)
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %p1 = moe.dispatch %f : tensor<?x2xi32> -> !moe.plan<8, 2> loc("layers.1")
  %p2 = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2> loc("layers.2")
  %y = decoder.swiglu %g, %l : tensor<?x8xf32> -> tensor<?x8xf32>
      loc("layers.1.mlp")
  return %p0, %p1, %p2, %y
      : !moe.plan<8, 2>, !moe.plan<8, 2>, !moe.plan<8, 2>, tensor<?x8xf32>
}

// -----

// Of a file, its name without the folder; of what other passes joined, the
// first place; control characters are no text.
// CHECK-LABEL: func.func @places
// CHECK-SAME: {count = 1 : i64, fusion = "router", location = "model.mlir:7:3",
// CHECK-SAME: {count = 1 : i64, fusion = "gate-up", location = "a?b",
func.func @places(%e: tensor<?x2xi32>, %g: tensor<?x8xf32>)
    -> (!moe.plan<8, 2>, tensor<?x8xf32>) {
  %p = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2>
      loc("some/folder/model.mlir":7:3)
  %y = decoder.swiglu %g, %g : tensor<?x8xf32> -> tensor<?x8xf32>
      loc(fused["a\0Ab", "c"])
  return %p, %y : !moe.plan<8, 2>, tensor<?x8xf32>
}

// -----

// An operation that comes from nowhere has no place.
// CHECK-LABEL: func.func @nowhere
// CHECK-SAME: {count = 1 : i64, fusion = "router", operation = "moe.dispatch",
// REQUIRED: error: does not fuse 'router', which is required: the dispatched experts are not those of a top_k (moe.dispatch)
func.func @nowhere(%e: tensor<?x2xi32>) -> !moe.plan<8, 2> {
  %p = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2> loc(unknown)
  return %p : !moe.plan<8, 2>
}

// -----

// The regime that does not fuse is named.
// REQUIRED: error: the version for 'wide' does not fuse 'router', which is required: the dispatched experts are not those of a top_k (moe.dispatch, layers.4)
func.func @step.wide(%e: tensor<?x2xi32>) -> !moe.plan<8, 2>
    attributes {moe.regime = "wide"} {
  %p = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<8, 2> loc("layers.4")
  return %p : !moe.plan<8, 2>
}

// -----

// A model without any such operation.
// REQUIRED: error: does not fuse 'router', which is required: it has no operations that this applies to
func.func @nothing() {
  return
}
