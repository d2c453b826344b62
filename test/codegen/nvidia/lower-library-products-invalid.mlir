// RUN: moec-opt --lower-to-exec='target=sm_80' --split-input-file --verify-diagnostics %s

module attributes {moe.model = {max_positions = 128 : i64}} {
moe.parameter @table : tensor<96x48xbf16>
moe.parameter @w : tensor<48x48xf16>
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>, %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 48, bf16>)
    -> (tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>) {
  %table = moe.read_parameter @table : tensor<96x48xbf16>
  %w = moe.read_parameter @w : tensor<48x48xf16>
  %e = decoder.embed %tokens, %table : tensor<?xi32>, tensor<96x48xbf16> -> tensor<?x48xf32>
  %x = decoder.select_rows %e, %rows : tensor<?x48xf32>, tensor<?xi32> -> tensor<?x48xf32>
  // expected-error @+1 {{is of a library, which does not take 'tensor<48x48xf16>'}}
  %y = decoder.linear %x, %w {exec.library} : tensor<?x48xf32>, tensor<48x48xf16> -> tensor<?x48xf32>
  return %y, %cache : tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>
}
}

// -----

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
  %y = exec.group "some"(%x, %w)
      : (tensor<?x48xf32>, tensor<48x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48x48xf32>):
    %s = decoder.linear %a, %b {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
    // expected-error @+1 {{'decoder.add' op is with a product of a library, which adds a residual only}}
    %t = decoder.add %s, %s : tensor<?x48xf32>
    exec.yield %t : tensor<?x48xf32>
  }
  return %y, %cache : tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>
}
}

// -----

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
  %y = exec.group "some"(%x, %w)
      : (tensor<?x48xf32>, tensor<48x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48x48xf32>):
    // expected-error @+1 {{'decoder.add' op is with a product of a library, which adds a residual only}}
    %t = decoder.add %a, %a : tensor<?x48xf32>
    %s = decoder.linear %t, %b {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
    exec.yield %s : tensor<?x48xf32>
  }
  return %y, %cache : tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>
}
}

// -----

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
  %y = exec.group "some"(%x, %w)
      : (tensor<?x48xf32>, tensor<48x48xf32>) -> tensor<?x48xf32> {
  ^bb0(%a: tensor<?x48xf32>, %b: tensor<48x48xf32>):
    %s = decoder.linear %a, %b {exec.library} : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
    %t = decoder.add %s, %a : tensor<?x48xf32>
    // expected-error @+1 {{'decoder.swiglu' op is with a product of a library, which adds a residual only}}
    %u = decoder.swiglu %t, %s : tensor<?x48xf32> -> tensor<?x48xf32>
    exec.yield %u : tensor<?x48xf32>
  }
  return %y, %cache : tensor<?x48xf32>, !decoder.kv_cache<1, 1, 48, bf16>
}
}
