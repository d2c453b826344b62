// RUN: moec-opt %s --split-input-file --verify-diagnostics

// plan_c1
// expected-error @below {{expected 1 to 8 choices, the number of experts, but got 9}}
func.func private @plan_with_more_choices_than_experts(!moe.plan<8, 9>)

// -----

// plan_c1
// expected-error @below {{expected 1 to 2147483647 experts, but got 0}}
func.func private @plan_without_experts(!moe.plan<0, 0>)

// -----

// plan_c1
// expected-error @below {{expected 1 to 8 choices, the number of experts, but got 0}}
func.func private @plan_without_choices(!moe.plan<8, 0>)

// -----

// bytes_c1
// expected-error @below {{expected a relative path inside the checkpoint folder, but got "../secret"}}
moe.parameter @outside : tensor<4xf32> from [#moe.bytes<"../secret", 0, 16>]

// -----

// bytes_c1
// expected-error @below {{expected a relative path inside the checkpoint folder, but got "/etc/passwd"}}
moe.parameter @absolute : tensor<4xf32> from [#moe.bytes<"/etc/passwd", 0, 16>]

// -----

// bytes_c1
// expected-error @below {{expected a relative path inside the checkpoint folder, but got ""}}
moe.parameter @unnamed : tensor<4xf32> from [#moe.bytes<"", 0, 16>]

// -----

// bytes_c2
// expected-error @below {{expected an offset of at least 0 and a length of at least 1, but got -8 and 16}}
moe.parameter @negative_offset : tensor<4xf32> from [#moe.bytes<"f", -8, 16>]

// -----

// bytes_c2
// expected-error @below {{expected an offset of at least 0 and a length of at least 1, but got 0 and 0}}
moe.parameter @zero_length : tensor<4xf32> from [#moe.bytes<"f", 0, 0>]

// -----

// parameter_c1
// expected-error @below {{expected a ranked, static tensor type without encoding and without a size of zero, but got 'tensor<?x4xf32>'}}
moe.parameter @dynamic : tensor<?x4xf32>

// -----

// parameter_c1
// expected-error @below {{without encoding and without a size of zero, but got 'f32'}}
moe.parameter @scalar : f32

// -----

// parameter_c1
// expected-error @below {{without encoding and without a size of zero, but got 'tensor<0x4xf32>'}}
moe.parameter @empty : tensor<0x4xf32>

// -----

// parameter_c1
// expected-error @below {{without encoding and without a size of zero, but got 'tensor<8x4xf32, #exec.panels<32, 4, 1>>'}}
moe.parameter @packed : tensor<8x4xf32, #exec.panels<32, 4, 1>>

// -----

// parameter_c1
// expected-error @below {{expected elements of f32, f16 or bf16, but got 'f64'}}
moe.parameter @wide_elements : tensor<4xf64>

// -----

// parameter_c1
// expected-error @below {{expected at most 4611686018427387904 bytes, but got more in}}
moe.parameter @huge : tensor<4611686018427387904x2xf32>

// -----

// parameter_c2
// expected-error @below {{expected a source of 2048 bytes for 'tensor<8x64xf32>', but got 1024}}
moe.parameter @short : tensor<8x64xf32> from [#moe.bytes<"f", 0, 1024>]

// -----

// parameter_c2
// expected-error @below {{expected a source of 16 bytes, but its lengths overflow}}
moe.parameter @overflow : tensor<4xf32>
    from [#moe.bytes<"f", 0, 9223372036854775807>, #moe.bytes<"f", 0, 1>]

// -----

// read_parameter_c1
func.func @read_of_nothing() {
  // expected-error @below {{expected a moe.parameter, but got @missing}}
  %0 = moe.read_parameter @missing : tensor<4xf32>
  return
}

// -----

// read_parameter_c1
moe.parameter @weight : tensor<4xf32>
func.func @read_of_another_type() {
  // expected-error @below {{expected 'tensor<4xf32>', the type of @weight, but got 'tensor<4xbf16>'}}
  %0 = moe.read_parameter @weight : tensor<4xbf16>
  return
}

// -----

// router_c1
func.func @router_of_another_width(%x: tensor<?x64xf32>, %w: tensor<8x32xf32>) {
  // expected-error @below {{expected H = 64, as x has it, but got 32 in weight [E, H]}}
  %0 = moe.router %x, %w : tensor<?x64xf32>, tensor<8x32xf32> -> tensor<?x8xf32>
  return
}

// -----

// router_c1
func.func @router_with_static_tokens(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) {
  // expected-error @below {{expected T = ?, as x has it, but got 4 in logits [T, E]}}
  %0 = moe.router %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<4x8xf32>
  return
}

// -----

// router_c1
func.func @router_bias_of_another_size(%x: tensor<?x64xf32>,
                                       %w: tensor<8x64xf32>, %b: tensor<7xf32>) {
  // expected-error @below {{expected E = 8, as weight has it, but got 7 in bias [E]}}
  %0 = moe.router %x, %w bias %b : tensor<7xf32>
      : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return
}

// -----

// router_c2
func.func @router_of_mixed_elements(%x: tensor<?x64xf32>, %w: tensor<8x64xbf16>) {
  // expected-error @below {{expected x of 'bf16' for a weight of 'bf16', but got 'f32'}}
  %0 = moe.router %x, %w : tensor<?x64xf32>, tensor<8x64xbf16> -> tensor<?x8xf32>
  return
}

// -----

// top_k_c1
func.func @top_k_of_dynamic_experts(%logits: tensor<?x?xf32>) {
  // expected-error @below {{expected a static number of experts, but got 'tensor<?x?xf32>'}}
  %0, %1 = moe.top_k %logits k(2) score(softmax)
      : tensor<?x?xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c1
func.func @top_k_of_more_than_all(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected k of at most 8, the number of experts, but got 9}}
  %0, %1 = moe.top_k %logits k(9) score(softmax)
      : tensor<?x8xf32> -> tensor<?x9xi32>, tensor<?x9xf32>
  return
}

// -----

// top_k_c1
func.func @top_k_of_none(%logits: tensor<?x8xf32>) {
  // expected-error @below {{attribute 'k' failed to satisfy constraint}}
  %0, %1 = moe.top_k %logits k(0) score(softmax)
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c2
func.func @top_k_with_more_experts_than_k(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected k = 2, as the attribute k has it, but got 3 in experts [T, k]}}
  %0, %1 = moe.top_k %logits k(2) score(softmax)
      : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c2
func.func @top_k_with_more_weights_than_k(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected k = 2, as the attribute k has it, but got 3 in weights [T, k]}}
  %0, %1 = moe.top_k %logits k(2) score(softmax)
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x3xf32>
  return
}

// -----

// top_k_c3
func.func @top_k_bias_of_another_size(%logits: tensor<?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{expected E = 8, as logits has it, but got 4 in bias [E]}}
  %0, %1 = moe.top_k %logits k(2) score(sigmoid) bias %b : tensor<4xf32>
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c4
func.func @top_k_with_groups_alone(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected groups and chosen_groups together, but got only groups}}
  %0, %1 = moe.top_k %logits k(2) score(sigmoid) {groups = 4 : i64}
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c4
func.func @top_k_with_chosen_groups_alone(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected groups and chosen_groups together, but got only chosen_groups}}
  %0, %1 = moe.top_k %logits k(2) score(sigmoid) {chosen_groups = 4 : i64}
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c4
func.func @top_k_of_unequal_groups(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected groups to divide 8 experts, but got 3}}
  %0, %1 = moe.top_k %logits k(2) score(sigmoid)
      {groups = 3 : i64, chosen_groups = 1 : i64}
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c4
func.func @top_k_of_too_many_groups(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected 1 to 4 chosen_groups, but got 5}}
  %0, %1 = moe.top_k %logits k(2) score(sigmoid)
      {groups = 4 : i64, chosen_groups = 5 : i64}
      : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// top_k_c4
func.func @top_k_of_too_small_groups(%logits: tensor<?x8xf32>) {
  // expected-error @below {{expected at least 3 experts in the chosen groups, but got 2}}
  %0, %1 = moe.top_k %logits k(3) score(sigmoid)
      {groups = 4 : i64, chosen_groups = 1 : i64}
      : tensor<?x8xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return
}

// -----

// dispatch_c1
func.func @dispatch_of_another_k(%experts: tensor<?x3xi32>) {
  // expected-error @below {{expected k = 2, as the plan has it, but got 3 in experts [T, k]}}
  %0 = moe.dispatch %experts : tensor<?x3xi32> -> !moe.plan<8, 2>
  return
}

// -----

// permute_c1
func.func @permute_to_too_few_rows(%x: tensor<4x64xf32>, %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected T * k = 8, as x with the plan has it, but got 4 in rows [T * k, H]}}
  %0 = moe.permute %x, %plan
      : tensor<4x64xf32>, !moe.plan<8, 2> -> tensor<4x64xf32>
  return
}

// -----

// permute_c1
func.func @permute_to_another_element(%x: tensor<?x64xf32>, %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected rows of 'f32', as x is, but got 'bf16'}}
  %0 = moe.permute %x, %plan
      : tensor<?x64xf32>, !moe.plan<8, 2> -> tensor<?x64xbf16>
  return
}

// -----

// grouped_linear_c1
func.func @grouped_linear_of_other_experts(%x: tensor<?x64xf32>,
                                           %w: tensor<4x96x64xf32>,
                                           %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected E = 8, as the plan has it, but got 4 in weight [E, N, K]}}
  %0 = moe.grouped_linear %x, %w, %plan
      : tensor<?x64xf32>, tensor<4x96x64xf32>, !moe.plan<8, 2> -> tensor<?x96xf32>
  return
}

// -----

// grouped_linear_c1
func.func @grouped_linear_to_another_width(%x: tensor<?x64xf32>,
                                           %w: tensor<8x96x64xf32>,
                                           %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected N = 96, as weight has it, but got 64 in y [T * k, N]}}
  %0 = moe.grouped_linear %x, %w, %plan
      : tensor<?x64xf32>, tensor<8x96x64xf32>, !moe.plan<8, 2> -> tensor<?x64xf32>
  return
}

// -----

// grouped_linear_c1
func.func @grouped_linear_bias_of_another_size(%x: tensor<?x64xf32>,
                                               %w: tensor<8x96x64xf32>,
                                               %b: tensor<8x64xf32>,
                                               %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected N = 96, as weight has it, but got 64 in bias [E, N]}}
  %0 = moe.grouped_linear %x, %w, %plan bias %b : tensor<8x64xf32>
      : tensor<?x64xf32>, tensor<8x96x64xf32>, !moe.plan<8, 2> -> tensor<?x96xf32>
  return
}

// -----

// grouped_linear_c1
func.func @grouped_linear_of_odd_rows(%x: tensor<5x64xf32>,
                                      %w: tensor<8x96x64xf32>,
                                      %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected a multiple of 2 rows, the plan's choices, but got 5}}
  %0 = moe.grouped_linear %x, %w, %plan
      : tensor<5x64xf32>, tensor<8x96x64xf32>, !moe.plan<8, 2> -> tensor<5x96xf32>
  return
}

// -----

// grouped_linear_c2
func.func @grouped_linear_of_mixed_elements(%x: tensor<?x64xbf16>,
                                            %w: tensor<8x96x64xf16>,
                                            %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected x of 'f32' for a weight of 'f16', but got 'bf16'}}
  %0 = moe.grouped_linear %x, %w, %plan
      : tensor<?x64xbf16>, tensor<8x96x64xf16>, !moe.plan<8, 2> -> tensor<?x96xf32>
  return
}

// -----

// combine_c1
func.func @combine_of_too_many_weights(%rows: tensor<?x64xf32>,
                                       %weights: tensor<?x3xf32>,
                                       %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected k = 2, as the plan has it, but got 3 in weights [T, k]}}
  %0 = moe.combine %rows, %weights, %plan
      : tensor<?x64xf32>, tensor<?x3xf32>, !moe.plan<8, 2> -> tensor<?x64xf32>
  return
}

// -----

// combine_c1
func.func @combine_of_too_few_rows(%rows: tensor<4x64xf32>,
                                   %weights: tensor<4x2xf32>,
                                   %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected T * k = 8, as weights [T, k] has it, but got 4 in rows [T * k, H]}}
  %0 = moe.combine %rows, %weights, %plan
      : tensor<4x64xf32>, tensor<4x2xf32>, !moe.plan<8, 2> -> tensor<4x64xf32>
  return
}

// -----

// combine_c1
func.func @combine_to_another_width(%rows: tensor<?x64xf32>,
                                    %weights: tensor<?x2xf32>,
                                    %plan: !moe.plan<8, 2>) {
  // expected-error @below {{expected H = 64, as rows has it, but got 32 in y [T, H]}}
  %0 = moe.combine %rows, %weights, %plan
      : tensor<?x64xf32>, tensor<?x2xf32>, !moe.plan<8, 2> -> tensor<?x32xf32>
  return
}
