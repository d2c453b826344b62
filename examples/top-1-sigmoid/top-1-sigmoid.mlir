// A language model whose routing is not that of Mixtral: each token goes to one
// of eight experts, and what the expert says is weighed by the sigmoid of its
// score, which knows nothing of the other experts' scores.
//
//   96 tokens, 48 hidden, 1 layer, 3 query heads and 1 key/value head of 16,
//   8 experts of 72, of which each token uses 1
//
// Read examples/tiny-moe first: it explains what is only named here.
module attributes {moe.model = {max_positions = 1024 : i64}} {

moe.parameter @embedding : tensor<96x48xf32>
moe.parameter @attention.norm : tensor<48xf32>
moe.parameter @attention.q : tensor<48x48xf32>
moe.parameter @attention.k : tensor<16x48xf32>
moe.parameter @attention.v : tensor<16x48xf32>
moe.parameter @attention.out : tensor<48x48xf32>
moe.parameter @experts.norm : tensor<48xf32>
moe.parameter @experts.router : tensor<8x48xf32>
moe.parameter @experts.gate : tensor<8x72x48xf32>
moe.parameter @experts.up : tensor<8x72x48xf32>
moe.parameter @experts.down : tensor<8x48x72xf32>
moe.parameter @final.norm : tensor<48xf32>
moe.parameter @head : tensor<96x48xf32>

func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 1, 16, f32>)
    -> (tensor<?x96xf32>, !decoder.kv_cache<1, 1, 16, f32>) {
  %table = moe.read_parameter @embedding : tensor<96x48xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<96x48xf32> -> tensor<?x48xf32>

  // Attention.
  %n1 = moe.read_parameter @attention.norm : tensor<48xf32>
  %wq = moe.read_parameter @attention.q : tensor<48x48xf32>
  %wk = moe.read_parameter @attention.k : tensor<16x48xf32>
  %wv = moe.read_parameter @attention.v : tensor<16x48xf32>
  %wo = moe.read_parameter @attention.out : tensor<48x48xf32>
  %a = decoder.rms_norm %x, %n1 epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %q = decoder.linear %a, %wq
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %k = decoder.linear %a, %wk
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %v = decoder.linear %a, %wv
      : tensor<?x48xf32>, tensor<16x48xf32> -> tensor<?x16xf32>
  %qr = decoder.rope %q, %batch head_dim(16) theta(1.0e+04) : tensor<?x48xf32>
  %kr = decoder.rope %k, %batch head_dim(16) theta(1.0e+04) : tensor<?x16xf32>
  %filled = decoder.append_kv %cache, %kr, %v, %batch layer(0)
      : !decoder.kv_cache<1, 1, 16, f32>, tensor<?x16xf32>
  %seen = decoder.attention %qr, %filled, %batch layer(0) scale(0.25)
      : tensor<?x48xf32>, !decoder.kv_cache<1, 1, 16, f32> -> tensor<?x48xf32>
  %o = decoder.linear %seen, %wo
      : tensor<?x48xf32>, tensor<48x48xf32> -> tensor<?x48xf32>
  %y = decoder.add %x, %o : tensor<?x48xf32>

  // The sparse layer. Its routing is these lines; the rest is as for two experts
  // a token and softmax.
  %n2 = moe.read_parameter @experts.norm : tensor<48xf32>
  %wr = moe.read_parameter @experts.router : tensor<8x48xf32>
  %w1 = moe.read_parameter @experts.gate : tensor<8x72x48xf32>
  %w3 = moe.read_parameter @experts.up : tensor<8x72x48xf32>
  %w2 = moe.read_parameter @experts.down : tensor<8x48x72xf32>
  %m = decoder.rms_norm %y, %n2 epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %scores = moe.router %m, %wr
      : tensor<?x48xf32>, tensor<8x48xf32> -> tensor<?x8xf32>
  %chosen, %weights = moe.top_k %scores k(1) score(sigmoid)
      : tensor<?x8xf32> -> tensor<?x1xi32>, tensor<?x1xf32>
  %plan = moe.dispatch %chosen : tensor<?x1xi32> -> !moe.plan<8, 1>
  %ms = moe.permute %m, %plan
      : tensor<?x48xf32>, !moe.plan<8, 1> -> tensor<?x48xf32>
  %g = moe.grouped_linear %ms, %w1, %plan
      : tensor<?x48xf32>, tensor<8x72x48xf32>, !moe.plan<8, 1>
      -> tensor<?x72xf32>
  %u = moe.grouped_linear %ms, %w3, %plan
      : tensor<?x48xf32>, tensor<8x72x48xf32>, !moe.plan<8, 1>
      -> tensor<?x72xf32>
  %h = decoder.swiglu %g, %u : tensor<?x72xf32> -> tensor<?x72xf32>
  %ds = moe.grouped_linear %h, %w2, %plan
      : tensor<?x72xf32>, tensor<8x48x72xf32>, !moe.plan<8, 1>
      -> tensor<?x48xf32>
  %d = moe.combine %ds, %weights, %plan
      : tensor<?x48xf32>, tensor<?x1xf32>, !moe.plan<8, 1> -> tensor<?x48xf32>
  %z = decoder.add %y, %d : tensor<?x48xf32>

  // The result.
  %n3 = moe.read_parameter @final.norm : tensor<48xf32>
  %wh = moe.read_parameter @head : tensor<96x48xf32>
  %last = decoder.select_rows %z, %rows
      : tensor<?x48xf32>, tensor<?xi32> -> tensor<?x48xf32>
  %f = decoder.rms_norm %last, %n3 epsilon(1.0e-05)
      : tensor<?x48xf32>, tensor<48xf32> -> tensor<?x48xf32>
  %logits = decoder.linear %f, %wh
      : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
  return %logits, %filled
      : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 16, f32>
}
}
