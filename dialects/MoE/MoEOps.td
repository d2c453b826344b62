//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The operations of the MoE dialect.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_MOE_MOEOPS_TD
#define DIALECTS_MOE_MOEOPS_TD

include "dialects/MoE/MoEDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Names its results in textual IR.
def MoE_NamesResults
    : DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def MoE_ParameterOp : MoE_Op<"parameter", [Symbol]> {
  let summary = "Declare a weight tensor and where its bytes are";
  let description = [{
    A weight is a symbol: IR never holds its data. `source` lists the byte
    ranges whose concatenation is the tensor in row-major order; the experts of
    a layer, separate tensors in a checkpoint, are one parameter with E ranges.
    A parameter without a source gets its values from `moec compile --weights`.

    Constraints:
    - (C1) The type is a ranked, static tensor of f32, f16 or bf16, without
      encoding, of at most 2^62 bytes and no size zero.
    - (C2) The lengths in `source`, if there is one, add up to the tensor's size
      in bytes.

    Example:

    ```mlir
    moe.parameter @layers.0.gate : tensor<8x64xf32>
        from [#moe.bytes<"model.safetensors", 4096, 2048>]
    moe.parameter @layers.0.norm : tensor<64xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       OptionalAttr<TypedArrayAttrBase<MoE_BytesAttr,
                           "array of byte ranges">>:$source);
  let assemblyFormat = [{
    $sym_name `:` $type (`from` $source^)? attr-dict
  }];
  let hasVerifier = 1;
}

def MoE_ReadParameterOp : MoE_Op<"read_parameter",
    [Pure, MoE_NamesResults,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Take a weight tensor as a value";
  let description = [{
    The value is the whole tensor, row-major; reading it moves no byte.

    Constraints:
    - (C1) `parameter` names a `moe.parameter` of the type of the result.

    Example:

    ```mlir
    %gate = moe.read_parameter @layers.0.gate : tensor<8x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs AnyStaticShapeTensor:$value);
  let assemblyFormat = "$parameter attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

def MoE_RouterOp : MoE_Op<"router", [Pure, MoE_NamesResults]> {
  let summary = "Score every expert for every token";
  let description = [{
    `logits[t, e] = sum_h x[t, h] * weight[e, h] (+ bias[e])`, summed in f32.

    Constraints:
    - (C1) `x` is [T, H], `weight` [E, H], `logits` [T, E], `bias` [E].
    - (C2) `x` is of bf16 if and only if `weight` is; an f16 weight meets f32.

    Encodings of `x` and `weight` are layouts, free of meaning.

    Example:

    ```mlir
    %logits = moe.router %x, %gate
        : tensor<?x4096xbf16>, tensor<8x4096xbf16> -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32, BF16]>:$x,
                       2DTensorOf<[F32, F16, BF16]>:$weight,
                       Optional<1DTensorOf<[F32, F16, BF16]>>:$bias);
  let results = (outs 2DTensorOf<[F32]>:$logits);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^ `:` type($bias))? attr-dict
    `:` type($x) `,` type($weight) `->` type($logits)
  }];
  let hasVerifier = 1;
}

def MoE_TopKOp : MoE_Op<"top_k", [Pure, MoE_NamesResults]> {
  let summary = "Choose the k best experts of every token and weigh them";
  let description = [{
    For each token the `k` experts with the largest logits, in order of
    descending logit; of equal logits the lower index wins. `bias`, if given,
    is added to the scores for the choice only. If there are `groups`, experts
    come in that many equal groups and only those of the best `chosen_groups`
    groups (by the sum of their two best scores) can be chosen.

    The weights are the scores of the chosen experts times `scale`. The score
    is the softmax over all E logits or the sigmoid of the logit. With
    `renormalize` the chosen scores are first divided by their sum; with the
    softmax that is the softmax over the k chosen logits, and is computed so:
    for k = 2, of logits a >= b, `1 / (1 + exp(b - a))` and the same of a - b.

    A NaN among the logits is an error of the step.

    Constraints:
    - (C1) `logits` is [T, E] with static E, `0 < k <= E`.
    - (C2) `experts` and `weights` are [T, k].
    - (C3) `bias` is [E].
    - (C4) `groups` and `chosen_groups` are given together, `groups` divides E,
      `0 < chosen_groups <= groups`, and the chosen groups hold at least k
      experts.

    Example:

    ```mlir
    %experts, %weights = moe.top_k %logits k(2) score(softmax) renormalize
        : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
    ```

    Source: Mixtral (arXiv 2401.04088); DeepSeek-V3 (arXiv 2412.19437) for
    `bias`, `groups` and `scale`.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$logits,
                       Optional<1DTensorOf<[F32]>>:$bias,
                       ConfinedAttr<I64Attr, [IntPositive]>:$k,
                       MoE_ScoreFunctionAttr:$score,
                       UnitAttr:$renormalize,
                       OptionalAttr<F32Attr>:$scale,
                       OptionalAttr<I64Attr>:$groups,
                       OptionalAttr<I64Attr>:$chosen_groups);
  let results = (outs 2DTensorOf<[I32]>:$experts, 2DTensorOf<[F32]>:$weights);
  let assemblyFormat = [{
    $logits `k` `(` $k `)` `score` `(` $score `)`
    (`renormalize` $renormalize^)?
    (`bias` $bias^ `:` type($bias))? attr-dict
    `:` type($logits) `->` type($experts) `,` type($weights)
  }];
  let hasVerifier = 1;
}

def MoE_DispatchOp : MoE_Op<"dispatch", [Pure, MoE_NamesResults]> {
  let summary = "Group the chosen (token, expert) pairs by expert";
  let description = [{
    A stable counting sort of the slots by expert.

    Constraints:
    - (C1) `experts` is [T, k] with the plan's k.

    Example:

    ```mlir
    %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<8, 2>
    ```
  }];
  let arguments = (ins 2DTensorOf<[I32]>:$experts);
  let results = (outs MoE_PlanType:$plan);
  let assemblyFormat = [{
    $experts attr-dict `:` type($experts) `->` qualified(type($plan))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

def MoE_PermuteOp : MoE_Op<"permute", [Pure]> {
  let summary = "Copy each token to the rows of its experts";
  let description = [{
    `rows[r, :] = x[slot(r) / k, :]`.

    Constraints:
    - (C1) `x` is [T, H] and `rows` is [T * k, H], of one element type.

    Example:

    ```mlir
    %xs = moe.permute %x, %plan
        : tensor<?x4096xbf16>, !moe.plan<8, 2> -> tensor<?x4096xbf16>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32, BF16]>:$x, MoE_PlanType:$plan);
  let results = (outs 2DTensorOf<[F32, BF16]>:$rows);
  let assemblyFormat = [{
    $x `,` $plan attr-dict `:` type($x) `,` qualified(type($plan)) `->` type($rows)
  }];
  let hasVerifier = 1;
}

def MoE_GroupedLinearOp : MoE_Op<"grouped_linear", [Pure]> {
  let summary = "Multiply each expert's rows with that expert's matrix";
  let description = [{
    `y[r, n] = sum_k x[r, k] * weight[expert(r), n, k] (+ bias[expert(r), n])`,
    summed in f32. No expert computes a row that was not routed to it.

    Constraints:
    - (C1) `x` is [T * k, K], `weight` [E, N, K] with the plan's E, `y` is
      [T * k, N], `bias` [E, N].
    - (C2) `x` is of bf16 if and only if `weight` is; an f16 weight meets f32.

    Encodings of `x` and `weight` are layouts, free of meaning.

    Example:

    ```mlir
    %g = moe.grouped_linear %xs, %w1, %plan
        : tensor<?x4096xbf16>, tensor<8x14336x4096xbf16>, !moe.plan<8, 2>
        -> tensor<?x14336xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32, BF16]>:$x,
                       3DTensorOf<[F32, F16, BF16]>:$weight,
                       MoE_PlanType:$plan,
                       Optional<2DTensorOf<[F32, F16, BF16]>>:$bias);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = [{
    $x `,` $weight `,` $plan (`bias` $bias^ `:` type($bias))? attr-dict
    `:` type($x) `,` type($weight) `,` qualified(type($plan)) `->` type($y)
  }];
  let hasVerifier = 1;
}

def MoE_CombineOp : MoE_Op<"combine", [Pure]> {
  let summary = "Add up the weighted results of each token's experts";
  let description = [{
    `y[t, :] = sum_j weights[t, j] * rows[row(t * k + j), :]`, in the order of j:
    the better choice first.

    Constraints:
    - (C1) `rows` is [T * k, H], `weights` [T, k] with the plan's k, `y` [T, H].

    Example:

    ```mlir
    %y = moe.combine %ys, %weights, %plan
        : tensor<?x4096xf32>, tensor<?x2xf32>, !moe.plan<8, 2>
        -> tensor<?x4096xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$rows, 2DTensorOf<[F32]>:$weights,
                       MoE_PlanType:$plan);
  let results = (outs 2DTensorOf<[F32]>:$y);
  let assemblyFormat = [{
    $rows `,` $weights `,` $plan attr-dict
    `:` type($rows) `,` type($weights) `,` qualified(type($plan)) `->` type($y)
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_MOE_MOEOPS_TD
