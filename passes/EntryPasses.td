//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The passes that add entry points to a model; part of Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef PASSES_ENTRYPASSES_TD
#define PASSES_ENTRYPASSES_TD

include "mlir/Pass/PassBase.td"

def AddTopEntryPass : Pass<"moe-add-top-entry", "::mlir::ModuleOp"> {
  let summary = "Add @top, a step that gives the best logits alone";
  let description = [{
    `@top` takes what `@step` takes, and gives the `k` best logits of each row and
    their tokens in place of all logits: what greedy decoding and sampling among
    few tokens need. `k` is cut to the vocabulary. The logits are cut into parts,
    whose best are merged, so that parts can be computed at once.

    Preconditions:
    1. `moe-verify-program` accepts the module.
    2. `k` and `part` are positive.

    Before:

    ```mlir
    func.func @step(%tokens: tensor<?xi32>, ...) {
      ...
      return %logits, %cache_1 : tensor<?x600xf32>, ...
    }
    ```

    After, besides `@step`:

    ```mlir
    func.func @top(%tokens: tensor<?xi32>, ...) {
      ...
      %p, %q = decoder.part_top %logits k(8) part(256)
          : tensor<?x600xf32> -> tensor<?x24xf32>, tensor<?x24xi32>
      %t, %i = decoder.merge_top %p, %q k(8)
          : tensor<?x24xf32>, tensor<?x24xi32> -> tensor<?x8xf32>, tensor<?x8xi32>
      return %t, %i, %cache_1 : tensor<?x8xf32>, tensor<?x8xi32>, ...
    }
    ```
  }];
  let options = [
    Option<"k", "k", "int64_t", "1", "The logits that are kept of a row">,
    Option<"part", "part", "int64_t", "256", "The columns of a part">
  ];
  let dependentDialects = ["::moec::decoder::DecoderDialect"];
}

#endif // PASSES_ENTRYPASSES_TD
