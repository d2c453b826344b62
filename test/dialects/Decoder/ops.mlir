// RUN: moec-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @embed
// CHECK-SAME: !decoder.batch
// CHECK-SAME: !decoder.kv_cache<2, 8, 128, f16>
func.func @embed(%tokens: tensor<?xi32>, %table: tensor<512x64xbf16>,
                 %batch: !decoder.batch,
                 %cache: !decoder.kv_cache<2, 8, 128, f16>)
    -> tensor<?x64xf32> {
  // CHECK: decoder.embed %{{[a-z0-9]+}}, %{{[a-z0-9]+}}
  // CHECK-SAME: : tensor<?xi32>, tensor<512x64xbf16> -> tensor<?x64xf32>
  %0 = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<512x64xbf16> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: @rows
func.func @rows(%x: tensor<?x64xf32>, %rows: tensor<?xi32>) -> tensor<?x64xf32> {
  // CHECK: decoder.select_rows %{{[a-z0-9]+}}, %{{[a-z0-9]+}}
  // CHECK-SAME: : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %0 = decoder.select_rows %x, %rows
      : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  // CHECK: decoder.add %{{[a-z0-9]+}}, %{{[a-z0-9]+}} : tensor<?x64xf32>
  %1 = decoder.add %0, %0 : tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// CHECK-LABEL: @norm
func.func @norm(%x: tensor<?x64xf32>, %weight: tensor<64xbf16>)
    -> (tensor<?x64xbf16>, tensor<?x64xf32>) {
  // CHECK: decoder.rms_norm %{{[a-z0-9]+}}, %{{[a-z0-9]+}} epsilon(9.99999974E-6)
  // CHECK-SAME: : tensor<?x64xf32>, tensor<64xbf16> -> tensor<?x64xbf16>
  %0 = decoder.rms_norm %x, %weight epsilon(1.0e-05)
      : tensor<?x64xf32>, tensor<64xbf16> -> tensor<?x64xbf16>
  // CHECK: decoder.rms_norm {{.*}} epsilon(0.000000e+00) {{.*}} -> tensor<?x64xf32>
  %1 = decoder.rms_norm %x, %weight epsilon(0.0)
      : tensor<?x64xf32>, tensor<64xbf16> -> tensor<?x64xf32>
  return %0, %1 : tensor<?x64xbf16>, tensor<?x64xf32>
}

// Of each pair of element types that a product may have, and with layouts.
// CHECK-LABEL: @linear
func.func @linear(%b: tensor<?x64xbf16>, %f: tensor<?x64xf32>,
                  %wb: tensor<96x64xbf16>, %wh: tensor<96x64xf16>,
                  %wf: tensor<96x64xf32>,
                  %p: tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
                  %wp: tensor<96x64xbf16, #exec.panels<32, 8, 2>>)
    -> tensor<?x96xf32> {
  // CHECK: decoder.linear {{.*}} : tensor<?x64xbf16>, tensor<96x64xbf16> -> tensor<?x96xf32>
  %0 = decoder.linear %b, %wb
      : tensor<?x64xbf16>, tensor<96x64xbf16> -> tensor<?x96xf32>
  // CHECK: decoder.linear {{.*}} : tensor<?x64xf32>, tensor<96x64xf16> -> tensor<?x96xf32>
  %1 = decoder.linear %f, %wh
      : tensor<?x64xf32>, tensor<96x64xf16> -> tensor<?x96xf32>
  // CHECK: decoder.linear {{.*}} : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x96xf32>
  %2 = decoder.linear %f, %wf
      : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x96xf32>
  // CHECK: decoder.linear {{.*}} : tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
  // CHECK-SAME: tensor<96x64xbf16, #exec.panels<32, 8, 2>> -> tensor<?x96xf32>
  %3 = decoder.linear %p, %wp
      : tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
        tensor<96x64xbf16, #exec.panels<32, 8, 2>> -> tensor<?x96xf32>
  return %3 : tensor<?x96xf32>
}

// CHECK-LABEL: @swiglu
func.func @swiglu(%gate: tensor<?x96xf32>, %up: tensor<?x96xf32>)
    -> tensor<?x96xbf16> {
  // CHECK: decoder.swiglu {{.*}} : tensor<?x96xf32> -> tensor<?x96xbf16>
  %0 = decoder.swiglu %gate, %up : tensor<?x96xf32> -> tensor<?x96xbf16>
  return %0 : tensor<?x96xbf16>
}

// CHECK-LABEL: @self_attention
func.func @self_attention(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>,
                          %batch: !decoder.batch,
                          %cache: !decoder.kv_cache<2, 2, 16, bf16>)
    -> (tensor<?x64xbf16>, !decoder.kv_cache<2, 2, 16, bf16>) {
  // CHECK: decoder.rope %{{[a-z0-9]+}}, %{{[a-z0-9]+}} head_dim(16)
  // CHECK-SAME: theta(1.000000e+06) : tensor<?x64xf32>
  %0 = decoder.rope %q, %batch head_dim(16) theta(1.0e+06) : tensor<?x64xf32>
  // CHECK: %cache = decoder.append_kv {{.*}} layer(1)
  // CHECK-SAME: : !decoder.kv_cache<2, 2, 16, bf16>, tensor<?x32xf32>
  %1 = decoder.append_kv %cache, %k, %k, %batch layer(1)
      : !decoder.kv_cache<2, 2, 16, bf16>, tensor<?x32xf32>
  // CHECK: decoder.attention {{.*}}, %cache, {{.*}} layer(1) scale(2.500000e-01)
  // CHECK-SAME: : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, bf16>
  // CHECK-SAME: -> tensor<?x64xbf16>
  %2 = decoder.attention %0, %1, %batch layer(1) scale(0.25)
      : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, bf16>
      -> tensor<?x64xbf16>
  // CHECK: decoder.attention {{.*}} scale(2.500000e-01) window(4096)
  // CHECK-SAME: -> tensor<?x64xf32>
  %3 = decoder.attention %0, %1, %batch layer(1) scale(0.25) window(4096)
      : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, bf16>
      -> tensor<?x64xf32>
  return %2, %1 : tensor<?x64xbf16>, !decoder.kv_cache<2, 2, 16, bf16>
}

// CHECK-LABEL: @best_logits
func.func @best_logits(%logits: tensor<?x600xf32>)
    -> (tensor<?x4xf32>, tensor<?x4xi32>) {
  // CHECK: %top, %tokens = decoder.part_top %{{.*}} k(4) part(256)
  // CHECK-SAME: : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
  %0, %1 = decoder.part_top %logits k(4) part(256)
      : tensor<?x600xf32> -> tensor<?x12xf32>, tensor<?x12xi32>
  // CHECK: decoder.merge_top %top, %tokens k(4)
  // CHECK-SAME: : tensor<?x12xf32>, tensor<?x12xi32> -> tensor<?x4xf32>, tensor<?x4xi32>
  %2, %3 = decoder.merge_top %0, %1 k(4)
      : tensor<?x12xf32>, tensor<?x12xi32> -> tensor<?x4xf32>, tensor<?x4xi32>
  return %2, %3 : tensor<?x4xf32>, tensor<?x4xi32>
}
