// The passes of the pipeline, in order.
// RUN: moec-opt --moec-cpu-pipeline='target=x86-64-v4 max-step-tokens=64' --dump-pass-pipeline %s -o %t 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=RESULT --input-file=%t

// CHECK: builtin.module(
// CHECK-NEXT: canonicalize{
// CHECK-NEXT: cse,
// CHECK-NEXT: moe-verify-program,
// CHECK-NEXT: moe-add-top-entry{k=1 part=256},
// CHECK-NEXT: moe-split-regimes{borders={8,64} max-tokens=64},
// CHECK-NEXT: func.func(
// CHECK-NEXT: moe-fuse-router{
// CHECK-NEXT: moe-fuse-gate-up{
// CHECK-NEXT: moe-fuse-down-combine{
// CHECK-NEXT: moe-fuse-output-residual{
// CHECK-NEXT: moe-fuse-qkv{
// CHECK-NEXT: moe-fuse-rope-append{
// CHECK-NEXT: moe-fuse-head-top{
// CHECK-NEXT: moe-fuse-qkv-cache{
// CHECK-NEXT: moe-fuse-norm-products{
// CHECK-NEXT: moe-fuse-routed-gate-up{
// CHECK-NEXT: moe-fuse-residual-norm{
// CHECK: x86-pack-matrix-operands
// CHECK-NEXT: ),
// CHECK-NEXT: lower-to-exec{batch-invariant=false max-tokens=64 target=x86-64-v4},
// CHECK-NEXT: exec.program(
// CHECK-NEXT: plan-memory,
// CHECK-NEXT: verify-memory-plan
// CHECK-NEXT: )
// CHECK-NEXT: )

// RESULT: exec.program @step.skinny entry("step") regime("skinny") max_tokens(64) arena(
// RESULT: exec.program @top.skinny entry("top") regime("skinny") max_tokens(64) arena(
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
      : !decoder.kv_cache<1, 1, 32, f32>, tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %last, %cache_0
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}
