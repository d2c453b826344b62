// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-head-top))' %s --split-input-file | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-head-top{on-chip-bytes=4096}))' %s --split-input-file | FileCheck %s --check-prefix=SMALL
// RUN: not moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-head-top),moe-require-fusions{fusions=head-top})' %s --split-input-file 2>&1 | FileCheck %s --check-prefix=REQUIRED

// The best of each part leave the group, logits do not.
// CHECK-LABEL: func.func @best
// CHECK: exec.group "head-top"(%arg0, %arg1)
// CHECK: decoder.linear
// CHECK-NEXT: decoder.part_top
// CHECK-NEXT: exec.yield %{{.*}}, %{{.*}} : tensor<?x12xf32>, tensor<?x12xi32>
// CHECK: decoder.merge_top
// A part of all rows must fit on chip.
// SMALL-LABEL: func.func @best
// SMALL-SAME: reason = "it keeps 8192 bytes on chip, of which there are 4096"
// SMALL-NOT: exec.group
func.func @best(%x: tensor<?x48xf32>, %head: tensor<600x48xf32>)
    -> (tensor<?x4xf32>, tensor<?x4xi32>)
    attributes {moe.max_tokens = 8 : i64, moe.regime = "decode"} {
  %logits = decoder.linear %x, %head
      : tensor<?x48xf32>, tensor<600x48xf32> -> tensor<?x600xf32>
  %p, %q = decoder.part_top %logits k(4) part(256)
      : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
  %t, %i = decoder.merge_top %p, %q k(4)
      : tensor<?x12xf32>, tensor<?x12xi32> -> tensor<?x4xf32>, tensor<?x4xi32>
  return %t, %i : tensor<?x4xf32>, tensor<?x4xi32>
}

// -----

// Does not fuse when all logits are wanted, too.
// CHECK-LABEL: func.func @logits_leave
// CHECK-SAME: moe.not_fused = [{count = 1 : i64, fusion = "head-top", location = "{{[^"]+}}", operation = "decoder.part_top", reason = "the result of decoder.linear is also read by func.return"}]
// CHECK-NOT: exec.group
// REQUIRED: error: {{.*}}does not fuse 'head-top', which is required: the result of decoder.linear is also read by func.return
func.func @logits_leave(%x: tensor<?x48xf32>, %head: tensor<600x48xf32>)
    -> (tensor<?x600xf32>, tensor<?x12xf32>) {
  %logits = decoder.linear %x, %head
      : tensor<?x48xf32>, tensor<600x48xf32> -> tensor<?x600xf32>
  %p, %q = decoder.part_top %logits k(4) part(256)
      : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
  return %logits, %p : tensor<?x600xf32>, tensor<?x12xf32>
}

// -----

// Does not fuse what is no product.
// CHECK-LABEL: func.func @given_logits
// CHECK-SAME: reason = "the logits of part_top are not those of a linear"
// REQUIRED: error: {{.*}}the logits of part_top are not those of a linear
func.func @given_logits(%logits: tensor<?x600xf32>) -> tensor<?x12xf32> {
  %p, %q = decoder.part_top %logits k(4) part(256)
      : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
  return %p : tensor<?x12xf32>
}

// -----

// One function that fuses is enough, if no other refuses.
// CHECK-LABEL: func.func @step
// CHECK-NOT: moe.not_fused
// CHECK-LABEL: func.func @top
// CHECK: exec.group "head-top"
// REQUIRED-NOT: error
func.func @step(%x: tensor<?x48xf32>, %head: tensor<600x48xf32>)
    -> tensor<?x600xf32> {
  %logits = decoder.linear %x, %head
      : tensor<?x48xf32>, tensor<600x48xf32> -> tensor<?x600xf32>
  return %logits : tensor<?x600xf32>
}
func.func @top(%x: tensor<?x48xf32>, %head: tensor<600x48xf32>)
    -> tensor<?x12xi32> {
  %logits = decoder.linear %x, %head
      : tensor<?x48xf32>, tensor<600x48xf32> -> tensor<?x600xf32>
  %p, %q = decoder.part_top %logits k(4) part(256)
      : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
  return %q : tensor<?x12xi32>
}
