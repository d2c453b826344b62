// RUN: moec-opt --lower-to-exec='target=sm_80' %s | FileCheck %s

// Calls of a library are kernels without a block; of equal ones there is one.

// CHECK: exec.kernel @linear_48x48_f32_upto512
// CHECK-SAME: library = #exec.library_product<rows = 0, weight = 1, residual = -1, workspace = 4194304>
// CHECK-SAME: method = "cuBLASLt (products of many tokens)"
// CHECK: exec.kernel @output_residual_48x48_f32_upto512
// CHECK-SAME: fusion("output-residual")
// CHECK-NOT: block
// CHECK-SAME: library = #exec.library_product<rows = 0, weight = 1, residual = 2, workspace = 4194304>
// CHECK: exec.kernel @output_residual_48x48_f32_upto512_2
// CHECK-SAME: library = #exec.library_product<rows = 2, weight = 1, residual = 0, workspace = 4194304>
// CHECK-NOT: exec.kernel

// CHECK: exec.launch @linear_48x48_f32_upto512({{.*}}) rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<1 * rows + 0>) grain(1) flops(#exec.extent<4608 * rows + 0>)
// CHECK: exec.launch @output_residual_48x48_f32_upto512(
// CHECK: exec.launch @output_residual_48x48_f32_upto512_2(
// CHECK: exec.launch @linear_48x48_f32_upto512(
module attributes {moe.model = {max_positions = 128 : i64}} {
moe.parameter @table : tensor<96x48xbf16>
moe.parameter @w : tensor<48x48xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>, %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 48, bf16>)
    -> (tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>) {
  %table = moe.read_parameter @table : tensor<96x48xbf16>
  %w = moe.read_parameter @w : tensor<48x48xf32>
  %e = decoder.embed %tokens, %table : tensor<?xi32>, tensor<96x48xbf16> -> tensor<?x48xf32>
  %x = decoder.select_rows %e, %rows : tensor<?x48xf32>, tensor<?xi32> -> tensor<?x48xf32>
  %p = decoder.linear %x, %w {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %y = exec.group "output-residual"(%p, %w, %x)
      : (tensor<?x48xf32>, tensor<48x48xf32>, tensor<?x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48x48xf32>, %c: tensor<?x48xf32>):
    %s = decoder.linear %a, %b {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
    %t = decoder.add %c, %s : tensor<?x48xf32>
    exec.yield %t : tensor<?x48xf32>
  }
  %z = exec.group "output-residual"(%x, %w, %y)
      : (tensor<?x48xf32>, tensor<48x48xf32>, tensor<?x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48x48xf32>, %c: tensor<?x48xf32>):
    %s = decoder.linear %c, %b {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
    %t = decoder.add %s, %a : tensor<?x48xf32>
    exec.yield %t : tensor<?x48xf32>
  }
  %u = decoder.linear %z, %w {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  return %u, %cache : tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>
}
}
