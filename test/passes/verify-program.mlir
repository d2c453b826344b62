// RUN: moec-opt %s --split-input-file --verify-diagnostics --moe-verify-program | FileCheck %s

// A whole model passes, and is not changed.
// CHECK-LABEL: module attributes {moe.model =
// CHECK: return %logits, %cache
module attributes {moe.model = {architecture = "custom", bos = 1 : i64,
    eos = array<i64: 2, 3>, max_positions = 64, tokenizer = "tokenizer.model",
    window = 16 : i64}} {
  moe.parameter @table : tensor<96x32xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<2, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 32, f32>) {
    %table = moe.read_parameter @table : tensor<96x32xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
        : !decoder.kv_cache<2, 1, 32, f32>, tensor<?x32xf32>
    %a = decoder.attention %x, %cache_0, %batch layer(0) scale(1.0) window(16)
        : tensor<?x32xf32>, !decoder.kv_cache<2, 1, 32, f32> -> tensor<?x32xf32>
    %cache_1 = decoder.append_kv %cache_0, %a, %a, %batch layer(1)
        : !decoder.kv_cache<2, 1, 32, f32>, tensor<?x32xf32>
    %b = decoder.attention %a, %cache_1, %batch layer(1) scale(1.0) window(16)
        : tensor<?x32xf32>, !decoder.kv_cache<2, 1, 32, f32> -> tensor<?x32xf32>
    %last = decoder.select_rows %b, %rows
        : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    // Operands that are packed already are part of a program, too.
    %packed = exec.pack %last : tensor<?x32xf32>
        -> tensor<?x32xf32, #exec.row_blocks<12, 256, 4>>
    %gate = moe.router %packed, %table
        : tensor<?x32xf32, #exec.row_blocks<12, 256, 4>>, tensor<96x32xf32>
        -> tensor<?x96xf32>
    return %gate, %cache_1 : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 32, f32>
  }
}

// -----

// model: no attribute
// expected-error @below {{breaks the model clause of a program: expected a dictionary moe.model, as in {moe.model = {max_positions = 4096}}}}
module {
}

// -----

// model: no dictionary
// expected-error @below {{expected a dictionary moe.model, as in {moe.model = {max_positions = 4096}}}}
module attributes {moe.model = "mixtral"} {
}

// -----

// model: max_positions missing
// expected-error @below {{expected max_positions, as in {max_positions = 4096}, but got {bos = 1 : i64}}}
module attributes {moe.model = {bos = 1 : i64}} {
}

// -----

// model: max_positions out of range
// expected-error @below {{expected an i64 from 1 to 2147483647 as max_positions, but got 0 : i64}}
module attributes {moe.model = {max_positions = 0}} {
}

// -----

// model: max_positions out of range
// expected-error @below {{expected an i64 from 1 to 2147483647 as max_positions, but got 2147483648 : i64}}
module attributes {moe.model = {max_positions = 2147483648}} {
}

// -----

// model: max_positions of another type
// expected-error @below {{expected an i64 from 1 to 2147483647 as max_positions, but got 64 : i32}}
module attributes {moe.model = {max_positions = 64 : i32}} {
}

// -----

// model: window out of range
// expected-error @below {{expected an i64 from 0 to 2147483647 as window, but got -1 : i64}}
module attributes {moe.model = {max_positions = 64, window = -1}} {
}

// -----

// model: bos out of range
// expected-error @below {{expected an i64 from -1 to 2147483647 as bos, but got -2 : i64}}
module attributes {moe.model = {max_positions = 64, bos = -2}} {
}

// -----

// model: eos of another kind
// expected-error @below {{expected an array such as array<i64: 2> as eos, but got 2 : i64}}
module attributes {moe.model = {max_positions = 64, eos = 2}} {
}

// -----

// model: architecture of another kind
// expected-error @below {{expected a string as architecture, but got 1 : i64}}
module attributes {moe.model = {max_positions = 64, architecture = 1}} {
}

// -----

// model: tokenizer of another kind
// expected-error @below {{expected a string as tokenizer, but got}}
module attributes {moe.model = {max_positions = 64, tokenizer}} {
}

// -----

// model: unknown key
// expected-error @below {{expected no key but max_positions, architecture, window, bos, eos and tokenizer, but got windows}}
module attributes {moe.model = {max_positions = 64, windows = 4}} {
}

// -----

// model: eos outside the vocabulary
// expected-error @below {{expected tokens of 0 to 95 as bos and eos, but got 96}}
module attributes {moe.model = {max_positions = 64, eos = array<i64: 96>}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    return %x, %cache : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>
  }
}

// -----

// model: another window than the attention's
module attributes {moe.model = {max_positions = 64, window = 16}} {
  moe.parameter @table : tensor<96x32xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
    %table = moe.read_parameter @table : tensor<96x32xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x32xf32> -> tensor<?x32xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
        : !decoder.kv_cache<1, 1, 32, f32>, tensor<?x32xf32>
    // expected-error @below {{breaks the model clause of a program: expected the model's window of 16, but got 0}}
    %a = decoder.attention %x, %cache_0, %batch layer(0) scale(1.0)
        : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32> -> tensor<?x32xf32>
    %logits = decoder.linear %a, %table
        : tensor<?x32xf32>, tensor<96x32xf32> -> tensor<?x96xf32>
    return %logits, %cache_0
        : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>
  }
}

// -----

// module: no function
// expected-error @below {{breaks the module clause of a program: expected a function @step, but got none}}
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x32xf32>
}

// -----

// module: another function
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{breaks the module clause of a program: expected no function but @step, but got @main}}
  func.func private @main()
}

// -----

// module: another operation
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{breaks the module clause of a program: expected moe.parameter and one function, @step}}
  exec.program @step regime("any") max_tokens(8) {
  }
}

// -----

// signature: another number of inputs
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{breaks the signature clause of a program: expected (tensor<?xi32>, tensor<?xi32>, !decoder.batch, !decoder.kv_cache<...>) -> (tensor<?xVxf32>, !decoder.kv_cache<...>), but got '(tensor<?xi32>) -> ()'}}
  func.func private @step(%tokens: tensor<?xi32>)
}

// -----

// signature: static tokens
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{breaks the signature clause}}
  func.func private @step(tensor<4xi32>, tensor<?xi32>, !decoder.batch,
                          !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>)
}

// -----

// signature: dynamic vocabulary
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{breaks the signature clause}}
  func.func private @step(tensor<?xi32>, tensor<?xi32>, !decoder.batch,
                          !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x?xf32>, !decoder.kv_cache<1, 1, 32, f32>)
}

// -----

// signature: another cache
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{breaks the signature clause}}
  func.func private @step(tensor<?xi32>, tensor<?xi32>, !decoder.batch,
                          !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 32, f32>)
}

// -----

// signature: no body
module attributes {moe.model = {max_positions = 64}} {
  // expected-error @below {{expected a body of one block, but got 0}}
  func.func private @step(tensor<?xi32>, tensor<?xi32>, !decoder.batch,
                          !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>)
}

// -----

// operations: of another dialect
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
    // expected-error @below {{'arith.constant' op breaks the operations clause of a program: expected operations of moe and decoder, exec.pack and func.return}}
    %c = arith.constant 1 : i64
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    return %x, %cache : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>
  }
}

// -----

// inputs: rows read as tokens
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    // expected-error @below {{breaks the inputs clause of a program: expected the rows to be read by decoder.select_rows alone}}
    %x = decoder.embed %rows, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    return %x, %cache : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>
  }
}

// -----

// inputs: tokens read as rows
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<1, 1, 32, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    // expected-error @below {{breaks the inputs clause of a program: expected the tokens to be read by decoder.embed alone}}
    %y = decoder.select_rows %x, %tokens
        : tensor<?x96xf32>, tensor<?xi32> -> tensor<?x96xf32>
    return %y, %cache : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>
  }
}

// -----

// cache: an older one is attended to
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<2, 1, 96, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
        : !decoder.kv_cache<2, 1, 96, f32>, tensor<?x96xf32>
    %cache_1 = decoder.append_kv %cache_0, %x, %x, %batch layer(1)
        : !decoder.kv_cache<2, 1, 96, f32>, tensor<?x96xf32>
    // expected-error @below {{breaks the cache clause of a program: expected the newest cache, but got an older one}}
    %a = decoder.attention %x, %cache_0, %batch layer(0) scale(1.0)
        : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32> -> tensor<?x96xf32>
    return %a, %cache_1 : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>
  }
}

// -----

// cache: an older one is returned
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<1, 1, 96, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 96, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
        : !decoder.kv_cache<1, 1, 96, f32>, tensor<?x96xf32>
    // expected-error @below {{'func.return' op breaks the cache clause of a program: expected the newest cache, but got an older one}}
    return %x, %cache : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 96, f32>
  }
}

// -----

// cache: a layer is appended to twice
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<2, 1, 96, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(1)
        : !decoder.kv_cache<2, 1, 96, f32>, tensor<?x96xf32>
    // expected-error @below {{breaks the cache clause of a program: expected one append to each layer, but got another to layer 1}}
    %cache_1 = decoder.append_kv %cache_0, %x, %x, %batch layer(1)
        : !decoder.kv_cache<2, 1, 96, f32>, tensor<?x96xf32>
    return %x, %cache_1 : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>
  }
}

// -----

// cache: a layer is attended to before it is appended to
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<2, 1, 96, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
        : !decoder.kv_cache<2, 1, 96, f32>, tensor<?x96xf32>
    // expected-error @below {{breaks the cache clause of a program: expected layer 1 to be appended to before it is attended to}}
    %a = decoder.attention %x, %cache_0, %batch layer(1) scale(1.0)
        : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32> -> tensor<?x96xf32>
    return %a, %cache_0 : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>
  }
}

// -----

// cache: a layer is never appended to
module attributes {moe.model = {max_positions = 64}} {
  moe.parameter @table : tensor<96x96xf32>
  // expected-error @below {{breaks the cache clause of a program: expected decoder.append_kv for each of 2 layers, but got 1}}
  func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                  %batch: !decoder.batch,
                  %cache: !decoder.kv_cache<2, 1, 96, f32>)
      -> (tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>) {
    %table = moe.read_parameter @table : tensor<96x96xf32>
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<96x96xf32> -> tensor<?x96xf32>
    %cache_0 = decoder.append_kv %cache, %x, %x, %batch layer(0)
        : !decoder.kv_cache<2, 1, 96, f32>, tensor<?x96xf32>
    return %x, %cache_0 : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 96, f32>
  }
}
