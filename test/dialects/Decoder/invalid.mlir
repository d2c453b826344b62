// RUN: moec-opt %s --split-input-file --verify-diagnostics

// kv_cache_c1
// expected-error @below {{expected layers, heads and head_dim from 1 to 2147483647, but got 2, 0 and 16}}
func.func private @cache_without_heads(!decoder.kv_cache<2, 0, 16, f32>)

// -----

// kv_cache_c1
// expected-error @below {{from 1 to 2147483647, but got 2, 1 and 2147483648}}
func.func private @cache_of_huge_heads(!decoder.kv_cache<2, 1, 2147483648, f32>)

// -----

// kv_cache_c1
// expected-error @below {{expected elements of f32, f16 or bf16, but got 'i8'}}
func.func private @cache_of_integers(!decoder.kv_cache<2, 1, 16, i8>)

// -----

// embed_c1
func.func @embed_to_another_width(%tokens: tensor<?xi32>, %table: tensor<512x64xf32>) {
  // expected-error @below {{'decoder.embed' op expected H = 64, as table has it, but got 32 in y [T, H]}}
  %0 = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<512x64xf32> -> tensor<?x32xf32>
  return
}

// -----

// embed_c1
func.func @embed_to_other_tokens(%tokens: tensor<3xi32>, %table: tensor<512x64xf32>) {
  // expected-error @below {{expected T = 3, as tokens has it, but got ? in y [T, H]}}
  %0 = decoder.embed %tokens, %table
      : tensor<3xi32>, tensor<512x64xf32> -> tensor<?x64xf32>
  return
}

// -----

// select_rows_c1
func.func @select_rows_to_another_width(%x: tensor<?x64xf32>, %rows: tensor<?xi32>) {
  // expected-error @below {{expected H = 64, as x has it, but got 32 in y [R, H]}}
  %0 = decoder.select_rows %x, %rows
      : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return
}

// -----

// add_c1: the type is written once, so only generic IR can break it.
func.func @add_of_different_types(%x: tensor<?x64xf32>, %y: tensor<?x32xf32>) {
  // expected-error @below {{failed to verify that all of {x, delta, y} have same type}}
  %0 = "decoder.add"(%x, %y) : (tensor<?x64xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
  return
}

// -----

// rms_norm_c1
func.func @norm_of_another_width(%x: tensor<?x64xf32>, %w: tensor<32xf32>) {
  // expected-error @below {{expected H = 64, as x has it, but got 32 in weight [H]}}
  %0 = decoder.rms_norm %x, %w epsilon(1.0e-05)
      : tensor<?x64xf32>, tensor<32xf32> -> tensor<?x64xf32>
  return
}

// -----

// rms_norm_c2
func.func @norm_with_negative_epsilon(%x: tensor<?x64xf32>, %w: tensor<64xf32>) {
  // expected-error @below {{expected a finite, non-negative epsilon, but got -1.000000e+00 : f32}}
  %0 = decoder.rms_norm %x, %w epsilon(-1.0)
      : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return
}

// -----

// linear_c1
func.func @linear_of_another_width(%x: tensor<?x64xf32>, %w: tensor<96x32xf32>) {
  // expected-error @below {{expected K = 64, as x has it, but got 32 in weight [N, K]}}
  %0 = decoder.linear %x, %w
      : tensor<?x64xf32>, tensor<96x32xf32> -> tensor<?x96xf32>
  return
}

// -----

// linear_c1
func.func @linear_to_another_width(%x: tensor<?x64xf32>, %w: tensor<96x64xf32>) {
  // expected-error @below {{expected N = 96, as weight has it, but got 64 in y [T, N]}}
  %0 = decoder.linear %x, %w
      : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x64xf32>
  return
}

// -----

// linear_c2
func.func @linear_of_mixed_elements(%x: tensor<?x64xbf16>, %w: tensor<96x64xf32>) {
  // expected-error @below {{expected x of 'f32' for a weight of 'f32', but got 'bf16'}}
  %0 = decoder.linear %x, %w
      : tensor<?x64xbf16>, tensor<96x64xf32> -> tensor<?x96xf32>
  return
}

// -----

// swiglu_c1
func.func @swiglu_to_another_width(%gate: tensor<?x64xf32>) {
  // expected-error @below {{expected I = 64, as gate has it, but got 32 in y [T, I]}}
  %0 = decoder.swiglu %gate, %gate : tensor<?x64xf32> -> tensor<?x32xf32>
  return
}

// -----

// swiglu_c1
func.func @swiglu_of_different_types(%gate: tensor<?x64xf32>, %up: tensor<?x32xf32>) {
  // expected-error @below {{failed to verify that all of {gate, up} have same type}}
  %0 = "decoder.swiglu"(%gate, %up) : (tensor<?x64xf32>, tensor<?x32xf32>) -> tensor<?x64xf32>
  return
}

// -----

// rope_c1
func.func @rope_of_part_of_a_head(%x: tensor<?x40xf32>, %batch: !decoder.batch) {
  // expected-error @below {{expected x [T, heads * head_dim] with a multiple of 16 columns, but got 'tensor<?x40xf32>'}}
  %0 = decoder.rope %x, %batch head_dim(16) theta(1.0e+04) : tensor<?x40xf32>
  return
}

// -----

// rope_c1
func.func @rope_to_another_type(%x: tensor<?x64xf32>, %batch: !decoder.batch) {
  // expected-error @below {{failed to verify that all of {x, y} have same type}}
  %0 = "decoder.rope"(%x, %batch) <{head_dim = 16 : i64, theta = 1.0e+04 : f64}>
      : (tensor<?x64xf32>, !decoder.batch) -> tensor<?x32xf32>
  return
}

// -----

// rope_c2
func.func @rope_of_odd_heads(%x: tensor<?x45xf32>, %batch: !decoder.batch) {
  // expected-error @below {{expected an even, positive head_dim, but got 15}}
  %0 = decoder.rope %x, %batch head_dim(15) theta(1.0e+04) : tensor<?x45xf32>
  return
}

// -----

// rope_c3
func.func @rope_without_theta(%x: tensor<?x64xf32>, %batch: !decoder.batch) {
  // expected-error @below {{expected a finite, positive theta, but got 0.000000e+00 : f64}}
  %0 = decoder.rope %x, %batch head_dim(16) theta(0.0) : tensor<?x64xf32>
  return
}

// -----

// append_kv_c1
func.func @append_of_another_width(%k: tensor<?x64xf32>, %batch: !decoder.batch,
                                   %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected heads * head_dim = 32, as the cache has it, but got 64 in keys [T, heads * head_dim]}}
  %0 = decoder.append_kv %cache, %k, %k, %batch layer(0)
      : !decoder.kv_cache<2, 2, 16, f32>, tensor<?x64xf32>
  return
}

// -----

// append_kv_c1
func.func @append_of_different_widths(%k: tensor<?x32xf32>, %v: tensor<?x64xf32>,
                                      %batch: !decoder.batch,
                                      %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{failed to verify that all of {keys, values} have same type}}
  %0 = "decoder.append_kv"(%cache, %k, %v, %batch) <{layer = 0 : i64}>
      : (!decoder.kv_cache<2, 2, 16, f32>, tensor<?x32xf32>, tensor<?x64xf32>,
         !decoder.batch) -> !decoder.kv_cache<2, 2, 16, f32>
  return
}

// -----

// append_kv_c1
func.func @append_to_another_cache(%k: tensor<?x32xf32>, %batch: !decoder.batch,
                                   %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{failed to verify that all of {cache, updated} have same type}}
  %0 = "decoder.append_kv"(%cache, %k, %k, %batch) <{layer = 0 : i64}>
      : (!decoder.kv_cache<2, 2, 16, f32>, tensor<?x32xf32>, tensor<?x32xf32>,
         !decoder.batch) -> !decoder.kv_cache<4, 2, 16, f32>
  return
}

// -----

// append_kv_c2
func.func @append_behind_the_last_layer(%k: tensor<?x32xf32>, %batch: !decoder.batch,
                                        %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected a layer from 0 to 1, but got 2}}
  %0 = decoder.append_kv %cache, %k, %k, %batch layer(2)
      : !decoder.kv_cache<2, 2, 16, f32>, tensor<?x32xf32>
  return
}

// -----

// attention_c1
func.func @attention_of_part_of_the_heads(%q: tensor<?x48xf32>, %batch: !decoder.batch,
                                          %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected queries with a multiple of 32 columns, the cache's heads times head_dim, but got 'tensor<?x48xf32>'}}
  %0 = decoder.attention %q, %cache, %batch layer(0) scale(0.25)
      : tensor<?x48xf32>, !decoder.kv_cache<2, 2, 16, f32> -> tensor<?x48xf32>
  return
}

// -----

// attention_c1
func.func @attention_to_another_width(%q: tensor<?x64xf32>, %batch: !decoder.batch,
                                      %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected query heads * head_dim = 64, as queries has it, but got 32 in y [T, query heads * head_dim]}}
  %0 = decoder.attention %q, %cache, %batch layer(0) scale(0.25)
      : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, f32> -> tensor<?x32xf32>
  return
}

// -----

// attention_c2
func.func @attention_to_a_negative_layer(%q: tensor<?x64xf32>, %batch: !decoder.batch,
                                         %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected a layer from 0 to 1, but got -1}}
  %0 = decoder.attention %q, %cache, %batch layer(-1) scale(0.25)
      : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, f32> -> tensor<?x64xf32>
  return
}

// -----

// attention_c3
func.func @attention_without_window(%q: tensor<?x64xf32>, %batch: !decoder.batch,
                                    %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected a positive window, but got 0}}
  %0 = decoder.attention %q, %cache, %batch layer(0) scale(0.25) window(0)
      : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, f32> -> tensor<?x64xf32>
  return
}

// -----

// attention_c4
func.func @attention_of_infinite_scale(%q: tensor<?x64xf32>, %batch: !decoder.batch,
                                       %cache: !decoder.kv_cache<2, 2, 16, f32>) {
  // expected-error @below {{expected a finite scale, but got 0x7F800000 : f32}}
  %0 = decoder.attention %q, %cache, %batch layer(0) scale(0x7F800000)
      : tensor<?x64xf32>, !decoder.kv_cache<2, 2, 16, f32> -> tensor<?x64xf32>
  return
}

// -----

// part_top_c1
func.func @part_top_of_unknown_vocabulary(%logits: tensor<?x?xf32>) {
  // expected-error @below {{expected a static number of logits, but got 'tensor<?x?xf32>'}}
  %0, %1 = decoder.part_top %logits k(2) part(8)
      : tensor<?x?xf32> -> tensor<?x2xf32>, tensor<?x2xi32>
  return
}

// -----

// part_top_c1
func.func @part_top_of_none(%logits: tensor<?x16xf32>) {
  // expected-error @below {{expected k from 1 to 16, the number of logits, but got 0}}
  %0, %1 = decoder.part_top %logits k(0) part(8)
      : tensor<?x16xf32> -> tensor<?x0xf32>, tensor<?x0xi32>
  return
}

// -----

// part_top_c1
func.func @part_top_of_empty_parts(%logits: tensor<?x16xf32>) {
  // expected-error @below {{expected a positive part, but got 0}}
  %0, %1 = decoder.part_top %logits k(2) part(0)
      : tensor<?x16xf32> -> tensor<?x2xf32>, tensor<?x2xi32>
  return
}

// -----

// part_top_c2
func.func @part_top_of_three_parts(%logits: tensor<?x17xf32>) {
  // expected-error @below {{expected parts * k = 6, as logits with part and k has it, but got 4 in top [R, parts * k]}}
  %0, %1 = decoder.part_top %logits k(2) part(8)
      : tensor<?x17xf32> -> tensor<?x4xf32>, tensor<?x6xi32>
  return
}

// -----

// part_top_c2
func.func @part_top_with_other_tokens(%logits: tensor<?x17xf32>) {
  // expected-error @below {{but got 4 in tokens [R, parts * k]}}
  %0, %1 = decoder.part_top %logits k(2) part(8)
      : tensor<?x17xf32> -> tensor<?x6xf32>, tensor<?x4xi32>
  return
}

// -----

// merge_top_c1
func.func @merge_top_of_more(%logits: tensor<?x4xf32>, %ids: tensor<?x4xi32>) {
  // expected-error @below {{expected k from 1 to 4, the number of logits, but got 5}}
  %0, %1 = decoder.merge_top %logits, %ids k(5)
      : tensor<?x4xf32>, tensor<?x4xi32> -> tensor<?x5xf32>, tensor<?x5xi32>
  return
}

// -----

// merge_top_c1
func.func @merge_top_with_other_candidates(%logits: tensor<?x4xf32>, %ids: tensor<?x3xi32>) {
  // expected-error @below {{expected C = 4, as logits has it, but got 3 in candidates [R, C]}}
  %0, %1 = decoder.merge_top %logits, %ids k(2)
      : tensor<?x4xf32>, tensor<?x3xi32> -> tensor<?x2xf32>, tensor<?x2xi32>
  return
}

// -----

// merge_top_c2
func.func @merge_top_to_more(%logits: tensor<?x4xf32>, %ids: tensor<?x4xi32>) {
  // expected-error @below {{expected k = 2, as the attribute k has it, but got 3 in tokens [R, k]}}
  %0, %1 = decoder.merge_top %logits, %ids k(2)
      : tensor<?x4xf32>, tensor<?x4xi32> -> tensor<?x2xf32>, tensor<?x3xi32>
  return
}
