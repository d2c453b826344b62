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
include "passes/EntryPasses.td"

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
  let summary = "Make a version of each entry for few, more and many tokens";
  let description = [{
    The regimes are `decode`, `skinny` and `wide`: steps of at most the first
    border, at most the second, and at most `max-tokens`. With one border there
    are `decode` and `wide`, with none there is `wide`. Borders of `max-tokens` or
    more are dropped, and the last version is the one that holds them.

    All versions compute the same; later passes see in `moe.regime` and
    `moe.max_tokens` what they may assume. `@top`, if there is one, is split like
    `@step`.

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

def RequireFusionsPass : Pass<"moe-require-fusions"> {
  let summary = "Fail if a fusion was not made";
  let description = [{
    Changes nothing; runs on a function, or on a module for all of its functions
    together. Preconditions:

    1. Each fusion of `fusions` was made in one of the functions, and has an entry in
       `moe.not_fused` of none.

    Example:

    ```mlir
    func.func @step(...) attributes {moe.not_fused = [
        {count = 1 : i64, fusion = "gate-up", location = "layers.0",
         operation = "decoder.swiglu",
         reason = "gate and up read different activations"} ]}
    ```
  }];
  let options = [
    ListOption<"fusions", "fusions", "std::string", "Names of fusions">
  ];
}

include "passes/FusionPasses.td"

#endif // PASSES_PASSES_TD
