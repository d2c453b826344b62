// RUN: moec-opt --pass-pipeline='builtin.module(func.func(moe-fuse-rope-append))' %s | FileCheck %s

// CHECK-LABEL: func.func @rotates_and_appends
// CHECK: exec.group "rope-append"
// CHECK: decoder.rope
// CHECK-NEXT: decoder.rope
// CHECK-NEXT: decoder.append_kv
// CHECK: decoder.attention
func.func @rotates_and_appends(%q: tensor<?x32xf32>, %k: tensor<?x16xf32>,
                               %v: tensor<?x16xf32>, %batch: !decoder.batch,
                               %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>) {
  %qr = decoder.rope %q, %batch head_dim(16) theta(1.0e+04) : tensor<?x32xf32>
  %kr = decoder.rope %k, %batch head_dim(16) theta(1.0e+04) : tensor<?x16xf32>
  %c = decoder.append_kv %cache, %kr, %v, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %a = decoder.attention %qr, %c, %batch layer(0) scale(0.25)
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x32xf32>
  return %a, %c : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>
}

// CHECK-LABEL: func.func @no_rotation
// CHECK-SAME: reason = "keys and queries are not both rotated on their own"
// CHECK-NOT: exec.group
func.func @no_rotation(%q: tensor<?x32xf32>, %k: tensor<?x16xf32>,
                       %batch: !decoder.batch,
                       %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>) {
  %c = decoder.append_kv %cache, %k, %k, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %a = decoder.attention %q, %c, %batch layer(0) scale(0.25)
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x32xf32>
  return %a, %c : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 16, f32>
}
