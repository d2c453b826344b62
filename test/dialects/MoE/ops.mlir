// RUN: moec-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: module {
// CHECK: moe.parameter @layers.0.gate : tensor<8x64xf32> from
// CHECK-SAME: [#moe.bytes<"model.safetensors", 4096, 2048>]
moe.parameter @layers.0.gate : tensor<8x64xf32>
    from [#moe.bytes<"model.safetensors", 4096, 2048>]
// CHECK: moe.parameter @experts : tensor<2x4x4xbf16> from
// CHECK-SAME: [#moe.bytes<"a/model-00001.safetensors", 0, 32>,
// CHECK-SAME: #moe.bytes<"a/model-00002.safetensors", 64, 32>]
moe.parameter @experts : tensor<2x4x4xbf16>
    from [#moe.bytes<"a/model-00001.safetensors", 0, 32>,
          #moe.bytes<"a/model-00002.safetensors", 64, 32>]
// CHECK: moe.parameter @norm : tensor<64xf16>
moe.parameter @norm : tensor<64xf16>

// CHECK-LABEL: @read_parameter
func.func @read_parameter() -> tensor<8x64xf32> {
  // CHECK: %layers.0.gate = moe.read_parameter @layers.0.gate : tensor<8x64xf32>
  %0 = moe.read_parameter @layers.0.gate : tensor<8x64xf32>
  return %0 : tensor<8x64xf32>
}

// CHECK-LABEL: @sparse_layer
func.func @sparse_layer(%x: tensor<?x64xbf16>, %gate: tensor<8x64xbf16>,
                        %w: tensor<8x96x64xbf16>) -> tensor<?x96xf32> {
  // CHECK: %logits = moe.router %{{[a-z0-9]+}}, %{{[a-z0-9]+}}
  // CHECK-SAME: : tensor<?x64xbf16>, tensor<8x64xbf16> -> tensor<?x8xf32>
  %0 = moe.router %x, %gate
      : tensor<?x64xbf16>, tensor<8x64xbf16> -> tensor<?x8xf32>
  // CHECK: %experts, %weights = moe.top_k %logits k(2) score(softmax) renormalize
  // CHECK-SAME: : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %1, %2 = moe.top_k %0 k(2) score(softmax) renormalize
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  // CHECK: %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<8, 2>
  %3 = moe.dispatch %1 : tensor<?x2xi32> -> !moe.plan<8, 2>
  // CHECK: moe.permute %{{[a-z0-9]+}}, %plan
  // CHECK-SAME: : tensor<?x64xbf16>, !moe.plan<8, 2> -> tensor<?x64xbf16>
  %4 = moe.permute %x, %3
      : tensor<?x64xbf16>, !moe.plan<8, 2> -> tensor<?x64xbf16>
  // CHECK: moe.grouped_linear %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %plan
  // CHECK-SAME: : tensor<?x64xbf16>, tensor<8x96x64xbf16>, !moe.plan<8, 2> -> tensor<?x96xf32>
  %5 = moe.grouped_linear %4, %w, %3
      : tensor<?x64xbf16>, tensor<8x96x64xbf16>, !moe.plan<8, 2>
      -> tensor<?x96xf32>
  // CHECK: moe.combine %{{[a-z0-9]+}}, %weights, %plan
  // CHECK-SAME: : tensor<?x96xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x96xf32>
  %6 = moe.combine %5, %2, %3
      : tensor<?x96xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x96xf32>
  return %6 : tensor<?x96xf32>
}

// CHECK-LABEL: @top_k_with_every_option
func.func @top_k_with_every_option(%logits: tensor<?x8xf32>,
                                   %bias: tensor<8xf32>) -> tensor<?x3xf32> {
  // CHECK: moe.top_k %{{[a-z0-9]+}} k(3) score(sigmoid) renormalize
  // CHECK-SAME: bias %{{[a-z0-9]+}} : tensor<8xf32>
  // CHECK-SAME: {chosen_groups = 2 : i64, groups = 4 : i64, scale = 2.500000e+00 : f32}
  %0, %1 = moe.top_k %logits k(3) score(sigmoid) renormalize
      bias %bias : tensor<8xf32>
      {groups = 4 : i64, chosen_groups = 2 : i64, scale = 2.5 : f32}
      : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return %1 : tensor<?x3xf32>
}

// CHECK-LABEL: @biases
func.func @biases(%x: tensor<?x64xf32>, %gate: tensor<8x64xf16>,
                  %gate_bias: tensor<8xf16>, %w: tensor<8x96x64xf16>,
                  %bias: tensor<8x96xf16>, %plan: !moe.plan<8, 2>)
    -> (tensor<?x8xf32>, tensor<?x96xf32>) {
  // CHECK: moe.router %{{[a-z0-9]+}}, %{{[a-z0-9]+}} bias %{{[a-z0-9]+}} : tensor<8xf16>
  // CHECK-SAME: : tensor<?x64xf32>, tensor<8x64xf16> -> tensor<?x8xf32>
  %0 = moe.router %x, %gate bias %gate_bias : tensor<8xf16>
      : tensor<?x64xf32>, tensor<8x64xf16> -> tensor<?x8xf32>
  // CHECK: moe.grouped_linear %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} bias %{{[a-z0-9]+}} : tensor<8x96xf16>
  %1 = moe.grouped_linear %x, %w, %plan bias %bias : tensor<8x96xf16>
      : tensor<?x64xf32>, tensor<8x96x64xf16>, !moe.plan<8, 2>
      -> tensor<?x96xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?x96xf32>
}

// Layouts are free of meaning.
// CHECK-LABEL: @layouts
func.func @layouts(%x: tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
                   %gate: tensor<8x64xbf16, #exec.panels<32, 8, 2>>,
                   %w: tensor<8x96x64xbf16, #exec.panels<32, 8, 2>>,
                   %plan: !moe.plan<8, 2>)
    -> (tensor<?x8xf32>, tensor<?x96xf32>) {
  // CHECK: moe.router {{.*}} #exec.row_blocks<12, 256, 8>
  %0 = moe.router %x, %gate
      : tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
        tensor<8x64xbf16, #exec.panels<32, 8, 2>> -> tensor<?x8xf32>
  // CHECK: moe.grouped_linear {{.*}} #exec.panels<32, 8, 2>
  %1 = moe.grouped_linear %x, %w, %plan
      : tensor<?x64xbf16, #exec.row_blocks<12, 256, 8>>,
        tensor<8x96x64xbf16, #exec.panels<32, 8, 2>>, !moe.plan<8, 2>
      -> tensor<?x96xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?x96xf32>
}

// CHECK-LABEL: @static_tokens
func.func @static_tokens(%x: tensor<4x64xf32>, %experts: tensor<4x2xi32>,
                         %weights: tensor<4x2xf32>) -> tensor<4x64xf32> {
  // CHECK: moe.dispatch
  %0 = moe.dispatch %experts : tensor<4x2xi32> -> !moe.plan<8, 2>
  // CHECK: moe.permute {{.*}} -> tensor<8x64xf32>
  %1 = moe.permute %x, %0
      : tensor<4x64xf32>, !moe.plan<8, 2> -> tensor<8x64xf32>
  // CHECK: moe.combine {{.*}} -> tensor<4x64xf32>
  %2 = moe.combine %1, %weights, %0
      : tensor<8x64xf32>, tensor<4x2xf32>, !moe.plan<8, 2> -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}
