// RUN: moec-opt --lower-to-exec='target=x86-64-v3' --split-input-file --verify-diagnostics %s

// expected-error @+1 {{has no function @step}}
module attributes {moe.model = {max_positions = 8 : i64}} {
}

// -----

module attributes {moe.model = {max_positions = 8 : i64}} {
// expected-error @+1 {{expected (tensor<?xi32>, tensor<?xi32>, !decoder.batch}}
func.func @step(%tokens: tensor<?xi32>) -> tensor<?xi32> {
  return %tokens : tensor<?xi32>
}
}

// -----

module attributes {moe.model = {max_positions = 8 : i64}} {
// expected-error @+1 {{has 0 blocks; expected one}}
func.func private @step(tensor<?xi32>, tensor<?xi32>, !decoder.batch,
                        !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>)
}

// -----

// expected-error @+1 {{has no dictionary moe.model}}
module {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// Rows of logits and rows of tokens do not go together.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // expected-error @+1 {{reads #exec.extent<1 * rows + 0> rows together with #exec.extent<1 * tokens + 0> rows; expected as many}}
  %y = decoder.add %x, %last : tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// The batch says where the tokens stand, not the rows of logits.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // expected-error @+1 {{reads #exec.extent<1 * rows + 0> rows together with #exec.extent<1 * tokens + 0> rows}}
  %y = decoder.rope %last, %batch head_dim(32) theta(1.0e+04)
      : tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// The numbers of rows are checked against T alone.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // expected-error @+1 {{selects among #exec.extent<1 * rows + 0> rows; expected #exec.extent<1 * tokens + 0>}}
  %y = decoder.select_rows %last, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// Logits of all tokens are not what was asked for.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  // expected-error @+1 {{computes the logits of #exec.extent<1 * tokens + 0> rows; expected #exec.extent<1 * rows + 0>}}
  %last = decoder.add %x, %x : tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// A parameter has no rows that a step could choose.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // expected-error @+1 {{reads a value that no operation of @step computes row by row}}
  %y = decoder.add %table, %table : tensor<32x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// Only operations of the dialects have kernels.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  // expected-error @+1 {{has no rule for its number of rows}}
  %y = arith.constant dense<0.0> : tensor<4xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// A group that no kernel computes.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  // expected-error @+1 {{cannot compute decoder.linear, decoder.swiglu: decoder.swiglu must gate}}
  %y = exec.group "odd"(%x, %table)
      : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32> {
  ^bb0(%a: tensor<?x32xf32>, %w: tensor<32x32xf32>):
    %b = decoder.linear %a, %w
        : tensor<?x32xf32>, tensor<32x32xf32> -> tensor<?x32xf32>
    %c = decoder.swiglu %b, %b : tensor<?x32xf32> -> tensor<?x32xf32>
    exec.yield %c : tensor<?x32xf32>
  }
  %last = decoder.select_rows %y, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// Parts of a product's columns that are no whole panels.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<96x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<96x32xf32>
  %p = exec.pack %table : tensor<96x32xf32>
      -> tensor<96x32xf32, #exec.panels<32, 4, 1>>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
  %last = decoder.select_rows %x, %rows
      : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
  %t, %i = exec.group "head-top"(%last, %p)
      : (tensor<?x32xf32>, tensor<96x32xf32, #exec.panels<32, 4, 1>>)
      -> (tensor<?x6xf32>, tensor<?x6xi32>) {
  ^bb0(%a: tensor<?x32xf32>, %w: tensor<96x32xf32, #exec.panels<32, 4, 1>>):
    %b = decoder.linear %a, %w
        : tensor<?x32xf32>, tensor<96x32xf32, #exec.panels<32, 4, 1>>
        -> tensor<?x96xf32>
    // expected-error @+1 {{has parts of 40 columns; the x86-64 kernels of products take panels of 32}}
    %c, %d = decoder.part_top %b k(2) part(40)
        : tensor<?x96xf32> -> tensor<?x6xf32>, tensor<?x6xi32>
    exec.yield %c, %d : tensor<?x6xf32>, tensor<?x6xi32>
  }
  return %last, %cache
      : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// A step for the best logits gives them and their tokens.
module attributes {moe.model = {max_positions = 8 : i64}} {
moe.parameter @table : tensor<32x32xf32>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  return %x, %cache : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
// expected-error @+1 {{expected (tensor<?xi32>, tensor<?xi32>, !decoder.batch, !decoder.kv_cache<...>) -> (tensor<?xkxf32>, tensor<?xkxi32>, the same cache)}}
func.func @top(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
               %batch: !decoder.batch,
               %cache: !decoder.kv_cache<1, 1, 32, f32>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
  %table = moe.read_parameter @table : tensor<32x32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<32x32xf32> -> tensor<?x32xf32>
  return %x, %cache : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
}
}

// -----

// A group that no kernel builder takes is an error that names its operations.
module attributes {moe.model = {max_positions = 128 : i64}} {
moe.parameter @table : tensor<96x32xf32>
moe.parameter @norm : tensor<32xf32>

func.func @step.decode(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                       %batch: !decoder.batch,
                       %cache: !decoder.kv_cache<2, 1, 16, bf16>)
    -> (tensor<?x32xf32>, !decoder.kv_cache<2, 1, 16, bf16>)
    attributes {moe.regime = "decode", moe.max_tokens = 8 : i64} {
  %table = moe.read_parameter @table : tensor<96x32xf32>
  %norm = moe.read_parameter @norm : tensor<32xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
  // expected-error @+1 {{has no kernel builder for decoder.rms_norm, decoder.rms_norm}}
  %y, %n = exec.group "twice-norm"(%x, %norm)
      : (tensor<?x32xf32>, tensor<32xf32>)
      -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  ^bb0(%a: tensor<?x32xf32>, %w: tensor<32xf32>):
    %b = decoder.rms_norm %a, %w epsilon(1.0e-05)
        : tensor<?x32xf32>, tensor<32xf32> -> tensor<?x32xf32>
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
