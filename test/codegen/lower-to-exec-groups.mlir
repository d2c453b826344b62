// RUN: moec-opt --lower-to-exec='target=x86-64-v3 max-tokens=64' %s | FileCheck %s

// A group is one kernel and one launch; versions of @step share kernels and
// weights.

module attributes {moe.model = {max_positions = 128 : i64}} {
moe.parameter @table : tensor<96x32xf32>
moe.parameter @norm : tensor<32xf32>

// CHECK: exec.tensor @table.row_major = @table
// CHECK: exec.tensor @norm.row_major = @norm
// CHECK-NOT: exec.tensor

// CHECK: exec.kernel @embed_96x32_f32 {
// CHECK: exec.kernel @add_norm_32_f32 fusion("add-norm") {
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x32xf32>, %[[W:.*]]: tensor<32xf32>):
// CHECK-NEXT: %[[Y:.*]] = decoder.add %[[A]], %[[A]]
// CHECK-NEXT: %[[N:.*]] = decoder.rms_norm %[[Y]], %[[W]]
// CHECK-NEXT: exec.yield %[[Y]], %[[N]]
// CHECK: exec.kernel @select_rows_32_f32
// CHECK-NOT: exec.kernel

// CHECK-LABEL: exec.program @step.decode entry("step") regime("decode") max_tokens(8) {
// CHECK: %[[NORM:.*]] = exec.weight @norm.row_major
// CHECK-NEXT: %[[B1:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<32xf32>
// CHECK-NEXT: %[[B2:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<32xf32>
// CHECK-NEXT: exec.launch @add_norm_32_f32(%{{.*}}, %[[NORM]], %[[B1]], %[[B2]]) rows(#exec.extent<1 * tokens + 0>)
func.func @step.decode(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                       %batch: !decoder.batch,
                       %cache: !decoder.kv_cache<2, 1, 16, bf16>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16>)
    attributes {moe.regime = "decode", moe.max_tokens = 8 : i64} {
  %table = moe.read_parameter @table : tensor<96x32xf32>
  %norm = moe.read_parameter @norm : tensor<32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
  %y, %n = exec.group "add-norm"(%x, %norm)
      : (tensor<?x32xf32>, tensor<32xf32>)
      -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  ^bb0(%a: tensor<?x32xf32>, %w: tensor<32xf32>):
    %b = decoder.add %a, %a : tensor<?x32xf32>
    %c = decoder.rms_norm %b, %w epsilon(1.0e-05)
        : tensor<?x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
    exec.yield %b, %c : tensor<?x32xf32>, tensor<?x32xf32>
  }
  %last = decoder.select_rows %n, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16>
}

// CHECK-LABEL: exec.program @step.wide entry("step") regime("wide") max_tokens(64) {
// CHECK: %[[NORM:.*]] = exec.weight @norm.row_major
// CHECK: exec.launch @add_norm_32_f32(%{{.*}}, %[[NORM]],
func.func @step.wide(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                     %batch: !decoder.batch,
                     %cache: !decoder.kv_cache<2, 1, 16, bf16>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16>)
    attributes {moe.regime = "wide", moe.max_tokens = 64 : i64} {
  %table = moe.read_parameter @table : tensor<96x32xf32>
  %norm = moe.read_parameter @norm : tensor<32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
  %y, %n = exec.group "add-norm"(%x, %norm)
      : (tensor<?x32xf32>, tensor<32xf32>)
      -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  ^bb0(%a: tensor<?x32xf32>, %w: tensor<32xf32>):
    %b = decoder.add %a, %a : tensor<?x32xf32>
    %c = decoder.rms_norm %b, %w epsilon(1.0e-05)
        : tensor<?x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
    exec.yield %b, %c : tensor<?x32xf32>, tensor<?x32xf32>
  }
  %last = decoder.select_rows %n, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16>
}
}
