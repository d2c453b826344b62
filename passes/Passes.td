//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The passes that are valid for every target, in the order of the pipeline.
//
//===----------------------------------------------------------------------===//

#ifndef PASSES_PASSES_TD
#define PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyProgramPass : Pass<"moe-verify-program", "::mlir::ModuleOp"> {
  let summary = "Check that a module is a whole model that can be compiled";
  let description = [{
    The contract between import, or a hand-written model, and code generation.
    Reports the first clause that is violated, by its name; changes nothing.

    - *model*: the module has a dictionary `moe.model` of `max_positions` (i64,
      1 to 2^31 - 1) and, if wanted, `architecture` (string), `window` (i64, the
      window of every attention, 0 for none), `bos` (i64, -1 for none), `eos`
      (array of i64) and `tokenizer` (string), and of nothing else. Token numbers
      are in the vocabulary V.
    - *module*: the module holds `moe.parameter` and one function, `@step`.
    - *signature*: `@step` is `(tensor<?xi32>, tensor<?xi32>, !decoder.batch,
      !decoder.kv_cache<...>) -> (tensor<?xVxf32>, !decoder.kv_cache<...>)`, of
      tokens, rows, batch and cache, and of one block.
    - *operations*: all are of `moe` and `decoder`, but for `exec.pack` and
      `func.return`.
    - *inputs*: `decoder.embed` alone reads the tokens, `decoder.select_rows`
      alone the rows, because the runtime checks the range of each.
    - *cache*: each operation takes the newest cache, and so does the return.
      Each layer is appended to once, and attended to after that only.

    Example:

    ```mlir
    module attributes {moe.model = {max_positions = 64}} {
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
        %a = decoder.attention %x, %cache_0, %batch layer(0) scale(1.0)
            : tensor<?x32xf32>, !decoder.kv_cache<1, 1, 32, f32>
            -> tensor<?x32xf32>
        %last = decoder.select_rows %a, %rows
            : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
        %logits = decoder.linear %last, %table
            : tensor<?x32xf32>, tensor<96x32xf32> -> tensor<?x96xf32>
        return %logits, %cache_0
            : tensor<?x96xf32>, !decoder.kv_cache<1, 1, 32, f32>
      }
    }
    ```
  }];
}

def SplitRegimesPass : Pass<"moe-split-regimes", "::mlir::ModuleOp"> {
  let summary = "Make a version of @step for few, more and many tokens";
  let description = [{
    The regimes are `decode`, `skinny` and `wide`: steps of at most the first
    border, at most the second, and at most `max-tokens`. With one border there
    are `decode` and `wide`, with none there is `wide`. Borders of `max-tokens` or
    more are dropped, and the last version is the one that holds them.

    All versions compute the same; later passes see in `moe.regime` and
    `moe.max_tokens` what they may assume.

    Preconditions:
    1. `moe-verify-program` accepts the module.
    2. There are at most two borders, positive and ascending.

    Before:

    ```mlir
    func.func @step(%tokens: tensor<?xi32>, ...) { ... }
    ```

    After, for the borders 8 and 64 and at most 512 tokens:

    ```mlir
    func.func @step.decode(%tokens: tensor<?xi32>, ...)
        attributes {moe.max_tokens = 8 : i64, moe.regime = "decode"} { ... }
    func.func @step.skinny(%tokens: tensor<?xi32>, ...)
        attributes {moe.max_tokens = 64 : i64, moe.regime = "skinny"} { ... }
    func.func @step.wide(%tokens: tensor<?xi32>, ...)
        attributes {moe.max_tokens = 512 : i64, moe.regime = "wide"} { ... }
    ```
  }];
  let options = [
    ListOption<"borders", "borders", "int64_t",
               "The most tokens of all regimes but the last">,
    Option<"maxTokens", "max-tokens", "int64_t", "512",
           "The most tokens of the last regime">
  ];
  let statistics = [
    Statistic<"numVersions", "versions", "Versions of @step">
  ];
  let dependentDialects = ["::moec::moe::MoEDialect"];
}

/// A pass that makes exec.groups of one fusion.
class FusionPass<string name> : Pass<name, "::mlir::func::FuncOp"> {
  let options = [
    Option<"bytesPerSecond", "bytes-per-second", "double", "2e10",
           "Memory traffic of the machine">,
    Option<"flopsPerSecond", "flops-per-second", "double", "1e12",
           "Matrix arithmetic of the machine">,
    Option<"launchSeconds", "launch-seconds", "double", "2e-6",
           "What a launch costs">,
    Option<"onChipBytes", "on-chip-bytes", "int64_t", "1 << 20",
           "What a kernel can keep without writing it to memory">
  ];
  let statistics = [Statistic<"numGroups", "groups", "Groups made">];
  let dependentDialects = ["::moec::exec::ExecDialect"];
}

def FuseRouterPass : FusionPass<"moe-fuse-router"> {
  let summary = "Route in one kernel: norm, scores, choice and plan";
  let description = [{
    The group `router`: `moe.router`, `moe.top_k` and `moe.dispatch`, and the
    `decoder.rms_norm` before them, if it is one. Normalized rows, weights and
    plan leave the group; logits and expert numbers do not.

    Not fused if another operation reads the logits or the expert numbers, or if
    the normalized rows are read before the plan can be made.

    Before:

    ```mlir
    %n = decoder.rms_norm %x, %norm ...
    %logits = moe.router %n, %gate ...
    %experts, %weights = moe.top_k %logits k(2) ...
    %plan = moe.dispatch %experts ...
    ```

    After:

    ```mlir
    %n, %weights, %plan = exec.group "router"(%x, %norm, %gate) ... {
    ^bb0(%a: tensor<?x48xf32>, %b: tensor<48xf32>, %c: tensor<8x48xf32>):
      ...
      exec.yield %n, %weights, %plan ...
    }
    ```
  }];
}

def FuseGateUpPass : FusionPass<"moe-fuse-gate-up"> {
  let summary = "Compute gate, up and SwiGLU of the experts in one kernel";
  let description = [{
    The group `gate-up`: two products of the same rows, `decoder.linear` or
    `moe.grouped_linear`, and the `decoder.swiglu` of them. A `moe.permute` whose
    rows only they read becomes part of how the kernel loads rows.

    Not fused if gate and up are no products of one kind, have a bias, read
    different rows, or are read by another operation.

    Before:

    ```mlir
    %rows = moe.permute %x, %plan ...
    %g = moe.grouped_linear %rows, %w1, %plan ...
    %u = moe.grouped_linear %rows, %w3, %plan ...
    %h = decoder.swiglu %g, %u ...
    ```

    After:

    ```mlir
    %h = exec.group "gate-up"(%x, %plan, %w1, %w3) ... {
      ...
      exec.yield %h ...
    }
    ```
  }];
}

def FuseDownCombinePass : FusionPass<"moe-fuse-down-combine"> {
  let summary = "Weigh and add up the experts in the kernel of their product";
  let description = [{
    The group `down-combine`: `moe.grouped_linear`, the `moe.combine` of its rows,
    and the residual `decoder.add` if it alone reads the sums.

    Not fused if the rows come from elsewhere or are read elsewhere, or if the
    rows of a step, 32 columns at a time, do not fit on chip.

    Before:

    ```mlir
    %rows = moe.grouped_linear %h, %w2, %plan ...
    %y = moe.combine %rows, %weights, %plan ...
    %z = decoder.add %x, %y ...
    ```

    After:

    ```mlir
    %z = exec.group "down-combine"(%h, %w2, %plan, %weights, %x) ... {
      ...
      exec.yield %z ...
    }
    ```
  }];
}

def FuseOutputResidualPass : FusionPass<"moe-fuse-output-residual"> {
  let summary = "Add the residual in the kernel of the product before it";
  let description = [{
    The group `output-residual`: a `decoder.linear` and the `decoder.add` of its
    result. It is the projection after attention, and that of a dense model after
    SwiGLU.

    Not fused if another operation, or the add twice, reads the product.

    Before:

    ```mlir
    %o = decoder.linear %a, %w ...
    %y = decoder.add %x, %o ...
    ```

    After:

    ```mlir
    %y = exec.group "output-residual"(%a, %w, %x) ... {
      ...
      exec.yield %y ...
    }
    ```
  }];
}

def FuseQKVPass : FusionPass<"moe-fuse-qkv"> {
  let summary = "Compute all products of the same activations in one kernel";
  let description = [{
    The group `qkv`: every `decoder.linear` of one value, as those that make
    queries, keys and values. The activations are packed and read once.

    Not fused if a result is read before all products can run.

    Before:

    ```mlir
    %q = decoder.linear %n, %wq ...
    %k = decoder.linear %n, %wk ...
    %v = decoder.linear %n, %wv ...
    ```

    After:

    ```mlir
    %q, %k, %v = exec.group "qkv"(%n, %wq, %wk, %wv) ... {
      ...
      exec.yield %q, %k, %v ...
    }
    ```
  }];
}

def FuseRopeAppendPass : FusionPass<"moe-fuse-rope-append"> {
  let summary = "Rotate queries and keys in the kernel that appends";
  let description = [{
    The group `rope-append`: `decoder.append_kv`, the `decoder.rope` of its keys,
    and that of the queries of the `decoder.attention` after it. Rotated queries
    and the cache leave the group.

    Not fused if keys or queries are not rotated, or if another operation reads the
    rotated keys.

    Before:

    ```mlir
    %qr = decoder.rope %q, %batch ...
    %kr = decoder.rope %k, %batch ...
    %cache_0 = decoder.append_kv %cache, %kr, %v, %batch layer(0) ...
    ```

    After:

    ```mlir
    %qr, %cache_0 = exec.group "rope-append"(%q, %batch, %k, %cache, %v) ... {
      ...
      exec.yield %qr, %cache_0 ...
    }
    ```
  }];
}

def FuseResidualNormPass : FusionPass<"moe-fuse-residual-norm"> {
  let summary = "Normalize the sum in the kernel of the residual add";
  let description = [{
    The group `residual-norm`: a `decoder.add` and the `decoder.rms_norm` of its
    sum. Both results leave the group.

    Not fused if the sum is read before the norm can run, or if one of the two is
    part of another group.

    Before:

    ```mlir
    %y = decoder.add %x, %delta ...
    %n = decoder.rms_norm %y, %norm ...
    ```

    After:

    ```mlir
    %y, %n = exec.group "residual-norm"(%x, %delta, %norm) ... {
      ...
      exec.yield %y, %n ...
    }
    ```
  }];
}

def RequireFusionsPass : Pass<"moe-require-fusions", "::mlir::func::FuncOp"> {
  let summary = "Fail if a fusion was not made";
  let description = [{
    Changes nothing. Preconditions:

    1. Each fusion of `fusions` has a group in the function, and no entry in
       `moe.not_fused`.

    Example:

    ```mlir
    func.func @step(...) attributes {moe.not_fused = [
        {fusion = "gate-up", reason = "gate and up read different activations"} ]}
    ```
  }];
  let options = [
    ListOption<"fusions", "fusions", "std::string", "Names of fusions">
  ];
}

#endif // PASSES_PASSES_TD
