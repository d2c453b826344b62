// RUN: moec-opt %s --verify-roundtrip | FileCheck %s

moe.parameter @lm_head : tensor<96x48xbf16>
moe.parameter @norm : tensor<48xf32>

// CHECK: exec.tensor @lm_head.panels = @lm_head
// CHECK-SAME: : tensor<96x48xbf16, #exec.panels<32, 8, 2>>
exec.tensor @lm_head.panels = @lm_head
    : tensor<96x48xbf16, #exec.panels<32, 8, 2>>
// CHECK: exec.tensor @norm.row_major = @norm : tensor<48xf32>
exec.tensor @norm.row_major = @norm : tensor<48xf32>

// CHECK-LABEL: @pack
func.func @pack(%x: tensor<?x48xbf16>, %w: tensor<96x48xf32>,
                %plan: !moe.plan<8, 2>) {
  // CHECK: exec.pack %{{[a-z0-9]+}} : tensor<?x48xbf16>
  // CHECK-SAME: -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
  %0 = exec.pack %x : tensor<?x48xbf16>
      -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
  // CHECK: exec.pack %{{[a-z0-9]+}} groups(%{{[a-z0-9]+}} : !moe.plan<8, 2>)
  // CHECK-SAME: : tensor<?x48xbf16> -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
  %1 = exec.pack %x groups(%plan : !moe.plan<8, 2>) : tensor<?x48xbf16>
      -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
  // CHECK: exec.pack %{{[a-z0-9]+}} : tensor<96x48xf32>
  // CHECK-SAME: -> tensor<96x48xf32, #exec.panels<32, 4, 1>>
  %2 = exec.pack %w : tensor<96x48xf32>
      -> tensor<96x48xf32, #exec.panels<32, 4, 1>>
  return
}

// CHECK-LABEL: exec.kernel @embed_96x48
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?xi32>, %{{.*}}: tensor<96x48xbf16, #exec.panels<32, 8, 2>>):
// CHECK: exec.yield %{{.*}} : tensor<?x48xf32>
exec.kernel @embed_96x48 {
^bb0(%tokens: tensor<?xi32>, %table: tensor<96x48xbf16, #exec.panels<32, 8, 2>>):
  %y = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x48xbf16, #exec.panels<32, 8, 2>>
      -> tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}

exec.kernel @dispatch_2of8 attributes {
    block = #exec.block<threads = 128, tasks = 4, shared = 1024, scratch = 32>,
    layouts = [#exec.shared_layout<"rows", at = 0, rows = 8, pitch = 128, bits = 1, to = 2>]} {
^bb0(%experts: tensor<?x2xi32>):
  %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<8, 2>
  exec.yield %plan : !moe.plan<8, 2>
}

// CHECK-LABEL: exec.kernel @wide_96x48
// CHECK-SAME: method = "wgmma", tensor_maps = [#exec.tensor_map<operand = 1, rows = 128>]
exec.kernel @wide_96x48 attributes {method = "wgmma", tensor_maps = [#exec.tensor_map<operand = 1, rows = 128>]} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16>):
  %y = decoder.linear %x, %w
      : tensor<?x48xbf16>, tensor<96x48xbf16> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// CHECK-LABEL: exec.kernel @library_96x48
// CHECK-SAME: library = #exec.library_product<rows = 0, weight = 1, residual = 2, workspace = 4096>
// CHECK: decoder.linear %{{.*}}, %{{.*}} {exec.library}
exec.kernel @library_96x48 attributes {library = #exec.library_product<rows = 0, weight = 1, residual = 2, workspace = 4096>} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16>, %r: tensor<?x96xf32>):
  %p = decoder.linear %x, %w {exec.library}
      : tensor<?x48xbf16>, tensor<96x48xbf16> -> tensor<?x96xf32>
  %y = decoder.add %r, %p : tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

exec.kernel @append {
^bb0(%cache: !decoder.kv_cache<1, 1, 48, f32>, %k: tensor<?x48xf32>,
     %batch: !decoder.batch):
  %updated = decoder.append_kv %cache, %k, %k, %batch layer(0)
      : !decoder.kv_cache<1, 1, 48, f32>, tensor<?x48xf32>
  exec.yield %updated : !decoder.kv_cache<1, 1, 48, f32>
}

exec.kernel @norm_48 {
^bb0(%x: tensor<?x48xf32>, %w: tensor<48xf32>):
  %y = decoder.rms_norm %x, %w epsilon(1.0e-06)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xbf16>
  exec.yield %y : tensor<?x48xbf16>
}

exec.kernel @pack_48 {
^bb0(%x: tensor<?x48xbf16>):
  %y = exec.pack %x : tensor<?x48xbf16>
      -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 16>>
  exec.yield %y : tensor<?x48xbf16, #exec.row_blocks<12, 256, 16>>
}

exec.kernel @linear_96x48 {
^bb0(%x: tensor<?x48xbf16, #exec.row_blocks<12, 256, 16>>,
     %w: tensor<96x48xbf16, #exec.panels<32, 8, 2>>):
  %y = decoder.linear %x, %w
      : tensor<?x48xbf16, #exec.row_blocks<12, 256, 16>>,
        tensor<96x48xbf16, #exec.panels<32, 8, 2>> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

exec.kernel @select_48 {
^bb0(%x: tensor<?x48xf32>, %rows: tensor<?xi32>):
  %y = decoder.select_rows %x, %rows
      : tensor<?x48xf32>, tensor<?xi32> -> tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}

// CHECK-LABEL: exec.program @step regime("any") max_tokens(512) arena(1048576) {
exec.program @step regime("any") max_tokens(512) arena(1048576) {
  // CHECK-NEXT: %tokens = exec.input tokens
  %tokens = exec.input tokens
  // CHECK-NEXT: %rows = exec.input rows
  %rows = exec.input rows
  // CHECK-NEXT: %batch = exec.input batch
  %batch = exec.input batch
  // CHECK-NEXT: %lm_head.panels = exec.weight @lm_head.panels
  %head = exec.weight @lm_head.panels
  %norm = exec.weight @norm.row_major
  // CHECK: exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32> at(0)
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32> at(0)
  // CHECK: exec.launch @embed_96x48(%tokens, %lm_head.panels, %{{[0-9]+}})
  // CHECK-SAME: rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 3>)
  // CHECK-SAME: grain(8) flops(#exec.extent<0 * tokens + 0>) weights(rows)
  exec.launch @embed_96x48(%tokens, %head, %x)
      rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 3>)
      grain(8) flops(#exec.extent<0 * tokens + 0>) weights(rows)
  // CHECK: %cache = exec.cache layer(3)
  %cache = exec.cache layer(3)
  exec.launch @append(%cache, %x, %batch, %cache)
      rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
  // CHECK: exec.alloc #exec.extent<2 * tokens + 0> of i32
  %experts = exec.alloc #exec.extent<1 * tokens + 0> of tensor<2xi32>
  %plan = exec.alloc #exec.extent<2 * tokens + 0> of i32
  // CHECK: weights(experts)
  exec.launch @dispatch_2of8(%experts, %plan)
      rows(#exec.extent<1 * tokens + 0>) tasks(#exec.extent<0 * tokens + 1>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(experts)
  // CHECK: exec.alloc #exec.extent<1 * rows + 0>
  %last = exec.alloc #exec.extent<1 * rows + 0> of tensor<48xf32>
  exec.launch @select_48(%x, %rows, %last)
      rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<1 * rows + 0>)
      grain(1) flops(#exec.extent<0 * rows + 0>) weights(whole)
  %normed = exec.alloc #exec.extent<1 * rows + 0> of tensor<48xbf16>
  exec.launch @norm_48(%last, %norm, %normed)
      rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<1 * rows + 0>)
      grain(1) flops(#exec.extent<0 * rows + 0>) weights(whole)
  %packed = exec.alloc #exec.extent<1 * rows + 0> of tensor<48xbf16>
  exec.launch @pack_48(%normed, %packed)
      rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<1 * rows + 0>)
      grain(1) flops(#exec.extent<0 * rows + 0>) weights(whole)
  // CHECK: %logits = exec.logits
  %logits = exec.logits
  exec.launch @linear_96x48(%packed, %head, %logits)
      rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<0 * rows + 3>)
      grain(1) flops(#exec.extent<9216 * rows + 0>) weights(whole)
}

// CHECK-LABEL: exec.program @unplanned regime("decode") max_tokens(8) {
exec.program @unplanned regime("decode") max_tokens(8) {
}

// CHECK-LABEL: exec.program @step.decode entry("step") regime("decode") max_tokens(8) {
exec.program @step.decode entry("step") regime("decode") max_tokens(8) {
}

// CHECK-LABEL: func.func @group
func.func @group(%x: tensor<?x48xf32>, %w: tensor<48xf32>)
    -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  // CHECK: %[[Y:.*]]:2 = exec.group "add-norm"(%{{.*}}, %{{.*}}) : (tensor<?x48xf32>, tensor<48xf32>) -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x48xf32>, %[[B:.*]]: tensor<48xf32>):
  %y:2 = exec.group "add-norm"(%x, %w)
      : (tensor<?x48xf32>, tensor<48xf32>)
      -> (tensor<?x48xf32>, tensor<?x48xf32>) {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48xf32>):
    %c = decoder.add %a, %a : tensor<?x48xf32>
    %d = decoder.rms_norm %c, %b epsilon(1.0e-05)
        : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
    // CHECK: exec.yield
    exec.yield %c, %d : tensor<?x48xf32>, tensor<?x48xf32>
  }
  return %y#0, %y#1 : tensor<?x48xf32>, tensor<?x48xf32>
}

exec.kernel @merge_4 {
^bb0(%l: tensor<?x12xf32>, %c: tensor<?x12xi32>):
  %t, %i = decoder.merge_top %l, %c k(4)
      : tensor<?x12xf32>, tensor<?x12xi32> -> tensor<?x4xf32>, tensor<?x4xi32>
  exec.yield %t, %i : tensor<?x4xf32>, tensor<?x4xi32>
}
// CHECK-LABEL: exec.program @top
exec.program @top regime("any") max_tokens(8) {
  %l = exec.alloc #exec.extent<1 * rows + 0> of tensor<12xf32>
  %c = exec.alloc #exec.extent<1 * rows + 0> of tensor<12xi32>
  // CHECK: %logits = exec.top logits
  // CHECK: %tokens = exec.top tokens
  %t = exec.top logits
  %i = exec.top tokens
  exec.launch @merge_4(%l, %c, %t, %i) rows(#exec.extent<1 * rows + 0>)
      tasks(#exec.extent<1 * rows + 0>)
      grain(1) flops(#exec.extent<0 * rows + 0>) weights(whole)
}
