//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The fusions, in the order of the pipeline.
//
//===----------------------------------------------------------------------===//

#ifndef PASSES_FUSIONPASSES_TD
#define PASSES_FUSIONPASSES_TD

include "mlir/Pass/PassBase.td"

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

    Not fused if the rows come from elsewhere or are read elsewhere. If the rows
    of a step, 32 columns at a time, do not fit on chip, they go through memory
    and the group saves a launch alone: then it is not made where launches cost
    nothing.

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

def FuseQKVCachePass : FusionPass<"moe-fuse-qkv-cache"> {
  let summary = "Rotate and append in the kernel that projects";
  let description = [{
    The group `qkv-cache`: the three `decoder.linear` of the same activations whose
    results are queries, keys and values, the `decoder.rope` of queries and keys,
    and `decoder.append_kv`, in groups or not. Rotated queries and the cache leave
    the group; sums stay in it.

    Not fused if queries, keys and values are not three products of the same
    activations, if keys or queries are not rotated, or if another operation reads
    what stays inside.

    Before:

    ```mlir
    %q, %k, %v = exec.group "qkv"(%n, %wq, %wk, %wv) ...
    %qr, %cache_0 = exec.group "rope-append"(%q, %batch, %k, %cache, %v) ...
    ```

    After:

    ```mlir
    %qr, %cache_0 = exec.group "qkv-cache"(%n, %wq, %wk, %wv, %batch, %cache) ... {
      ...
      exec.yield %qr, %cache_0 ...
    }
    ```
  }];
}

def FuseNormProductsPass : FusionPass<"moe-fuse-norm-products"> {
  let summary = "Normalize in the kernel of the products that read the rows";
  let description = [{
    The group `norm-products`: a `decoder.rms_norm` and the group of `decoder.linear`
    that alone reads its rows. The kernel normalizes all rows, then multiplies; the
    rows go through memory, so they leave the group, though nobody else reads them.

    Not fused if the normalized rows have another reader, or if those of a step do
    not fit on chip. Rows that one product in no group reads, as those of the head,
    are none that this is meant for.

    Before:

    ```mlir
    %n = decoder.rms_norm %x, %norm ...
    %qr, %cache_0 = exec.group "qkv-cache"(%n, %wq, ...) ...
    ```

    After:

    ```mlir
    %n, %qr, %cache_0 = exec.group "norm-products"(%x, %norm, %wq, ...) ... {
      ...
      exec.yield %n, %qr, %cache_0 ...
    }
    ```
  }];
}

def FuseRoutedGateUpPass : FusionPass<"moe-fuse-routed-gate-up"> {
  let summary = "Choose experts in the kernel that computes their first half";
  let description = [{
    The group `routed-gate-up`: the groups `router` and `gate-up` of one plan. The
    kernel routes all tokens, then multiplies; normalized rows, weights and plan go
    through memory, so they leave the group.

    Not fused if one of the two groups was not made, or if what goes between them
    does not fit on chip.

    Before:

    ```mlir
    %n, %weights, %plan = exec.group "router"(%x, %norm, %gate) ...
    %h = exec.group "gate-up"(%n, %plan, %w1, %w3) ...
    ```

    After:

    ```mlir
    %n, %weights, %plan, %h = exec.group "routed-gate-up"(%x, %norm, ...) ... {
      ...
      exec.yield %n, %weights, %plan, %h ...
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

def FuseHeadTopPass : FusionPass<"moe-fuse-head-top"> {
  let summary = "Keep the best logits in the kernel of their product";
  let description = [{
    The group `head-top`: a `decoder.linear` and the `decoder.part_top` of its
    logits, which never are in memory as a whole.

    Not fused if the logits are no product's or are read elsewhere, or if a part of
    them, for all rows of a step, does not fit on chip.

    Before:

    ```mlir
    %logits = decoder.linear %x, %head ...
    %top, %tokens = decoder.part_top %logits k(8) part(256) ...
    ```

    After:

    ```mlir
    %top, %tokens = exec.group "head-top"(%x, %head) ... {
      ...
      exec.yield %top, %tokens ...
    }
    ```
  }];
}

#endif // PASSES_FUSIONPASSES_TD
