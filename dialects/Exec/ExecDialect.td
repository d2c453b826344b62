//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The exec dialect, its types and attributes, and the base class of its
// operations.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_EXEC_EXECDIALECT_TD
#define DIALECTS_EXEC_EXECDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"

def Exec_Dialect : Dialect {
  let name = "exec";
  let summary = "Kernel launches on buffers: what an artifact holds";
  let description = [{
    A straight-line program per entry point and regime, which maps one-to-one
    onto the tables of an artifact (`runtime/abi/artifact.fbs`). A kernel is the
    *meaning* of one launch, a region of tensor operations; code generation
    turns the region into machine code. So a kernel that holds several
    operations, a fusion, needs no other form than one that holds one.

    ```mlir
    moe.parameter @lm_head : tensor<96x48xbf16>
    exec.tensor @lm_head.panels = @lm_head
        : tensor<96x48xbf16, #exec.panels<32, 8, 2>>
    exec.kernel @linear_96x48 {
    ^bb0(%x: tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>,
         %w: tensor<96x48xbf16, #exec.panels<32, 8, 2>>):
      %y = decoder.linear %x, %w
          : tensor<?x48xbf16, #exec.row_blocks<12, 256, 8>>,
            tensor<96x48xbf16, #exec.panels<32, 8, 2>> -> tensor<?x96xf32>
      exec.yield %y : tensor<?x96xf32>
    }
    exec.program @step regime("any") max_tokens(512) {
      %x = exec.alloc #exec.extent<1 * rows + 0> of tensor<48xbf16> at(0)
      %w = exec.weight @lm_head.panels
      %logits = exec.logits
      exec.launch @linear_96x48(%x, %w, %logits)
          rows(#exec.extent<1 * rows + 0>) tasks(#exec.extent<0 * tokens + 3>)
          grain(8) flops(#exec.extent<9216 * rows + 0>) weights(whole)
    }
    ```

    The attribute `exec.library` of a `decoder.linear` says that a library of the
    target multiplies it: it is in a group with nothing but a `decoder.add` of
    its result, or in none.
  }];
  let cppNamespace = "::moec::exec";
  let hasOperationAttrVerify = 1;
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class Exec_Op<string mnemonic, list<Trait> traits = []>
    : Op<Exec_Dialect, mnemonic, traits>;

/// Names its result in textual IR.
def Exec_NamesResults
    : DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

def Exec_Symbol : I32EnumAttr<"Symbol", "A size that a step brings", [
      I32EnumAttrCase<"Tokens", 0, "tokens">,
      I32EnumAttrCase<"Rows", 1, "rows">
    ]> {
  let cppNamespace = "::moec::exec";
  let genSpecializedAttr = 0;
}

def Exec_ExtentAttr : AttrDef<Exec_Dialect, "Extent"> {
  let mnemonic = "extent";
  let summary = "A size that is linear in a symbol of the step";
  let description = [{
    `scale * symbol + constant`, where the symbol is T (`tokens`) or R (`rows`,
    the tokens whose logits are wanted).

    Constraints:
    - (C1) `scale` and `constant` are not negative.
  }];
  let parameters = (ins "int64_t":$scale, EnumParameter<Exec_Symbol>:$symbol,
                        "int64_t":$constant);
  let assemblyFormat = [{
    `<` $scale `*` $symbol `+` $constant `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The value for `size` tokens or rows.
    int64_t evaluate(int64_t size) const {
      return getScale() * size + getConstant();
    }
  }];
}

def Exec_WeightUseAttr : I32EnumAttr<"WeightUse",
    "How much of its weights a launch reads", [
      I32EnumAttrCase<"Whole", 0, "whole">,
      I32EnumAttrCase<"Experts", 1, "experts">,
      I32EnumAttrCase<"Rows", 2, "rows">
    ]> {
  let cppNamespace = "::moec::exec";
}

def Exec_InputAttr : I32EnumAttr<"Input", "What the runtime brings to a step", [
      I32EnumAttrCase<"Tokens", 0, "tokens">,
      I32EnumAttrCase<"Rows", 1, "rows">,
      I32EnumAttrCase<"Batch", 2, "batch">
    ]> {
  let cppNamespace = "::moec::exec";
}

def Exec_TopAttr : I32EnumAttr<"Top", "A result of a step for the best logits", [
      I32EnumAttrCase<"Logits", 0, "logits">,
      I32EnumAttrCase<"Tokens", 1, "tokens">
    ]> {
  let cppNamespace = "::moec::exec";
}

def Exec_BlockAttr : AttrDef<Exec_Dialect, "Block"> {
  let mnemonic = "block";
  let summary = "How a GPU's blocks compute a kernel";
  let description = [{
    A block of `threads` threads computes `tasks` tasks together, in `shared`
    bytes of dynamic shared memory and `scratch` bytes of global memory for each
    thread; see `runtime/abi/GpuKernel.h`.

    Constraints:
    - (C1) `threads` is 1 to 1024, `tasks` is positive, and `shared` and
      `scratch` are not negative.
  }];
  let parameters = (ins "int64_t":$threads, "int64_t":$tasks,
                        "int64_t":$shared, "int64_t":$scratch);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Exec_SharedLayoutAttr : AttrDef<Exec_Dialect, "SharedLayout"> {
  let mnemonic = "shared_layout";
  let summary = "Where rows lie in the memory that a GPU's block shares";
  let description = [{
    From byte `at` of the block's dynamic shared memory on there are `rows` rows,
    `pitch` bytes apart. Of row r, the 16 bytes of chunk c are at place
    `c ^ (r % 2^bits) * 2^to` of the row: so lanes that are served at once, who
    want the same chunks of several rows, meet other banks. `name` is that of the
    layout, for reports; equal names have equal exchanges.

    Constraints:
    - (C1) `at` is not negative, `rows` and `pitch` are positive, and both bytes
      are multiples of 4.
    - (C2) `bits` and `to` are 0 to 8, and where `bits` is not 0, the chunks that
      are exchanged are of one row: `pitch` is a multiple of
      `16 * 2^(bits + to)`.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$at,
                        "int64_t":$rows, "int64_t":$pitch, "int64_t":$bits,
                        "int64_t":$to);
  let assemblyFormat =
      "`<` $name `,` struct($at, $rows, $pitch, $bits, $to) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The first byte behind the rows.
    int64_t end() const { return getAt() + getRows() * getPitch(); }
    /// The byte of shared memory at which byte `byte` of a row is.
    int64_t byteOf(int64_t row, int64_t byte) const {
      int64_t exchange = (row % (int64_t(1) << getBits())) << getTo();
      return getAt() + row * getPitch() + ((byte / 16 ^ exchange) * 16) +
             byte % 16;
    }
  }];
}

def Exec_Layouts
    : TypedArrayAttrBase<Exec_SharedLayoutAttr, "layouts of shared memory">;

def Exec_TensorMapAttr : AttrDef<Exec_Dialect, "TensorMap"> {
  let mnemonic = "tensor_map";
  let summary = "A tensor map by which a kernel reads an operand";
  let description = [{
    A kernel reads argument `operand` as boxes of `rows` rows of 128 bytes,
    swizzled; see `runtime/abi/GpuKernel.h`.

    Constraints:
    - (C1) `operand` is not negative, and `rows` is 1 to 256.
  }];
  let parameters = (ins "int64_t":$operand, "int64_t":$rows);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Exec_LibraryProductAttr : AttrDef<Exec_Dialect, "LibraryProduct"> {
  let mnemonic = "library_product";
  let summary = "A kernel that is a call of a library for matrix products";
  let description = [{
    The result is the product of argument `rows` with argument `weight`, both
    row-major with K contiguous, and argument `residual`, which is -1 where
    nothing is added. The library may use `workspace` bytes of memory.

    Constraints:
    - (C1) `rows`, `weight` and `workspace` are not negative, and `residual` is
      at least -1.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$weight,
                        "int64_t":$residual, "int64_t":$workspace);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Layouts: encodings of tensor types
//===----------------------------------------------------------------------===//

def Exec_PanelsAttr : AttrDef<Exec_Dialect, "Panels"> {
  let mnemonic = "panels";
  let summary = "Weights as panels of rows, ordered for the dot instruction";
  let description = [{
    A matrix [N, K] or a stack [E, N, K] stored as
    `[E][N / width][K / unit][width][unit]`. N is padded with zeros to a multiple
    of `width`, K to one of `depth`. A panel is contiguous over the whole K: one
    sequential stream for a single token.

    Constraints:
    - (C1) All are positive, and `unit` divides `depth`.
  }];
  let parameters = (ins "int64_t":$width, "int64_t":$depth, "int64_t":$unit);
  let assemblyFormat = "`<` $width `,` $depth `,` $unit `>`";
  let genVerifyDecl = 1;
}

def Exec_RowBlocksAttr : AttrDef<Exec_Dialect, "RowBlocks"> {
  let mnemonic = "row_blocks";
  let summary = "Activations as blocks of rows, K-major inside a slab";
  let description = [{
    A group of m rows (all of them, or one expert's) is cut into
    `b = ceil(m / rows)` blocks as evenly as possible, the larger ones first, and
    K into slabs of `slab` (the last may be shorter). It is stored as
    `[slab][block][K of the slab / unit][rows of the block][unit]`, where unit
    elements fill 32 bits; one block needs no slabs. K is padded with zeros to a
    multiple of `depth`. A group takes exactly `m * padded K` elements.

    Constraints:
    - (C1) All are positive, and `depth` divides `slab`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$slab, "int64_t":$depth);
  let assemblyFormat = "`<` $rows `,` $slab `,` $depth `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Exec_BufferType : TypeDef<Exec_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "What an argument of a launch points to";
  let description = [{
    Memory of the step, of the artifact or of the runtime. Untyped: what it holds
    is the type that the launched kernel has for that argument.
  }];
}

#endif // DIALECTS_EXEC_EXECDIALECT_TD
