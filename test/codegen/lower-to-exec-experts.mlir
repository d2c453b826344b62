// RUN: moec-opt --lower-to-exec='target=x86-64-v3 max-tokens=64' %s | FileCheck %s

// Buffers of the sparse layer: 5 experts, 3 of them for each token, rows of 30
// that the layout pads to 32.

// CHECK: experts = 5 : i64, experts_per_token = 3 : i64
module attributes {moe.model = {max_positions = 128 : i64}} {
moe.parameter @table : tensor<96x30xf32>
moe.parameter @gate : tensor<5x30xf32>
moe.parameter @experts : tensor<5x30x30xf32>

// CHECK: exec.tensor @experts.panels = @experts : tensor<5x30x30xf32, #exec.panels<32, 4, 1>>
// CHECK: exec.kernel @router_5x30_f32 {
// CHECK: exec.kernel @top_k_3of5 {
// CHECK: exec.kernel @dispatch_3of5 {
// CHECK: exec.kernel @permute_30_f32 {
// CHECK: exec.kernel @pack_groups_30_f32 {
// CHECK: exec.kernel @grouped_linear_5x30x30_f32 {
// CHECK: exec.kernel @combine_30_f32 {
// CHECK-LABEL: exec.program @step
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 30, f32>)
    -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 30, f32>) {
  %table = moe.read_parameter @table : tensor<96x30xf32>
  %gate = moe.read_parameter @gate : tensor<5x30xf32>
  %experts = moe.read_parameter @experts : tensor<5x30x30xf32>
  %gatep = exec.pack %gate : tensor<5x30xf32>
      -> tensor<5x30xf32, #exec.panels<32, 4, 1>>
  %expertsp = exec.pack %experts : tensor<5x30x30xf32>
      -> tensor<5x30x30xf32, #exec.panels<32, 4, 1>>
  %head = exec.pack %table : tensor<96x30xf32>
      -> tensor<96x30xf32, #exec.panels<32, 4, 1>>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x30xf32> -> tensor<?x30xf32>
  %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
      : !decoder.kv_cache<1, 1, 30, f32>, tensor<?x30xf32>

  // A row of a packed buffer has the padding of its layout.
  // CHECK: %[[XP:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<32xf32>
  // CHECK: exec.launch @pack_rows_30_f32(%[[X:.*]], %[[XP]])
  %xp = exec.pack %x : tensor<?x30xf32>
      -> tensor<?x30xf32, #exec.row_blocks<12, 256, 4>>
  // CHECK: exec.alloc #exec.extent<1 * tokens + 0> of tensor<5xf32>
  %scores = moe.router %xp, %gatep
      : tensor<?x30xf32, #exec.row_blocks<12, 256, 4>>,
        tensor<5x30xf32, #exec.panels<32, 4, 1>> -> tensor<?x5xf32>
  // A launch with two results writes two buffers.
  // CHECK: %[[CHOSEN:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<3xi32>
  // CHECK: %[[WEIGHTS:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<3xf32>
  // CHECK: exec.launch @top_k_3of5(%{{.*}}, %[[CHOSEN]], %[[WEIGHTS]])
  %chosen, %weights = moe.top_k %scores k(3) score(softmax) renormalize
      : tensor<?x5xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  // Offsets of 5 experts and their end, 3 T slots and 3 T rows.
  // CHECK: %[[PLAN:.*]] = exec.alloc #exec.extent<6 * tokens + 6> of i32
  // CHECK: exec.launch @dispatch_3of5(%[[CHOSEN]], %[[PLAN]]) rows(#exec.extent<1 * tokens + 0>)
  %plan = moe.dispatch %chosen : tensor<?x3xi32> -> !moe.plan<5, 3>
  // CHECK: %[[XS:.*]] = exec.alloc #exec.extent<3 * tokens + 0> of tensor<30xf32>
  // CHECK: exec.launch @permute_30_f32(%[[X]], %[[PLAN]], %[[XS]]) rows(#exec.extent<3 * tokens + 0>)
  %xs = moe.permute %x, %plan
      : tensor<?x30xf32>, !moe.plan<5, 3> -> tensor<?x30xf32>
  // CHECK: %[[XSP:.*]] = exec.alloc #exec.extent<3 * tokens + 0> of tensor<32xf32>
  // CHECK: exec.launch @pack_groups_30_f32(%[[XS]], %[[PLAN]], %[[XSP]])
  %xsp = exec.pack %xs groups(%plan : !moe.plan<5, 3>) : tensor<?x30xf32>
      -> tensor<?x30xf32, #exec.row_blocks<12, 256, 4>>
  // CHECK: %[[W:.*]] = exec.weight @experts.panels
  // CHECK: %[[YS:.*]] = exec.alloc #exec.extent<3 * tokens + 0> of tensor<30xf32>
  // CHECK: exec.launch @grouped_linear_5x30x30_f32(%[[XSP]], %[[W]], %[[PLAN]], %[[YS]]) rows(#exec.extent<3 * tokens + 0>)
  // CHECK-SAME: weights(experts)
  %ys = moe.grouped_linear %xsp, %expertsp, %plan
      : tensor<?x30xf32, #exec.row_blocks<12, 256, 4>>,
        tensor<5x30x30xf32, #exec.panels<32, 4, 1>>, !moe.plan<5, 3>
      -> tensor<?x30xf32>
  // CHECK: %[[Y:.*]] = exec.alloc #exec.extent<1 * tokens + 0> of tensor<30xf32>
  // CHECK: exec.launch @combine_30_f32(%[[YS]], %[[WEIGHTS]], %[[PLAN]], %[[Y]]) rows(#exec.extent<1 * tokens + 0>)
  %y = moe.combine %ys, %weights, %plan
      : tensor<?x30xf32>, tensor<?x3xf32>, !moe.plan<5, 3> -> tensor<?x30xf32>

  %last = decoder.select_rows %y, %rows
      : tensor<?x30xf32>, tensor<?xi32> -> tensor<?x30xf32>
  %lastp = exec.pack %last : tensor<?x30xf32>
      -> tensor<?x30xf32, #exec.row_blocks<12, 256, 4>>
  %logits = decoder.linear %lastp, %head
      : tensor<?x30xf32, #exec.row_blocks<12, 256, 4>>,
        tensor<96x30xf32, #exec.panels<32, 4, 1>> -> tensor<?x96xf32>
  return %logits, %cache_0
      : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 30, f32>
}
}
