// RUN: moec-opt %s --split-input-file --verify-diagnostics

// extent_c1
exec.program @negative_extent regime("any") max_tokens(8) {
  // expected-error @below {{expected a scale and a constant of at least 0, but got -1 and 0}}
  %0 = exec.alloc #exec.extent<-1 * tokens + 0> of f32
}

// -----

// panels_c1
// expected-error @below {{expected a positive width, depth and unit, but got 32, 0 and 2}}
func.func private @panels_without_depth(tensor<8x4xf32, #exec.panels<32, 0, 2>>)

// -----

// panels_c1
// expected-error @below {{expected a depth that is a multiple of the unit 2, but got 3}}
func.func private @panels_of_odd_depth(tensor<8x4xf32, #exec.panels<32, 3, 2>>)

// -----

// row_blocks_c1
// expected-error @below {{expected positive rows, slab and depth, but got 0, 256 and 8}}
func.func private @blocks_without_rows(tensor<8x4xf32, #exec.row_blocks<0, 256, 8>>)

// -----

// row_blocks_c1
// expected-error @below {{expected a slab that is a multiple of the depth 8, but got 12}}
func.func private @blocks_of_uneven_slabs(tensor<8x4xf32, #exec.row_blocks<12, 12, 8>>)

// -----

// pack_c1
func.func @pack_of_packed(%x: tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>) {
  // expected-error @below {{expected a source without encoding, but got 'tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>'}}
  %0 = exec.pack %x : tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>
      -> tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>
  return
}

// -----

// pack_c1
func.func @pack_to_another_element(%x: tensor<?x8xf32>) {
  // expected-error @below {{expected a result of the shape and element type of 'tensor<?x8xf32>', but got 'tensor<?x8xbf16, #exec.row_blocks<12, 256, 8>>'}}
  %0 = exec.pack %x : tensor<?x8xf32>
      -> tensor<?x8xbf16, #exec.row_blocks<12, 256, 8>>
  return
}

// -----

// pack_c1
func.func @pack_to_row_major(%x: tensor<?x8xf32>) {
  // expected-error @below {{expected a result in row_blocks or panels, but got 'tensor<?x8xf32>'}}
  %0 = exec.pack %x : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

// pack_c2
func.func @pack_grouped_by_a_batch(%x: tensor<?x8xf32>, %batch: !decoder.batch) {
  // expected-error @below {{expected a plan of type '!moe.plan', but got '!decoder.batch'}}
  %0 = exec.pack %x groups(%batch : !decoder.batch) : tensor<?x8xf32>
      -> tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>
  return
}

// -----

// pack_c2
func.func @pack_of_grouped_weights(%w: tensor<32x8xf32>, %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected row_blocks for rows that a plan groups, but got #exec.panels<32, 4, 1>}}
  %0 = exec.pack %w groups(%plan : !moe.plan<8, 2>) : tensor<32x8xf32>
      -> tensor<32x8xf32, #exec.panels<32, 4, 1>>
  return
}

// -----

// pack_c3
func.func @pack_of_stacked_activations(%x: tensor<?x4x8xf32>) {
  // expected-error @below {{expected a matrix [T, K] with static K for row_blocks, but got}}
  %0 = exec.pack %x : tensor<?x4x8xf32>
      -> tensor<?x4x8xf32, #exec.row_blocks<12, 256, 4>>
  return
}

// -----

// pack_c3
func.func @pack_of_dynamic_weights(%w: tensor<?x8xf32>) {
  // expected-error @below {{expected a static [N, K] or [E, N, K] for panels, but got}}
  %0 = exec.pack %w : tensor<?x8xf32> -> tensor<?x8xf32, #exec.panels<32, 4, 1>>
  return
}

// -----

// tensor_c1
// expected-error @below {{expected a moe.parameter, but got @missing}}
exec.tensor @stored = @missing : tensor<8x4xf32>

// -----

// tensor_c1
moe.parameter @weight : tensor<8x4xf32>
// expected-error @below {{expected 'tensor<8x4xf32>', the type of @weight, but got 'tensor<4x8xf32>'}}
exec.tensor @stored = @weight : tensor<4x8xf32, #exec.panels<32, 4, 1>>

// -----

// tensor_c2
moe.parameter @weight : tensor<8x4xf32>
// expected-error @below {{expected row-major order or panels, but got #exec.row_blocks<12, 256, 4>}}
exec.tensor @stored = @weight : tensor<8x4xf32, #exec.row_blocks<12, 256, 4>>

// -----

// tensor_c2
moe.parameter @weight : tensor<8x4xf32>
// expected-error @below {{expected a ranked tensor type, but got 'f32'}}
exec.tensor @stored = @weight : f32

// -----

// kernel_c1
// expected-error @below {{expected an operation besides exec.yield, but got none}}
exec.kernel @empty {
^bb0(%x: tensor<?x48xf32>):
  exec.yield %x : tensor<?x48xf32>
}

// -----

// kernel_c2
// expected-error @below {{expected arguments and results that are tensors, batches, caches or plans, but got 'f32'}}
exec.kernel @scalar_argument {
^bb0(%x: tensor<?x48xf32>, %scale: f32):
  %0 = decoder.add %x, %x : tensor<?x48xf32>
  exec.yield %0 : tensor<?x48xf32>
}

// -----

// kernel_c2
// expected-error @below {{expected a cache of one layer, but got '!decoder.kv_cache<2, 1, 48, f32>'}}
exec.kernel @cache_of_two_layers {
^bb0(%cache: !decoder.kv_cache<2, 1, 48, f32>, %k: tensor<?x48xf32>, %batch: !decoder.batch):
  %0 = decoder.append_kv %cache, %k, %k, %batch layer(0)
      : !decoder.kv_cache<2, 1, 48, f32>, tensor<?x48xf32>
  exec.yield %0 : !decoder.kv_cache<2, 1, 48, f32>
}

// -----

// yield outside a kernel
func.func @yield_outside() {
  // expected-error @below {{'exec.yield' op expects parent op to be one of 'exec.group, exec.kernel'}}
  exec.yield
}

// -----

// program_c1
// expected-error @below {{attribute 'max_tokens' failed to satisfy constraint}}
exec.program @without_tokens regime("any") max_tokens(0) {
}

// -----

// program_c2
// expected-error @below {{expected an arena of at least 0 bytes, but got -64}}
exec.program @negative_arena regime("any") max_tokens(8) arena(-64) {
}

// -----

// program_c3
exec.program @with_a_constant regime("any") max_tokens(8) {
  // expected-error @below {{'arith.constant' op expected buffers and launches in an exec.program}}
  %0 = arith.constant 1 : i64
}

// -----

// alloc_c1
exec.program @dynamic_row regime("any") max_tokens(8) {
  // expected-error @below {{expected a row that is a static tensor or a scalar of whole bytes, but got 'tensor<?xf32>'}}
  %0 = exec.alloc #exec.extent<1 * tokens + 0> of tensor<?xf32>
}

// -----

// alloc_c1
exec.program @row_of_bits regime("any") max_tokens(8) {
  // expected-error @below {{expected a row that is a static tensor or a scalar of whole bytes, but got 'i1'}}
  %0 = exec.alloc #exec.extent<1 * tokens + 0> of i1
}

// -----

// alloc_c2
exec.program @unaligned regime("any") max_tokens(8) {
  // expected-error @below {{expected an offset that is a multiple of 64, but got 32}}
  %0 = exec.alloc #exec.extent<1 * tokens + 0> of f32 at(32)
}

// -----

// alloc_c2
exec.program @before_the_arena regime("any") max_tokens(8) {
  // expected-error @below {{expected an offset that is a multiple of 64, but got -64}}
  %0 = exec.alloc #exec.extent<1 * tokens + 0> of f32 at(-64)
}

// -----

// buffers outside a program
func.func @logits_outside() {
  // expected-error @below {{'exec.logits' op expects parent op 'exec.program'}}
  %0 = exec.logits
  return
}

// -----

// weight_c1
exec.program @missing_tensor regime("any") max_tokens(8) {
  // expected-error @below {{expected an exec.tensor, but got @missing}}
  %0 = exec.weight @missing
}

// -----

// cache_c1
exec.program @negative_layer regime("any") max_tokens(8) {
  // expected-error @below {{attribute 'layer' failed to satisfy constraint}}
  %0 = exec.cache layer(-1)
}

// -----

// launch_c1
exec.program @missing_kernel regime("any") max_tokens(8) {
  // expected-error @below {{expected an exec.kernel, but got @missing}}
  exec.launch @missing() rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @add_48 {
^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
  %y = decoder.add %x, %delta : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
// launch_c1
exec.program @too_few_arguments regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
  // expected-error @below {{expected 3 arguments for @add_48, but got 2}}
  exec.launch @add_48(%x, %x) rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @add_48 {
^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
  %y = decoder.add %x, %delta : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
// launch_c2
exec.program @without_grain regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
  // expected-error @below {{attribute 'grain' failed to satisfy constraint}}
  exec.launch @add_48(%x, %x, %x) rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(0) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @add_48 {
^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
  %y = decoder.add %x, %delta : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
// launch_c3
exec.program @buffer_of_another_row regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
  // expected-note @below {{the buffer}}
  %y = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xbf16>
  // expected-error @below {{expected a buffer of 'tensor<?x48xf32>' as argument 1}}
  exec.launch @add_48(%x, %y, %x) rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

moe.parameter @norm : tensor<48xf32>
exec.tensor @norm.row_major = @norm : tensor<48xf32>
exec.kernel @add_48 {
^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
  %y = decoder.add %x, %delta : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
// launch_c3
exec.program @weight_of_another_type regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
  // expected-note @below {{the buffer}}
  %w = exec.weight @norm.row_major
  // expected-error @below {{expected a buffer of 'tensor<?x48xf32>' as argument 0}}
  exec.launch @add_48(%w, %x, %x) rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @norm_48 {
^bb0(%x: tensor<?x48xf32>):
  %y = decoder.swiglu %x, %x : tensor<?x48xf32> -> tensor<?x48xbf16>
  exec.yield %y : tensor<?x48xbf16>
}
// launch_c3
exec.program @logits_of_another_element regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * rows + 0> of tensor<48xf32>
  // expected-note @below {{the buffer}}
  %y = exec.logits
  // expected-error @below {{expected a buffer of 'tensor<?x48xbf16>' as argument 1}}
  exec.launch @norm_48(%x, %y) rows(#exec.extent<1 * rows + 0>)
      tasks(#exec.extent<1 * rows + 0>)
      grain(1) flops(#exec.extent<0 * rows + 0>) weights(whole)
}

// -----

exec.kernel @rope_48 {
^bb0(%x: tensor<?x48xf32>, %batch: !decoder.batch):
  %y = decoder.rope %x, %batch head_dim(16) theta(1.0e+04) : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
// launch_c3
exec.program @input_of_another_kind regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
  // expected-note @below {{the buffer}}
  %tokens = exec.input tokens
  // expected-error @below {{expected a buffer of '!decoder.batch' as argument 1}}
  exec.launch @rope_48(%x, %tokens, %x) rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

exec.kernel @add_48 {
^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
  %y = decoder.add %x, %delta : tensor<?x48xf32>
  exec.yield %y : tensor<?x48xf32>
}
// launch_c3
exec.program @cache_for_a_tensor regime("any") max_tokens(8) {
  %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
  // expected-note @below {{the buffer}}
  %cache = exec.cache layer(0)
  // expected-error @below {{expected a buffer of 'tensor<?x48xf32>' as argument 2}}
  exec.launch @add_48(%x, %x, %cache) rows(#exec.extent<1 * tokens + 0>)
      tasks(#exec.extent<1 * tokens + 0>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

moe.parameter @bias : tensor<4x48xf32>
exec.tensor @bias.row_major = @bias : tensor<4x48xf32>
exec.kernel @add_4x48 {
^bb0(%x: tensor<4x48xf32>, %delta: tensor<4x48xf32>):
  %y = decoder.add %x, %delta : tensor<4x48xf32>
  exec.yield %y : tensor<4x48xf32>
}
// launch_c4
exec.program @written_weight regime("any") max_tokens(8) {
  %w = exec.weight @bias.row_major
  // expected-error @below {{expected results in memory of the step, but got exec.weight}}
  exec.launch @add_4x48(%w, %w, %w) rows(#exec.extent<0 * tokens + 4>)
      tasks(#exec.extent<0 * tokens + 4>)
      grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
}

// -----

// group_c1
func.func @unnamed_group(%x: tensor<?x48xf32>) {
  // expected-error @below {{expected the name of a fusion, but got none}}
  %y = exec.group ""(%x) : (tensor<?x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>):
    %b = decoder.add %a, %a : tensor<?x48xf32>
    exec.yield %b : tensor<?x48xf32>
  }
  return
}

// -----

// group_c1
func.func @empty_group() {
  // expected-error @below {{expected an operation besides exec.yield, but got none}}
  exec.group "nothing"() : () -> () {
  }
  return
}

// -----

// group_c1
func.func @group_with_a_call(%x: tensor<?x48xf32>) {
  exec.group "foreign"(%x) : (tensor<?x48xf32>) -> () {
  ^bb0(%a: tensor<?x48xf32>):
    // expected-error @below {{expected operations of moe, decoder and exec other than exec.group}}
    func.call @group_with_a_call(%a) : (tensor<?x48xf32>) -> ()
  }
  return
}

// -----

// group_c1
func.func @group_in_a_group(%x: tensor<?x48xf32>) {
  exec.group "outer"(%x) : (tensor<?x48xf32>) -> () {
  ^bb0(%a: tensor<?x48xf32>):
    // expected-error @below {{expected operations of moe, decoder and exec other than exec.group}}
    exec.group "inner"(%a) : (tensor<?x48xf32>) -> () {
    ^bb0(%b: tensor<?x48xf32>):
      %c = decoder.add %b, %b : tensor<?x48xf32>
    }
  }
  return
}

// -----

// group_c2
func.func @argument_of_another_type(%x: tensor<?x48xf32>) {
  // expected-error @below {{expected arguments of the types of its operands, ('tensor<?x48xf32>'), but got ('tensor<?x32xf32>')}}
  exec.group "add"(%x) : (tensor<?x48xf32>) -> () {
  ^bb0(%a: tensor<?x32xf32>):
    %b = decoder.add %a, %a : tensor<?x32xf32>
  }
  return
}

// -----

// group_c2
func.func @too_few_results(%x: tensor<?x48xf32>) {
  // expected-error @below {{expected to yield the types of its results, ('tensor<?x48xf32>'), but got ()}}
  %y = exec.group "add"(%x) : (tensor<?x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>):
    %b = decoder.add %a, %a : tensor<?x48xf32>
  }
  return
}

// -----

// group_c3
func.func @yielded_argument(%x: tensor<?x48xf32>) {
  // expected-error @below {{expected to yield results of its operations, but got an argument}}
  %y = exec.group "add"(%x) : (tensor<?x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>):
    %b = decoder.add %a, %a : tensor<?x48xf32>
    exec.yield %a : tensor<?x48xf32>
  }
  return
}

// -----

exec.kernel @merge_4 {
^bb0(%l: tensor<?x12xf32>, %c: tensor<?x12xi32>):
  %t, %i = decoder.merge_top %l, %c k(4)
      : tensor<?x12xf32>, tensor<?x12xi32> -> tensor<?x4xf32>, tensor<?x4xi32>
  exec.yield %t, %i : tensor<?x4xf32>, tensor<?x4xi32>
}
// launch_c3
exec.program @best_tokens_as_logits regime("any") max_tokens(8) {
  %l = exec.alloc #exec.extent<1 * rows + 0> of tensor<12xf32>
  %c = exec.alloc #exec.extent<1 * rows + 0> of tensor<12xi32>
  // expected-note @below {{the buffer}}
  %i = exec.top tokens
  // expected-error @below {{expected a buffer of 'tensor<?x4xf32>' as argument 2}}
  exec.launch @merge_4(%l, %c, %i, %i) rows(#exec.extent<1 * rows + 0>)
      tasks(#exec.extent<1 * rows + 0>)
      grain(1) flops(#exec.extent<0 * rows + 0>) weights(whole)
}

// -----

// block_c1
// expected-error @below {{expected 1 to 1024 threads and a task or more, but got 2048 and 4}}
#threads = #exec.block<threads = 2048, tasks = 4, shared = 0, scratch = 0>

// -----

// block_c1
// expected-error @below {{expected bytes of memory, but got -1 and 0}}
#memory = #exec.block<threads = 32, tasks = 4, shared = -1, scratch = 0>

// -----

// shared_layout_c1
// expected-error @below {{expected rows at multiples of 4 bytes, but got 8 from 2 on, 128 apart}}
#place = #exec.shared_layout<"rows", at = 2, rows = 8, pitch = 128, bits = 0, to = 0>

// -----

// shared_layout_c2
// expected-error @below {{expected exchanges inside of rows of 128 bytes, but got 2 bits to 2}}
#exchange = #exec.shared_layout<"rows", at = 0, rows = 8, pitch = 128, bits = 2, to = 2>

// -----

// tensor_map_c1
// expected-error @below {{expected an operand and boxes of 1 to 256 rows, but got 1 and 257}}
#large = #exec.tensor_map<operand = 1, rows = 257>

// -----

// tensor_map_c1
// expected-error @below {{expected an operand and boxes of 1 to 256 rows, but got -1 and 64}}
#negative = #exec.tensor_map<operand = -1, rows = 64>

// -----

// kernel_c3
// expected-error @below {{expected a block that has the layouts, but got none}}
exec.kernel @dispatch attributes {layouts = [#exec.shared_layout<"rows", at = 0, rows = 8, pitch = 128, bits = 1, to = 2>]} {
^bb0(%experts: tensor<?x2xi32>):
  %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<8, 2>
  exec.yield %plan : !moe.plan<8, 2>
}

// -----

// kernel_c3
#block = #exec.block<threads = 32, tasks = 4, shared = 1024, scratch = 0>
#rows = #exec.shared_layout<"rows", at = 16, rows = 8, pitch = 128, bits = 1, to = 2>
// expected-error @below {{expected layouts in 1024 bytes, but 'rows' ends at 1040}}
exec.kernel @dispatch attributes {block = #block, layouts = [#rows]} {
^bb0(%experts: tensor<?x2xi32>):
  %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<8, 2>
  exec.yield %plan : !moe.plan<8, 2>
}

// -----

// kernel_c4
// expected-error @below {{expected tensor maps of 2 arguments, but got one of argument 2}}
exec.kernel @map_of_nothing attributes {tensor_maps = [#exec.tensor_map<operand = 2, rows = 64>]} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16>):
  %y = decoder.linear %x, %w : tensor<?x48xbf16>, tensor<96x48xbf16> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// -----

// kernel_c4
// expected-error @below {{expected tensor maps of matrices whose rows are multiples of 16 bytes, but argument 0 is 'tensor<?x48xbf16>'}}
exec.kernel @map_of_rows attributes {tensor_maps = [#exec.tensor_map<operand = 0, rows = 64>]} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16>):
  %y = decoder.linear %x, %w : tensor<?x48xbf16>, tensor<96x48xbf16> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// -----

// kernel_c4
// expected-error @below {{expected tensor maps of matrices whose rows are multiples of 16 bytes, but argument 1 is 'tensor<96x46xbf16>'}}
exec.kernel @map_of_odd_rows attributes {tensor_maps = [#exec.tensor_map<operand = 1, rows = 64>]} {
^bb0(%x: tensor<?x46xbf16>, %w: tensor<96x46xbf16>):
  %y = decoder.linear %x, %w : tensor<?x46xbf16>, tensor<96x46xbf16> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// -----

// library_product_c1
// expected-error @below {{expected arguments for rows and weight, and one or -1 for the residual, but got 0, 1 and -2}}
#residual = #exec.library_product<rows = 0, weight = 1, residual = -2, workspace = 64>

// -----

// library_product_c1
// expected-error @below {{expected bytes of memory, but got -64}}
#workspace = #exec.library_product<rows = 0, weight = 1, residual = -1, workspace = -64>

// -----

// kernel_c5
// expected-error @below {{expected no block and one result of a kernel that a library computes}}
exec.kernel @library_with_a_block attributes {block = #exec.block<threads = 32, tasks = 1, shared = 0, scratch = 0>, library = #exec.library_product<rows = 0, weight = 1, residual = -1, workspace = 64>} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16>):
  %y = decoder.linear %x, %w : tensor<?x48xbf16>, tensor<96x48xbf16> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// -----

// kernel_c5
// expected-error @below {{expected the library to read 2 arguments, but got argument 2}}
exec.kernel @library_adds_nothing attributes {library = #exec.library_product<rows = 0, weight = 1, residual = 2, workspace = 64>} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16>):
  %y = decoder.linear %x, %w : tensor<?x48xbf16>, tensor<96x48xbf16> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// -----

// kernel_c5
// expected-error @below {{expected the library to read row-major matrices, but argument 1 is 'tensor<96x48xbf16, #exec.panels<32, 8, 2>>'}}
exec.kernel @library_of_panels attributes {library = #exec.library_product<rows = 0, weight = 1, residual = -1, workspace = 64>} {
^bb0(%x: tensor<?x48xbf16>, %w: tensor<96x48xbf16, #exec.panels<32, 8, 2>>):
  %y = decoder.linear %x, %w : tensor<?x48xbf16>, tensor<96x48xbf16, #exec.panels<32, 8, 2>> -> tensor<?x96xf32>
  exec.yield %y : tensor<?x96xf32>
}

// -----

// The attribute exec.library is one of products.
func.func @library_add(%x: tensor<?x48xf32>) -> tensor<?x48xf32> {
  // expected-error @below {{expected 'exec.library' as a unit attribute of decoder.linear, but got unit}}
  %y = decoder.add %x, %x {exec.library} : tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}
