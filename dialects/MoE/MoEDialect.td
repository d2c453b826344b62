//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The MoE dialect, its types and attributes, and the base class of its
// operations.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_MOE_MOEDIALECT_TD
#define DIALECTS_MOE_MOEDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def MoE_Dialect : Dialect {
  let name = "moe";
  let summary = "Sparse mixture-of-experts layers on tensors";
  let description = [{
    States *what* a sparse layer computes: which experts a token uses and how
    their results combine. Values are tensors with a dynamic token dimension;
    nothing here names a buffer, a thread or a target. The decomposition is
    the one in which every published fusion is a local rewrite:

    ```mlir
    %logits = moe.router %x, %gate
        : tensor<?x4096xbf16>, tensor<8x4096xbf16> -> tensor<?x8xf32>
    %experts, %weights = moe.top_k %logits k(2) score(softmax) renormalize
        : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
    %plan = moe.dispatch %experts : tensor<?x2xi32> -> !moe.plan<8, 2>
    %xs = moe.permute %x, %plan
        : tensor<?x4096xbf16>, !moe.plan<8, 2> -> tensor<?x4096xbf16>
    %g = moe.grouped_linear %xs, %w1, %plan
        : tensor<?x4096xbf16>, tensor<8x14336x4096xbf16>, !moe.plan<8, 2>
        -> tensor<?x14336xf32>
    %u = moe.grouped_linear %xs, %w3, %plan
        : tensor<?x4096xbf16>, tensor<8x14336x4096xbf16>, !moe.plan<8, 2>
        -> tensor<?x14336xf32>
    %h = decoder.swiglu %g, %u : tensor<?x14336xf32> -> tensor<?x14336xbf16>
    %ys = moe.grouped_linear %h, %w2, %plan
        : tensor<?x14336xbf16>, tensor<8x4096x14336xbf16>, !moe.plan<8, 2>
        -> tensor<?x4096xf32>
    %y = moe.combine %ys, %weights, %plan
        : tensor<?x4096xf32>, tensor<?x2xf32>, !moe.plan<8, 2>
        -> tensor<?x4096xf32>
    ```

    Letters: T tokens, H hidden size, I expert inner size, E experts, k experts
    per token.
  }];
  let cppNamespace = "::moec::moe";
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class MoE_Op<string mnemonic, list<Trait> traits = []>
    : Op<MoE_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def MoE_PlanType : TypeDef<MoE_Dialect, "Plan"> {
  let mnemonic = "plan";
  let summary = "The rows of a batch, grouped by expert";
  let description = [{
    A *slot* is one choice of one token: slot t * k + j is the j-th choice of
    token t. A plan is a permutation of the T * k slots in which the slots of
    each expert are contiguous (a *row* is a position in it), with the offset
    at which each expert's rows begin. Within an expert, rows are in ascending
    slot order. An expert may have no row.

    Constraints:
    - (C1) `0 < choices <= experts < 2^31`.
  }];
  let parameters = (ins "int64_t":$experts, "int64_t":$choices);
  let assemblyFormat = "`<` $experts `,` $choices `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def MoE_ScoreFunctionAttr : I32EnumAttr<"ScoreFunction",
    "How the logits of the chosen experts become weights", [
      I32EnumAttrCase<"Softmax", 0, "softmax">,
      I32EnumAttrCase<"Sigmoid", 1, "sigmoid">
    ]> {
  let cppNamespace = "::moec::moe";
}

def MoE_BytesAttr : AttrDef<MoE_Dialect, "Bytes"> {
  let mnemonic = "bytes";
  let summary = "A range of bytes of a file that holds weights";
  let description = [{
    `file` is relative to the checkpoint folder; `offset` and `length` are in
    bytes from the start of the file.

    Constraints:
    - (C1) `file` is a relative path that stays inside the folder.
    - (C2) `offset` is not negative and `length` is positive.
  }];
  let parameters = (ins "::mlir::StringAttr":$file, "int64_t":$offset,
                        "int64_t":$length);
  let assemblyFormat = "`<` $file `,` $offset `,` $length `>`";
  let genVerifyDecl = 1;
}

#endif // DIALECTS_MOE_MOEDIALECT_TD
