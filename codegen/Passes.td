//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The passes from meaning (moe, decoder) to execution (exec), in the order of
// the pipeline.
//
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_PASSES_TD
#define CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def X86PackMatrixOperandsPass
    : Pass<"x86-pack-matrix-operands", "::mlir::func::FuncOp"> {
  let summary = "Make matrix operations read the layouts of x86-64 kernels";
  let description = [{
    Inserts `exec.pack` before each `decoder.linear`, `moe.router` and
    `moe.grouped_linear`: its weight becomes `#exec.panels<32, depth, unit>` and
    its activation `#exec.row_blocks<12, 256, depth>`, grouped by the plan for a
    grouped product. `unit` is 2 for bf16, whose dot instruction eats pairs, and
    1 otherwise; `depth` is 8 or 4 to match. The layouts are those of every
    x86-64 target, so one artifact stores each weight once for all of them.

    An activation that several operations read is packed once. With `amx`,
    activations of bf16 products stay row-major, those of `moe.router` excepted:
    the kernels that multiply on AMX tiles pack rows themselves.

    Preconditions:
    1. The weight is a `moe.read_parameter`: packing happens at compile time.

    Operations that read packed operands already are left alone. Biases stay
    row-major.

    Before:

    ```mlir
    %wq = moe.read_parameter @wq : tensor<64x48xbf16>
    %q = decoder.linear %x, %wq
        : tensor<?x48xbf16>, tensor<64x48xbf16> -> tensor<?x64xf32>
    ```

    After:

    ```mlir
    %wq = moe.read_parameter @wq : tensor<64x48xbf16>
    %p = exec.pack %wq : tensor<64x48xbf16>
        -> tensor<64x48xbf16, #exec.panels<32, 8, 2>>
    %a = exec.pack %x : tensor<?x48xbf16>
        -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
    %q = decoder.linear %a, %p
        : tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>,
          tensor<64x48xbf16, #exec.panels<32, 8, 2>> -> tensor<?x64xf32>
    ```
  }];
  let dependentDialects = ["::moec::exec::ExecDialect"];
  let options = [Option<"amx", "amx", "bool", "false",
                        "Whether bf16 products are computed on AMX tiles">];
  let statistics = [
    Statistic<"numWeights", "packed-weights", "Weights packed">,
    Statistic<"numActivations", "packed-activations", "Activations packed">
  ];
}

def NvidiaChooseLibraryProductsPass
    : Pass<"nvidia-choose-library-products", "::mlir::func::FuncOp"> {
  let summary = "Say which products of many tokens cuBLASLt multiplies";
  let description = [{
    Marks each `decoder.linear` of a step of more than `few-tokens` tokens that
    cuBLASLt can and should multiply with `exec.library`. Fusions then leave it
    alone but for the residual, which cuBLASLt adds; `lower-to-exec` makes a call
    of the library of it.

    Not marked is a product

    1. in a step of at most `few-tokens` tokens (`moe.max_tokens`), which reads
       weights and computes little;
    2. of f16, whose activations are f32;
    3. whose rows, or those of its weight or result, are no multiples of 16 bytes;
    4. whose weight is computed;
    5. whose sums go on to `decoder.swiglu` or `decoder.part_top`, which a kernel of
       its own computes with the product, and writes less.

    Before:

    ```mlir
    module {
      moe.parameter @wq : tensor<64x48xbf16>
      func.func @wide(%x: tensor<?x48xbf16>) -> tensor<?x64xf32>
          attributes {moe.max_tokens = 512 : i64} {
        %wq = moe.read_parameter @wq : tensor<64x48xbf16>
        %q = decoder.linear %x, %wq
            : tensor<?x48xbf16>, tensor<64x48xbf16> -> tensor<?x64xf32>
        return %q : tensor<?x64xf32>
      }
    }
    ```

    After:

    ```mlir
    module {
      moe.parameter @wq : tensor<64x48xbf16>
      func.func @wide(%x: tensor<?x48xbf16>) -> tensor<?x64xf32>
          attributes {moe.max_tokens = 512 : i64} {
        %wq = moe.read_parameter @wq : tensor<64x48xbf16>
        %q = decoder.linear %x, %wq {exec.library}
            : tensor<?x48xbf16>, tensor<64x48xbf16> -> tensor<?x64xf32>
        return %q : tensor<?x64xf32>
      }
    }
    ```
  }];
  let options = [Option<"fewTokens", "few-tokens", "int64_t", "64",
                        "Steps of at most so many have kernels of their own">];
  let dependentDialects = ["::moec::exec::ExecDialect"];
  let statistics = [
    Statistic<"numProducts", "products", "Products that the library multiplies">
  ];
}

def LowerToExecPass : Pass<"lower-to-exec", "::mlir::ModuleOp"> {
  let summary = "Turn @step into kernels and a program of their launches";
  let description = [{
    Each `exec.group` of `@step`, and each operation in none, becomes an
    `exec.kernel` that holds a copy of it and an `exec.launch` in `exec.program
    @step`. `@top`, and each version that `moe-split-regimes` made, becomes a
    program of its own; they share kernels and weights. Values become buffers whose
    size follows from where their rows come from: T tokens, R rows of logits, or
    k rows for each token that was dispatched. `moe.read_parameter`, packed at
    compile time or not, becomes an `exec.tensor`. `@step` is erased.

    Kernels are shared by equal operations: same operation, attributes and types.
    The layer is no part of a kernel's meaning, because the runtime hands each
    launch the cache of its layer: inside a kernel the cache has one layer and
    `layer` is 0.

    The tasks, grain and costs of a launch come from the kernel builder's plan
    for `target`, as does whether a library computes it (`library`).

    The module's `moe.model` gets what the artifact says about the model, all of
    it read off the IR: vocabulary, hidden, layers, kv_heads, head_dim,
    cache_type, window, experts, experts_per_token, parameters and top_logits.

    Preconditions:
    1. `moe-verify-program` accepts the module.
    2. Operands that are read row by row together have as many rows, those that
       are read with the batch have T, and `decoder.select_rows` selects among T.
    3. The logits have R rows.
    4. There is a kernel builder for each operation, and it accepts the types.
    5. `max-tokens` is 1 to 65536, and `target` is known.

    Before:

    ```mlir
    moe.parameter @head : tensor<96x48xf32>
    func.func @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>, ...) {
      ...
      %w = moe.read_parameter @head : tensor<96x48xf32>
      %p = exec.pack %w : tensor<96x48xf32>
          -> tensor<96x48xf32, #exec.panels<32, 4, 1>>
      %y = decoder.linear %a, %p : ... -> tensor<?x96xf32>
      return %y, %cache_1 : tensor<?x96xf32>, !decoder.kv_cache<2, 1, 16, f32>
    }
    ```

    After:

    ```mlir
    moe.parameter @head : tensor<96x48xf32>
    exec.tensor @head.panels = @head : tensor<96x48xf32, #exec.panels<32, 4, 1>>
    exec.kernel @linear_96x48_f32 {
    ^bb0(%x: tensor<?x48xf32, #exec.row_blocks<12, 256, 4>>,
         %w: tensor<96x48xf32, #exec.panels<32, 4, 1>>):
      %y = decoder.linear %x, %w : ... -> tensor<?x96xf32>
      exec.yield %y : tensor<?x96xf32>
    }
    exec.program @step regime("any") max_tokens(512) {
      ...
      %p = exec.weight @head.panels
      %y = exec.logits
      exec.launch @linear_96x48_f32(%a, %p, %y)
          rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<0 * rows + 3>)
          grain(1) flops(#exec.extent<9216 * rows + 0>) weights(whole)
    }
    ```
  }];
  let options = [
    Option<"maxTokens", "max-tokens", "int64_t", "512",
           "Tokens that a step may have, 1 to 65536">,
    Option<"targetName", "target", "std::string", "\"host\"",
           "The machine that kernels are planned for">,
    Option<"batchInvariant", "batch-invariant", "bool", "false",
           "A row's bits must not depend on the other rows of its step">
  ];
  let dependentDialects = ["::moec::exec::ExecDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels made">,
    Statistic<"numLaunches", "launches", "Launches made">
  ];
}

def PlanMemoryPass : Pass<"plan-memory", "::moec::exec::ProgramOp"> {
  let summary = "Give each buffer of a program its place in the arena";
  let description = [{
    A buffer lives from the first launch that uses it to the last. Buffers that
    never live at the same time may share memory. Largest first, each goes to
    the smallest gap that fits between the buffers placed before it, or behind
    the last of them. Offsets are multiples of 64 bytes. Sizes are those of a
    step of `max_tokens` tokens that wants the logits of all of them.

    A buffer that no launch uses is erased.

    Preconditions:
    1. No buffer takes 2^40 bytes or more at `max_tokens`.

    Before:

    ```mlir
    exec.program @step regime("any") max_tokens(512) {
      %a = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32>
      exec.launch @add_48(%a, %a, %a) rows(#exec.extent<1 * tokens + 0>)
          tasks(#exec.extent<1 * tokens + 0>)
          grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    }
    ```

    After:

    ```mlir
    exec.program @step regime("any") max_tokens(512) arena(98304) {
      %a = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32> at(0)
      exec.launch @add_48(%a, %a, %a) rows(#exec.extent<1 * tokens + 0>)
          tasks(#exec.extent<1 * tokens + 0>)
          grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    }
    ```

    Source: greedy by size, Pisarchyk and Lee, arXiv 2001.03288.
  }];
  let statistics = [
    Statistic<"arenaBytes", "arena-bytes", "Bytes of the arena">,
    Statistic<"bufferBytes", "buffer-bytes", "Bytes of all buffers">
  ];
}

def VerifyMemoryPlanPass
    : Pass<"verify-memory-plan", "::moec::exec::ProgramOp"> {
  let summary = "Check that no two live buffers overlap";
  let description = [{
    Reports the first of these that is violated; changes nothing.

    1. The program has an arena and each buffer an offset.
    2. Buffers end inside the arena.
    3. Buffers that live at the same time do not overlap.

    Example:

    ```mlir
    exec.program @step regime("any") max_tokens(512) arena(98304) {
      %a = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32> at(0)
      exec.launch @add_48(%a, %a, %a) rows(#exec.extent<1 * tokens + 0>)
          tasks(#exec.extent<1 * tokens + 0>)
          grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    }
    ```
  }];
}

#endif // CODEGEN_PASSES_TD
