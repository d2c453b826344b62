// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-qkv-cache))' %s | FileCheck %s
// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-qkv,moe-fuse-rope-append,moe-fuse-qkv-cache))' %s | FileCheck %s

// Operations in groups or not become one group; only rotated queries and the
// cache leave it.
// CHECK-LABEL: func.func @projects_rotates_and_appends
// CHECK-SAME: moe.fused = [{{.*}}"qkv-cache"]
// CHECK: %{{.*}}:2 = exec.group "qkv-cache"
// CHECK: decoder.linear
// CHECK-NEXT: decoder.linear
// CHECK-NEXT: decoder.linear
// CHECK-NEXT: decoder.rope
// CHECK-NEXT: decoder.rope
// CHECK-NEXT: decoder.append_kv
// CHECK-NEXT: exec.yield
// CHECK-NOT: exec.group
// CHECK: decoder.attention
func.func @projects_rotates_and_appends(
    %x: tensor<?x48xf32>, %wq: tensor<32x48xf32>, %wk: tensor<16x48xf32>,
    %wv: tensor<16x48xf32>, %batch: !decoder.batch,
    %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>) {
  %q = decoder.linear %x, %wq
      : tensor<?x48xf32>, tensor<32x48xf32> -> tensor<?x32xf32>
  %k = decoder.linear %x, %wk
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %v = decoder.linear %x, %wv
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %qr = decoder.rope %q, %batch head_dim(16) theta(1.0e+04) : tensor<?x32xf32>
  %kr = decoder.rope %k, %batch head_dim(16) theta(1.0e+04) : tensor<?x16xf32>
  %c = decoder.append_kv %cache, %kr, %v, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %a = decoder.attention %qr, %c, %batch layer(0) scale(0.25)
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x32xf32>
  return %a, %c : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>
}

// Values of other activations are no product of the same kernel.
// CHECK-LABEL: func.func @other_values
// CHECK-SAME: {count = 1 : i64, fusion = "qkv-cache", location = "{{[^"]+}}", operation = "decoder.append_kv", reason = "queries, keys and values are not three products of the same activations"}
// CHECK-NOT: "qkv-cache"
func.func @other_values(
    %x: tensor<?x48xf32>, %y: tensor<?x48xf32>, %wq: tensor<32x48xf32>,
    %wk: tensor<16x48xf32>, %batch: !decoder.batch,
    %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>) {
  %q = decoder.linear %x, %wq
      : tensor<?x48xf32>, tensor<32x48xf32> -> tensor<?x32xf32>
  %k = decoder.linear %x, %wk
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %v = decoder.linear %y, %wk
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %qr = decoder.rope %q, %batch head_dim(16) theta(1.0e+04) : tensor<?x32xf32>
  %kr = decoder.rope %k, %batch head_dim(16) theta(1.0e+04) : tensor<?x16xf32>
  %c = decoder.append_kv %cache, %kr, %v, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %a = decoder.attention %qr, %c, %batch layer(0) scale(0.25)
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x32xf32>
  return %a, %c : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>
}

// CHECK-LABEL: func.func @no_rotation
// CHECK-SAME: {count = 1 : i64, fusion = "qkv-cache", location = "{{[^"]+}}", operation = "decoder.append_kv", reason = "keys and queries are not both rotated on their own"}
// CHECK-NOT: "qkv-cache"
func.func @no_rotation(
    %x: tensor<?x48xf32>, %wk: tensor<16x48xf32>, %batch: !decoder.batch,
    %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x16xf32>, !decoder.kv_cache<1, 1, 16, f32>) {
  %k = decoder.linear %x, %wk
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %c = decoder.append_kv %cache, %k, %k, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %a = decoder.attention %k, %c, %batch layer(0) scale(0.25)
      : tensor<?x16xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x16xf32>
  return %a, %c : tensor<?x16xf32>, !decoder.kv_cache<1, 1, 16, f32>
}

// Sums that somebody else reads cannot stay inside.
// CHECK-LABEL: func.func @keys_are_read
// CHECK-SAME: {count = 1 : i64, fusion = "qkv-cache", location = "{{[^"]+}}", operation = "decoder.append_kv", reason = "the result of
// CHECK-NOT: "qkv-cache"
func.func @keys_are_read(
    %x: tensor<?x48xf32>, %wq: tensor<16x48xf32>, %wk: tensor<16x48xf32>,
    %wv: tensor<16x48xf32>, %batch: !decoder.batch,
    %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x16xf32>, tensor<?x16xf32>,
        !decoder.kv_cache<1, 1, 16, f32>) {
  %q = decoder.linear %x, %wq
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %k = decoder.linear %x, %wk
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %v = decoder.linear %x, %wv
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %qr = decoder.rope %q, %batch head_dim(16) theta(1.0e+04) : tensor<?x16xf32>
  %kr = decoder.rope %k, %batch head_dim(16) theta(1.0e+04) : tensor<?x16xf32>
  %c = decoder.append_kv %cache, %kr, %v, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %a = decoder.attention %qr, %c, %batch layer(0) scale(0.25)
      : tensor<?x16xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x16xf32>
  %z = decoder.add %k, %a : tensor<?x16xf32>
  return %a, %z, %c
      : tensor<?x16xf32>, tensor<?x16xf32>, !decoder.kv_cache<1, 1, 16, f32>
}
