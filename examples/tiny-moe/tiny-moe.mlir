// A mixture-of-experts language model, small enough to read in one go.
//
//   256 tokens, 64 hidden, 1 layer, 4 query heads and 2 key/value heads of 16,
//   4 experts of 96, of which each token uses 2
//
// A model is two things: the weights it has, and what one step does with them.
// A step runs T tokens at once, any mix of prompt pieces and single tokens of
// several texts; `?` in a type is such a number that only the step knows.

// What the program cannot say: how long a text may get.
module attributes {moe.model = {max_positions = 4096 : i64}} {

// The weights. Each is a name and a type; with `from [...]` it could also say
// in which file its bytes are. Here `moec compile --weights` brings the values.
moe.parameter @embedding : tensor<256x64xf32>
moe.parameter @attention.norm : tensor<64xf32>
moe.parameter @attention.q : tensor<64x64xf32>
moe.parameter @attention.k : tensor<32x64xf32>
moe.parameter @attention.v : tensor<32x64xf32>
moe.parameter @attention.out : tensor<64x64xf32>
moe.parameter @experts.norm : tensor<64xf32>
moe.parameter @experts.router : tensor<4x64xf32>
moe.parameter @experts.gate : tensor<4x96x64xf32>
moe.parameter @experts.up : tensor<4x96x64xf32>
moe.parameter @experts.down : tensor<4x64x96xf32>
moe.parameter @final.norm : tensor<64xf32>

// One step. It takes the ids of T tokens, the numbers of the R tokens among
// them after which a next token is wanted, where each token stands in its text,
// and the keys and values of all earlier tokens. It gives R rows of logits and
// the cache with the new keys and values.
func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                %batch: !decoder.batch,
                %cache: !decoder.kv_cache<1, 2, 16, f32>)
    -> (tensor<?x256xf32>, !decoder.kv_cache<1, 2, 16, f32>) {
  %table = moe.read_parameter @embedding : tensor<256x64xf32>
  %x = decoder.embed %tokens, %table
      : tensor<?xi32>, tensor<256x64xf32> -> tensor<?x64xf32>

  // Attention: each token asks what came before it.
  %n1 = moe.read_parameter @attention.norm : tensor<64xf32>
  %wq = moe.read_parameter @attention.q : tensor<64x64xf32>
  %wk = moe.read_parameter @attention.k : tensor<32x64xf32>
  %wv = moe.read_parameter @attention.v : tensor<32x64xf32>
  %wo = moe.read_parameter @attention.out : tensor<64x64xf32>
  %a = decoder.rms_norm %x, %n1 epsilon(1.0e-05)
      : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %q = decoder.linear %a, %wq
      : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
  %k = decoder.linear %a, %wk
      : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
  %v = decoder.linear %a, %wv
      : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
  %qr = decoder.rope %q, %batch head_dim(16) theta(1.0e+04) : tensor<?x64xf32>
  %kr = decoder.rope %k, %batch head_dim(16) theta(1.0e+04) : tensor<?x32xf32>
  %filled = decoder.append_kv %cache, %kr, %v, %batch layer(0)
      : !decoder.kv_cache<1, 2, 16, f32>, tensor<?x32xf32>
  %seen = decoder.attention %qr, %filled, %batch layer(0) scale(0.25)
      : tensor<?x64xf32>, !decoder.kv_cache<1, 2, 16, f32> -> tensor<?x64xf32>
  %o = decoder.linear %seen, %wo
      : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
  %y = decoder.add %x, %o : tensor<?x64xf32>

  // The sparse layer: a router scores the experts, each token goes to the best
  // two, and what they say is added up, weighted by the scores.
  %n2 = moe.read_parameter @experts.norm : tensor<64xf32>
  %wr = moe.read_parameter @experts.router : tensor<4x64xf32>
  %w1 = moe.read_parameter @experts.gate : tensor<4x96x64xf32>
  %w3 = moe.read_parameter @experts.up : tensor<4x96x64xf32>
  %w2 = moe.read_parameter @experts.down : tensor<4x64x96xf32>
  %m = decoder.rms_norm %y, %n2 epsilon(1.0e-05)
      : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %scores = moe.router %m, %wr
      : tensor<?x64xf32>, tensor<4x64xf32> -> tensor<?x4xf32>
  %chosen, %weights = moe.top_k %scores k(2) score(softmax) renormalize
      : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  // Sort the (token, expert) pairs by expert, so that each expert's weights are
  // read once for all of its tokens. There are 2 T such rows.
  %plan = moe.dispatch %chosen : tensor<?x2xi32> -> !moe.plan<4, 2>
  %ms = moe.permute %m, %plan
      : tensor<?x64xf32>, !moe.plan<4, 2> -> tensor<?x64xf32>
  %g = moe.grouped_linear %ms, %w1, %plan
      : tensor<?x64xf32>, tensor<4x96x64xf32>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %u = moe.grouped_linear %ms, %w3, %plan
      : tensor<?x64xf32>, tensor<4x96x64xf32>, !moe.plan<4, 2>
      -> tensor<?x96xf32>
  %h = decoder.swiglu %g, %u : tensor<?x96xf32> -> tensor<?x96xf32>
  %ds = moe.grouped_linear %h, %w2, %plan
      : tensor<?x96xf32>, tensor<4x64x96xf32>, !moe.plan<4, 2>
      -> tensor<?x64xf32>
  %d = moe.combine %ds, %weights, %plan
      : tensor<?x64xf32>, tensor<?x2xf32>, !moe.plan<4, 2> -> tensor<?x64xf32>
  %z = decoder.add %y, %d : tensor<?x64xf32>

  // The result: scores of all 256 tokens, for the R tokens that were asked for.
  // The embedding table serves a second time, as the matrix of this product.
  %n3 = moe.read_parameter @final.norm : tensor<64xf32>
  %last = decoder.select_rows %z, %rows
      : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %f = decoder.rms_norm %last, %n3 epsilon(1.0e-05)
      : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %logits = decoder.linear %f, %table
      : tensor<?x64xf32>, tensor<256x64xf32> -> tensor<?x256xf32>
  return %logits, %filled
      : tensor<?x256xf32>, !decoder.kv_cache<1, 2, 16, f32>
}
}
