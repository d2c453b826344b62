// RUN: moec-opt --moe-add-top-entry='k=4' %s | FileCheck %s
// RUN: moec-opt --moe-add-top-entry='k=1000 part=1000' %s | FileCheck %s --check-prefix=ALL
// RUN: moec-opt --moe-add-top-entry='k=4' --moe-split-regimes='borders=8 max-tokens=64' %s | FileCheck %s --check-prefix=SPLIT
// RUN: not moec-opt --moe-add-top-entry='k=0' %s 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not moec-opt --moe-add-top-entry='part=-1' %s 2>&1 | FileCheck %s --check-prefix=PART
// RUN: echo 'module {}' | not moec-opt --moe-add-top-entry 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK-LABEL: func.func @step(
// CHECK-NOT: part_top
// CHECK: return %{{.*}}, %{{.*}} : tensor<?x600xf32>, !decoder.kv_cache<1, 1, 32, f32>
// CHECK-LABEL: func.func @top(
// CHECK-SAME: -> (tensor<?x4xf32>, tensor<?x4xi32>, !decoder.kv_cache<1, 1, 32, f32>)
// CHECK: %[[LOGITS:.*]] = decoder.linear
// CHECK: %[[P:.*]], %[[Q:.*]] = decoder.part_top %[[LOGITS]] k(4) part(256) : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
// CHECK: %[[T:.*]], %[[I:.*]] = decoder.merge_top %[[P]], %[[Q]] k(4)
// CHECK: return %[[T]], %[[I]], %arg3

// No more than there are.
// ALL: decoder.part_top %{{.*}} k(600) part(1000) : tensor<?x600xf32> -> tensor<?x600xf32>, tensor<?x600xi32>

// SPLIT: func.func @step.decode({{.*}}moe.max_tokens = 8
// SPLIT: func.func @step.wide({{.*}}moe.max_tokens = 64
// SPLIT: func.func @top.decode({{.*}}moe.max_tokens = 8
// SPLIT: func.func @top.wide({{.*}}moe.max_tokens = 64
// SPLIT-NOT: func.func

// ZERO: error: {{.*}}cannot give the best 0 logits in parts of 256; expected positive numbers
// PART: error: {{.*}}cannot give the best 1 logits in parts of -1; expected positive numbers
// NONE: error: {{.*}}has no function @step
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch, %cache: !decoder.kv_cache<1, 1, 32, f32>,
                %table: tensor<600x32xf32>)
    -> (tensor<?x600xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<600x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %logits = decoder.linear %last, %table
      : tensor<?x32xf32>, tensor<600x32xf32> -> tensor<?x600xf32>
  return %logits, %cache
      : tensor<?x600xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
