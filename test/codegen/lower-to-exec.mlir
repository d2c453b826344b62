// RUN: moec-opt --lower-to-exec='target=x86-64-v3 max-tokens=64' %s | FileCheck %s

// Two layers of attention, no experts. What layers share is one kernel; weights
// are stored as the operations read them.

// CHECK: module attributes {moe.model = {architecture = "custom", bos = -1 : i64,
// CHECK-SAME: cache_type = bf16, eos = array<i64>,
// CHECK-SAME: experts = 0 : i64, experts_per_token = 0 : i64, head_dim = 16 : i64,
// CHECK-SAME: hidden = 32 : i64, kv_heads = 1 : i64, layers = 2 : i64,
// CHECK-SAME: max_positions = 128 : i64, parameters = 3648 : i64,
// CHECK-SAME: vocabulary = 96 : i64, window = 0 : i64}}
module attributes {moe.model = {max_positions = 128 : i64}} {
// CHECK: moe.parameter @table
moe.parameter @table : tensor<96x32xf32>
moe.parameter @kv : tensor<16x32xf32>
moe.parameter @norm : tensor<32xf32>
moe.parameter @other.norm : tensor<32xf32>

// CHECK: exec.tensor @table.row_major = @table : tensor<96x32xf32>
// CHECK: exec.tensor @kv.panels = @kv : tensor<16x32xf32, #exec.panels<32, 4, 1>>
// CHECK: exec.tensor @norm.row_major = @norm : tensor<32xf32>
// CHECK: exec.tensor @other.norm.row_major = @other.norm : tensor<32xf32>
// CHECK: exec.tensor @table.panels = @table : tensor<96x32xf32, #exec.panels<32, 4, 1>>
// CHECK-NOT: exec.tensor

// CHECK: exec.kernel @embed_96x32_f32
// CHECK: exec.kernel @pack_rows_32_f32
// CHECK: exec.kernel @linear_16x32_f32
// The layer and the number of layers are no part of a kernel.
// CHECK: exec.kernel @append_kv_1x16_bf16
// CHECK-NEXT: !decoder.kv_cache<1, 1, 16, bf16>
// CHECK-NEXT: decoder.append_kv {{.*}} layer(0)
// CHECK: exec.kernel @attention_2x1x16_bf16_window8 {
// CHECK: exec.kernel @attention_2x1x16_bf16 {
// CHECK-NOT: exec.kernel @attention
// CHECK-NOT: exec.kernel @append_kv
// Other attributes are.
// CHECK: exec.kernel @rms_norm_32_f32 {
// CHECK: epsilon(9.99{{.*}}E-6)
// CHECK: exec.kernel @rms_norm_32_f32_2 {
// CHECK: epsilon(9.99{{.*}}E-5)
// CHECK-NOT: exec.kernel @rms_norm
// CHECK-NOT: func.func
// CHECK-LABEL: exec.program @step regime("any") max_tokens(64) {
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<2, 1, 16, bf16>)
    -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 16, bf16>) {
  %table = moe.read_parameter @table : tensor<96x32xf32>
  %kv = moe.read_parameter @kv : tensor<16x32xf32>
  %norm = moe.read_parameter @norm : tensor<32xf32>
  %other = moe.read_parameter @other.norm : tensor<32xf32>
  %kvp = exec.pack %kv : tensor<16x32xf32>
      -> tensor<16x32xf32, #exec.panels<32, 4, 1>>

  // CHECK: %[[TOKENS:.*]] = exec.input tokens
  // CHECK: %[[TABLE:.*]] = exec.weight @table.row_major
  // CHECK: %[[X:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<32xf32>
  // CHECK: exec.launch @embed_96x32_f32(%[[TOKENS]], %[[TABLE]], %[[X]])
  // CHECK-SAME: rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>)
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>

  // CHECK: %[[XP:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<32xf32>
  // CHECK: exec.launch @pack_rows_32_f32(%[[X]], %[[XP]])
  %xp = exec.pack %x : tensor<?x32xf32>
      -> tensor<?x32xf32, #exec.row_blocks<12, 256, 4>>
  // CHECK: %[[KVW:.*]] = exec.weight @kv.panels
  // CHECK: %[[K:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<16xf32>
  // CHECK: exec.launch @linear_16x32_f32(%[[XP]], %[[KVW]], %[[K]])
  // CHECK-SAME: flops(#exec.extent<1024 * tokens + 0>) weights(whole)
  %k = decoder.linear %xp, %kvp
      : tensor<?x32xf32, #exec.row_blocks<12, 256, 4>>,
        tensor<16x32xf32, #exec.panels<32, 4, 1>> -> tensor<?x16xf32>

  // A launch gets the cache of its layer, once to read and once to write.
  // CHECK: %[[CACHE0:.*]] = exec.cache layer(0)
  // CHECK: %[[BATCH:.*]] = exec.input batch
  // CHECK: exec.launch @append_kv_1x16_bf16(%[[CACHE0]], %[[K]], %[[K]], %[[BATCH]], %[[CACHE0]])
  %cache_0 = decoder.append_kv %cache, %k, %k, %batch layer(0)
      : !decoder.kv_cache<2, 1, 16, bf16>, tensor<?x16xf32>
  // CHECK: exec.launch @attention_2x1x16_bf16_window8(%[[X]], %[[CACHE0]], %[[BATCH]], %[[A:.*]]) rows
  %a = decoder.attention %x, %cache_0, %batch layer(0) scale(0.25) window(8)
      : tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16> -> tensor<?x32xf32>
  // CHECK: %[[CACHE1:.*]] = exec.cache layer(1)
  // CHECK: exec.launch @append_kv_1x16_bf16(%[[CACHE1]], %[[K]], %[[K]], %[[BATCH]], %[[CACHE1]])
  %cache_1 = decoder.append_kv %cache_0, %k, %k, %batch layer(1)
      : !decoder.kv_cache<2, 1, 16, bf16>, tensor<?x16xf32>
  // CHECK: exec.launch @attention_2x1x16_bf16(%[[A]], %[[CACHE1]]
  %b = decoder.attention %a, %cache_1, %batch layer(1) scale(0.25)
      : tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16> -> tensor<?x32xf32>

  // CHECK: exec.launch @rms_norm_32_f32(%{{.*}}, %norm.row_major,
  %n = decoder.rms_norm %b, %norm epsilon(1.0e-05)
      : tensor<?x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
  // CHECK: exec.launch @rms_norm_32_f32_2(%{{.*}}, %norm.row_major,
  %o = decoder.rms_norm %n, %norm epsilon(1.0e-04)
      : tensor<?x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
  // Another weight is another argument of the same kernel.
  // CHECK: exec.launch @rms_norm_32_f32(%{{.*}}, %other.norm.row_major,
  %m = decoder.rms_norm %o, %other epsilon(1.0e-05)
      : tensor<?x32xf32>, tensor<32xf32> -> tensor<?x32xf32>

  // From here on there are R rows.
  // CHECK: %[[ROWS:.*]] = exec.input rows
  // CHECK: %[[LAST:.*]] = exec.alloc #exec.extent<1 * rows + 0> of tensor<32xf32>
  // CHECK: exec.launch @select_rows_32_f32(%{{.*}}, %[[ROWS]], %[[LAST]]) rows(#exec.extent<1 * rows + 0>)
  %last = decoder.select_rows %m, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // CHECK: exec.launch @pack_rows_32_f32(%[[LAST]], %[[LASTP:.*]]) rows(#exec.extent<1 * rows + 0>)
  %lastp = exec.pack %last : tensor<?x32xf32>
      -> tensor<?x32xf32, #exec.row_blocks<12, 256, 4>>
  %head = exec.pack %table : tensor<96x32xf32>
      -> tensor<96x32xf32, #exec.panels<32, 4, 1>>
  // The logits need no buffer.
  // CHECK: %[[HEAD:.*]] = exec.weight @table.panels
  // CHECK: %[[LOGITS:.*]] = exec.logits
  // CHECK: exec.launch @linear_96x32_f32(%[[LASTP]], %[[HEAD]], %[[LOGITS]])
  %logits = decoder.linear %lastp, %head
      : tensor<?x32xf32, #exec.row_blocks<12, 256, 4>>,
        tensor<96x32xf32, #exec.panels<32, 4, 1>> -> tensor<?x96xf32>
  return %logits, %cache_1
      : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 16, bf16>
}
}
