//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The operations of the decoder dialect.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_DECODER_DECODEROPS_TD
#define DIALECTS_DECODER_DECODEROPS_TD

include "dialects/Decoder/DecoderDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

def Decoder_EmbedOp : Decoder_Op<"embed"> {
  let summary = "Look up the vector of each token";
  let description = [{
    `y[t, :] = table[tokens[t], :]`, widened to f32. The runtime has checked
    that every token is in the vocabulary.

    Constraints:
    - (C1) `tokens` is [T], `table` [V, H], `y` [T, H].

    Example:

    ```mlir
    %x = decoder.embed %tokens, %table
        : tensor<?xi32>, tensor<32000x4096xbf16> -> tensor<?x4096xf32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[I32]>:$tokens,
                       2DTensorOf<[F32, F16, BF16]>:$table);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = [{
    $tokens `,` $table attr-dict `:` type($tokens) `,` type($table)
    `->` type($y)
  }];
  let hasVerifier = 1;
}

def Decoder_SelectRowsOp : Decoder_Op<"select_rows"> {
  let summary = "Keep the tokens whose logits are wanted";
  let description = [{
    `y[r, :] = x[rows[r], :]`.

    Constraints:
    - (C1) `x` is [T, H], `rows` [R], `y` [R, H].

    Example:

    ```mlir
    %last = decoder.select_rows %x, %rows
        : tensor<?x4096xf32>, tensor<?xi32> -> tensor<?x4096xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$x, 1DTensorOf<[I32]>:$rows);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = [{
    $x `,` $rows attr-dict `:` type($x) `,` type($rows) `->` type($y)
  }];
  let hasVerifier = 1;
}

def Decoder_AddOp : Decoder_Op<"add",
    [Commutative, AllTypesMatch<["x", "delta", "y"]>]> {
  let summary = "Add to the residual stream";
  let description = [{
    `y = x + delta`, element by element, in f32.

    Constraints:
    - (C1) `x`, `delta` and `y` are of one type.

    Example:

    ```mlir
    %y = decoder.add %x, %delta : tensor<?x4096xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$x, 2DTensorOf<[F32]>:$delta);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = "$x `,` $delta attr-dict `:` type($y)";
}

def Decoder_RMSNormOp : Decoder_Op<"rms_norm"> {
  let summary = "Scale each token to unit root mean square";
  let description = [{
    `y[t, h] = x[t, h] / sqrt(mean_h(x[t, :]^2) + epsilon) * weight[h]`, computed
    in f32 and rounded once to the element type of `y`.

    Constraints:
    - (C1) `x` and `y` are [T, H], `weight` is [H].
    - (C2) `epsilon` is finite and not negative.

    Example:

    ```mlir
    %y = decoder.rms_norm %x, %weight epsilon(1.0e-05)
        : tensor<?x4096xf32>, tensor<4096xbf16> -> tensor<?x4096xbf16>
    ```

    Source: Zhang and Sennrich, arXiv 1910.07467.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$x,
                       1DTensorOf<[F32, F16, BF16]>:$weight,
                       F32Attr:$epsilon);
  let results = (outs 2DTensorOf<[F32, BF16]>:$y);
  let assemblyFormat = [{
    $x `,` $weight `epsilon` `(` $epsilon `)` attr-dict
    `:` type($x) `,` type($weight) `->` type($y)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Multi-layer perceptron
//===----------------------------------------------------------------------===//

def Decoder_LinearOp : Decoder_Op<"linear"> {
  let summary = "Multiply each token with a matrix";
  let description = [{
    `y[t, n] = sum_k x[t, k] * weight[n, k]`, summed in f32.

    Constraints:
    - (C1) `x` is [T, K], `weight` [N, K], `y` [T, N].
    - (C2) `x` is of bf16 if and only if `weight` is; an f16 weight meets f32.

    Encodings of `x` and `weight` are layouts, free of meaning.

    Example:

    ```mlir
    %q = decoder.linear %x, %wq
        : tensor<?x4096xbf16>, tensor<4096x4096xbf16> -> tensor<?x4096xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32, BF16]>:$x,
                       2DTensorOf<[F32, F16, BF16]>:$weight);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = [{
    $x `,` $weight attr-dict `:` type($x) `,` type($weight) `->` type($y)
  }];
  let hasVerifier = 1;
}

def Decoder_SwigluOp : Decoder_Op<"swiglu",
    [AllTypesMatch<["gate", "up"]>]> {
  let summary = "Gate a linear projection with the SiLU of another";
  let description = [{
    `y = silu(gate) * up` with `silu(a) = a / (1 + exp(-a))`, computed in f32 and
    rounded once to the element type of `y`.

    Constraints:
    - (C1) `gate`, `up` and `y` have one shape.

    Example:

    ```mlir
    %h = decoder.swiglu %gate, %up
        : tensor<?x14336xf32> -> tensor<?x14336xbf16>
    ```

    Source: Shazeer, arXiv 2002.05202.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$gate, 2DTensorOf<[F32]>:$up);
  let results = (outs 2DTensorOf<[F32, BF16]>:$y);
  let assemblyFormat = [{
    $gate `,` $up attr-dict `:` type($gate) `->` type($y)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Decoder_RopeOp : Decoder_Op<"rope", [AllTypesMatch<["x", "y"]>]> {
  let summary = "Rotate queries or keys by their position";
  let description = [{
    For each head and `i < head_dim / 2`, the pair (x[i], x[i + head_dim / 2]) is
    rotated by the angle `position * theta^(-2 i / head_dim)`. The frequency and
    the angle are rounded to f32, as published implementations do; sine and
    cosine are those of the rounded angle.

    Constraints:
    - (C1) `x` and `y` are [T, heads * head_dim], of one type.
    - (C2) `head_dim` is even and positive.
    - (C3) `theta` is finite and positive.

    Example:

    ```mlir
    %qr = decoder.rope %q, %batch head_dim(128) theta(1.0e+06)
        : tensor<?x4096xf32>
    ```

    Source: Su et al., arXiv 2104.09864, in the half-split form.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$x, Decoder_BatchType:$batch,
                       I64Attr:$head_dim, F64Attr:$theta);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = [{
    $x `,` $batch `head_dim` `(` $head_dim `)` `theta` `(` $theta `)` attr-dict
    `:` type($y)
  }];
  let hasVerifier = 1;
}

def Decoder_AppendKVOp : Decoder_Op<"append_kv",
    [AllTypesMatch<["cache", "updated"]>, AllTypesMatch<["keys", "values"]>,
     DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "Write the keys and values of a layer to the cache";
  let description = [{
    The cache after the step's tokens have been written at their positions,
    rounded to the cache's element type.

    Constraints:
    - (C1) `keys` and `values` are [T, heads * head_dim] of the cache.
    - (C2) `0 <= layer < layers` of the cache.

    Example:

    ```mlir
    %cache_1 = decoder.append_kv %cache_0, %k, %v, %batch layer(0)
        : !decoder.kv_cache<32, 8, 128, bf16>, tensor<?x1024xf32>
    ```
  }];
  let arguments = (ins Decoder_KVCacheType:$cache, 2DTensorOf<[F32]>:$keys,
                       2DTensorOf<[F32]>:$values, Decoder_BatchType:$batch,
                       I64Attr:$layer);
  let results = (outs Decoder_KVCacheType:$updated);
  let assemblyFormat = [{
    $cache `,` $keys `,` $values `,` $batch `layer` `(` $layer `)` attr-dict
    `:` qualified(type($cache)) `,` type($keys)
  }];
  let hasVerifier = 1;
}

def Decoder_AttentionOp : Decoder_Op<"attention"> {
  let summary = "Attend to the cached positions of each token's sequence";
  let description = [{
    For each token t at position p and each query head q with key/value head
    `q / (query heads / heads)`:
    `y = sum_s softmax_s(scale * query . key[s]) * value[s]` over the positions
    `max(0, p - window + 1) <= s <= p` (all up to p without a window), computed
    in f32 and rounded once to the element type of `y`. The order of summation
    depends on the positions alone, not on what else is in the step.

    Constraints:
    - (C1) `queries` and `y` are [T, query heads * head_dim], and the cache's
      heads divide the query heads.
    - (C2) `0 <= layer < layers` of the cache.
    - (C3) `window`, if given, is positive.
    - (C4) `scale` is finite.

    Example:

    ```mlir
    %y = decoder.attention %q, %cache_1, %batch layer(0) scale(0.0883883461)
        : tensor<?x4096xf32>, !decoder.kv_cache<32, 8, 128, bf16>
        -> tensor<?x4096xbf16>
    ```

    Source: grouped queries, arXiv 2305.13245; online softmax, arXiv 1805.02867.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$queries, Decoder_KVCacheType:$cache,
                       Decoder_BatchType:$batch, I64Attr:$layer,
                       F32Attr:$scale, OptionalAttr<I64Attr>:$window);
  let results = (outs 2DTensorOf<[F32, BF16]>:$y);
  let assemblyFormat = [{
    $queries `,` $cache `,` $batch `layer` `(` $layer `)`
    `scale` `(` $scale `)` (`window` `(` $window^ `)`)? attr-dict
    `:` type($queries) `,` qualified(type($cache)) `->` type($y)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// The best logits
//===----------------------------------------------------------------------===//

def Decoder_PartTopOp : Decoder_Op<"part_top",
    [DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "Keep the k best logits of each part of the vocabulary";
  let description = [{
    The columns of `logits` come in parts of `part`, the last of which may be
    smaller. Of each part, `top` has the `k` largest logits in descending order
    and `tokens` their columns; of equal logits the lower column is better. Where
    a part has fewer columns than k, -infinity and 2^31 - 1 stand for the rest.

    A NaN among the logits is an error of the step.

    Constraints:
    - (C1) `logits` is [R, V] with static V, `0 < k <= V`, and `part` is positive.
    - (C2) `top` and `tokens` are [R, parts * k], where parts is V / part, rounded
      up.

    Example:

    ```mlir
    %top, %tokens = decoder.part_top %logits k(8) part(256)
        : tensor<?x32000xf32> -> tensor<?x1000xf32>, tensor<?x1000xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$logits, I64Attr:$k, I64Attr:$part);
  let results = (outs 2DTensorOf<[F32]>:$top, 2DTensorOf<[I32]>:$tokens);
  let assemblyFormat = [{
    $logits `k` `(` $k `)` `part` `(` $part `)` attr-dict
    `:` type($logits) `->` type($top) `,` type($tokens)
  }];
  let hasVerifier = 1;
}

def Decoder_MergeTopOp : Decoder_Op<"merge_top",
    [DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "Choose the k best of the best logits of all parts";
  let description = [{
    The `k` best of the columns of `logits`, in descending order; of equal logits
    the lower token is better. `candidates` holds the token of each logit.

    Constraints:
    - (C1) `logits` and `candidates` are [R, C] with static C, `0 < k <= C`.
    - (C2) `top` and `tokens` are [R, k].

    Example:

    ```mlir
    %best, %ids = decoder.merge_top %top, %tokens k(8)
        : tensor<?x1000xf32>, tensor<?x1000xi32>
        -> tensor<?x8xf32>, tensor<?x8xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$logits, 2DTensorOf<[I32]>:$candidates,
                       I64Attr:$k);
  let results = (outs 2DTensorOf<[F32]>:$top, 2DTensorOf<[I32]>:$tokens);
  let assemblyFormat = [{
    $logits `,` $candidates `k` `(` $k `)` attr-dict
    `:` type($logits) `,` type($candidates) `->` type($top) `,` type($tokens)
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_DECODER_DECODEROPS_TD
