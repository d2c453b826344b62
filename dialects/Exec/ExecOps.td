//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The operations of the exec dialect.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_EXEC_EXECOPS_TD
#define DIALECTS_EXEC_EXECOPS_TD

include "dialects/Exec/ExecDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Layout and fusion
//===----------------------------------------------------------------------===//

def Exec_PackOp : Exec_Op<"pack", [Pure]> {
  let summary = "Store a tensor in the layout that a matrix kernel reads";
  let description = [{
    The same elements in the layout that the result's encoding names. Activations
    become `row_blocks`, for grouped rows one group per expert of `plan`; weights
    become `panels`, at compile time.

    Constraints:
    - (C1) `source` has no encoding; `packed` has the same shape and element type
      and the encoding `#exec.row_blocks` or `#exec.panels`.
    - (C2) `plan` is a `!moe.plan` and comes with `row_blocks` only.
    - (C3) `row_blocks` hold a matrix [T, K] with static K; `panels` a static
      matrix [N, K] or stack [E, N, K].

    Example:

    ```mlir
    %p = exec.pack %x : tensor<?x48xbf16>
        -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
    %q = exec.pack %xs groups(%plan : !moe.plan<8, 2>) : tensor<?x48xbf16>
        -> tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, Optional<AnyType>:$plan);
  let results = (outs AnyRankedTensor:$packed);
  let assemblyFormat = [{
    $source (`groups` `(` $plan^ `:` type($plan) `)`)? attr-dict
    `:` type($source) `->` type($packed)
  }];
  let hasVerifier = 1;
}

def Exec_GroupOp : Exec_Op<"group", [Pure, IsolatedFromAbove,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Say which operations of a step one launch computes";
  let description = [{
    A fusion: the operations of the region become one kernel. The operands are
    bound to the region's arguments in order, the results are what it yields.
    `name` is that of the fusion. An operation outside of a group is a launch of
    its own.

    Constraints:
    - (C1) `name` is not empty, and the region holds at least one operation
      besides `exec.yield`; all are of `moe`, `decoder` or `exec`, and none is a
      group.
    - (C2) The region's arguments have the types of the operands, and the yielded
      values those of the results.
    - (C3) Each yielded value is the result of an operation of the region.

    Example:

    ```mlir
    %s = exec.group "gate-up"(%x, %w1, %w3)
        : (tensor<?x48xf32>, tensor<96x48xf32>, tensor<96x48xf32>)
        -> tensor<?x96xf32> {
    ^bb0(%a: tensor<?x48xf32>, %b: tensor<96x48xf32>, %c: tensor<96x48xf32>):
      %g = decoder.linear %a, %b
          : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
      %u = decoder.linear %a, %c
          : tensor<?x48xf32>, tensor<96x48xf32> -> tensor<?x96xf32>
      %h = decoder.swiglu %g, %u : tensor<?x96xf32> -> tensor<?x96xf32>
      exec.yield %h : tensor<?x96xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs) $body
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Symbols of a module
//===----------------------------------------------------------------------===//

def Exec_TensorOp : Exec_Op<"tensor", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Declare the stored form of a parameter";
  let description = [{
    One tensor of the artifact: a parameter in the layout of its type's encoding
    (row-major without one). A parameter may have several stored forms.

    Constraints:
    - (C1) `parameter` names a `moe.parameter` of the same shape and element
      type.
    - (C2) An encoding is `#exec.panels`.

    Example:

    ```mlir
    exec.tensor @lm_head.panels = @lm_head
        : tensor<96x48xbf16, #exec.panels<32, 8, 2>>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$parameter,
                       TypeAttr:$type);
  let assemblyFormat = "$sym_name `=` $parameter `:` $type attr-dict";
  let hasVerifier = 1;
}

def Exec_KernelOp : Exec_Op<"kernel", [Symbol, IsolatedFromAbove,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Say what one launch computes";
  let description = [{
    The region's arguments are what the launch reads and its yielded values what
    it writes, in the order of the launch's arguments. Layouts are encodings of
    the tensor types. `fusion` names the fusion whose group it was; `block`, the
    `layouts` of what it shares and `tensor_maps` are for GPUs; `library` says that
    a library computes it, not code of its own; `max_tokens` bounds the tokens of
    its steps; `method` tells people how it is computed, and why so.

    Constraints:
    - (C1) The region holds at least one operation besides `exec.yield`.
    - (C2) Arguments and yielded values are ranked tensors, `!decoder.batch`,
      `!decoder.kv_cache` of one layer, or `!moe.plan`: what
      `runtime/abi/Kernel.h` gives a representation.
    - (C3) `layouts` come with a `block`, in whose shared memory they end.
    - (C4) Tensor maps are of static tensors with rows of multiples of 16 bytes.
    - (C5) A kernel with `library` has one result, no `block`, and arguments that
      are matrices where `library` names them.

    Example:

    ```mlir
    exec.kernel @add_48 {
    ^bb0(%x: tensor<?x48xf32>, %delta: tensor<?x48xf32>):
      %y = decoder.add %x, %delta : tensor<?x48xf32>
      exec.yield %y : tensor<?x48xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$fusion,
      OptionalAttr<Exec_BlockAttr>:$block, OptionalAttr<Exec_Layouts>:$layouts,
      OptionalAttr<TypedArrayAttrBase<Exec_TensorMapAttr, "maps">>:$tensor_maps,
      OptionalAttr<Exec_LibraryProductAttr>:$library,
      OptionalAttr<StrAttr>:$method, OptionalAttr<I64Attr>:$max_tokens);
  let builders = [OpBuilder<(ins "llvm::StringRef":$name),
      "build($_builder, $_state, name, {}, {}, {}, {}, {}, {}, {});">];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat =
      "$sym_name (`fusion` `(` $fusion^ `)`)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Exec_YieldOp : Exec_Op<"yield",
    [Pure, Terminator, ReturnLike,
     ParentOneOf<["GroupOp", "KernelOp"]>]> {
  let summary = "Name the results of a kernel or a group";
  let description = [{
    The values are what a launch writes, in the order of its last arguments, or
    the results of the group.

    Example:

    ```mlir
    exec.yield %y : tensor<?x48xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let builders = [OpBuilder<(ins), [{ /* nothing to yield */ }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Exec_ProgramOp : Exec_Op<"program", [Symbol, IsolatedFromAbove, NoTerminator,
    SingleBlock, NoRegionArguments]> {
  let summary = "List the launches of one version of an entry point";
  let description = [{
    Runs for steps of at most `max_tokens` tokens; of several programs of one
    entry point, the one with the least `max_tokens` that suffices. `entry` is the
    entry point, by default the symbol's name. The launches run in order; a
    launch begins when the one before it is complete. `arena_bytes` is the memory
    of all buffers, once planned.

    Constraints:
    - (C1) `max_tokens` is positive.
    - (C2) `arena_bytes`, if given, is not negative.
    - (C3) The region holds operations that point to buffers (`exec.alloc`,
      `exec.weight`, `exec.input`, `exec.cache`, `exec.logits`, `exec.top`) and
      `exec.launch`.

    Example:

    ```mlir
    exec.program @step regime("any") max_tokens(512) arena(98304) {
      %x = exec.alloc #exec.extent<1 * tokens + 0> of tensor<48xf32> at(0)
      exec.launch @add_48(%x, %x, %x) rows(#exec.extent<1 * tokens + 0>)
          tasks(#exec.extent<1 * tokens + 0>)
          grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$entry,
                       StrAttr:$regime,
                       ConfinedAttr<I64Attr, [IntPositive]>:$max_tokens,
                       OptionalAttr<I64Attr>:$arena_bytes);
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    /// The entry point that this is a version of: "step".
    llvm::StringRef getEntryPoint() {
      return getEntry().value_or(getSymName());
    }
  }];
  let assemblyFormat = [{
    $sym_name (`entry` `(` $entry^ `)`)? `regime` `(` $regime `)` `max_tokens` `(` $max_tokens `)`
    (`arena` `(` $arena_bytes^ `)`)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

def Exec_LaunchOp : Exec_Op<"launch", [HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run a kernel over a range of tasks";
  let description = [{
    `arguments` are the kernel's operands, then its results. `rows` is the leading
    dimension of its first result (of its first operand where that has none),
    `tasks` the number of tasks, `grain` how many of them a thread should take at
    once. `flops` and `weights` say what the launch costs; they change nothing.

    Constraints:
    - (C1) `kernel` names an `exec.kernel` with as many operands and results as
      there are arguments.
    - (C2) `grain` is positive.
    - (C3) Each argument is a buffer of what the kernel has there: a weight of
      the same type, an `exec.alloc` of the same element type (i32 for a plan)
      and, without a layout, of the same row; an input or a cache of its kind;
      the logits as f32 [R, V], the best as f32 and their tokens as i32 [R, k].
    - (C4) Weights and inputs are read, never written.

    Example:

    ```mlir
    exec.launch @add_48(%x, %delta, %y) rows(#exec.extent<1 * tokens + 0>)
        tasks(#exec.extent<1 * tokens + 0>)
        grain(1) flops(#exec.extent<0 * tokens + 0>) weights(whole)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Variadic<Exec_BufferType>:$arguments,
                       Exec_ExtentAttr:$rows, Exec_ExtentAttr:$tasks,
                       ConfinedAttr<I64Attr, [IntPositive]>:$grain,
                       Exec_ExtentAttr:$flops, Exec_WeightUseAttr:$weights);
  let assemblyFormat = [{
    $kernel `(` $arguments `)` `rows` `(` qualified($rows) `)`
    `tasks` `(` qualified($tasks) `)` `grain` `(` $grain `)`
    `flops` `(` qualified($flops) `)` `weights` `(` $weights `)` attr-dict
  }];
}

#endif // DIALECTS_EXEC_EXECOPS_TD
