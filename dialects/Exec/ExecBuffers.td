//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The operands of launches: operations that point to buffers.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_EXEC_EXECBUFFERS_TD
#define DIALECTS_EXEC_EXECBUFFERS_TD

include "dialects/Exec/ExecDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Exec_AllocOp : Exec_Op<"alloc", [HasParent<"ProgramOp">]> {
  let summary = "Reserve memory of a step";
  let description = [{
    `rows` rows of type `row`, at byte `offset` of the arena once planned. Static:
    nothing is allocated when the step runs.

    Constraints:
    - (C1) `row` is a static tensor type, or a scalar type for one element a row,
      of whole bytes.
    - (C2) `offset`, if given, is a multiple of 64 and not negative.

    Example:

    ```mlir
    %h = exec.alloc #exec.extent<2 * tokens + 0> of tensor<14336xbf16> at(4096)
    %plan = exec.alloc #exec.extent<4 * tokens + 9> of i32
    ```
  }];
  let arguments = (ins Exec_ExtentAttr:$rows, TypeAttr:$row,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs Exec_BufferType:$buffer);
  let assemblyFormat = [{
    qualified($rows) `of` $row (`at` `(` $offset^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes of one row.
    int64_t getRowBytes();
  }];
}

def Exec_WeightOp : Exec_Op<"weight", [Pure, Exec_NamesResults, HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Point to a stored tensor";
  let description = [{
    The buffer is where the artifact's tensor is mapped; it is never written.

    Constraints:
    - (C1) `tensor` names an `exec.tensor`.

    Example:

    ```mlir
    %w = exec.weight @lm_head.panels
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$tensor);
  let results = (outs Exec_BufferType:$buffer);
  let assemblyFormat = "$tensor attr-dict";
}

def Exec_InputOp : Exec_Op<"input", [Pure, Exec_NamesResults,
    HasParent<"ProgramOp">]> {
  let summary = "Point to what the runtime brings to the step";
  let description = [{
    `tokens` is [T] and `rows` [R], both i32; `batch` is a moert_batch of
    `runtime/abi/Kernel.h`. Never written.

    Example:

    ```mlir
    %tokens = exec.input tokens
    ```
  }];
  let arguments = (ins Exec_InputAttr:$kind);
  let results = (outs Exec_BufferType:$buffer);
  let assemblyFormat = "$kind attr-dict";
}

def Exec_CacheOp : Exec_Op<"cache", [Pure, Exec_NamesResults,
    HasParent<"ProgramOp">]> {
  let summary = "Point to the cached keys and values of a layer";
  let description = [{
    The pages of one layer, read and written in place.

    Constraints:
    - (C1) `layer` is not negative.

    Example:

    ```mlir
    %cache = exec.cache layer(3)
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$layer);
  let results = (outs Exec_BufferType:$buffer);
  let assemblyFormat = "`layer` `(` $layer `)` attr-dict";
}

def Exec_LogitsOp : Exec_Op<"logits", [Pure, Exec_NamesResults,
    HasParent<"ProgramOp">]> {
  let summary = "Point to the result of the step";
  let description = [{
    f32 [R, vocabulary], where the runtime reads it.

    Example:

    ```mlir
    %logits = exec.logits
    ```
  }];
  let results = (outs Exec_BufferType:$buffer);
  let assemblyFormat = "attr-dict";
}

def Exec_TopOp : Exec_Op<"top", [Pure, Exec_NamesResults,
    HasParent<"ProgramOp">]> {
  let summary = "Point to a result of a step for the best logits";
  let description = [{
    `logits` is f32 [R, k], `tokens` i32 [R, k], where the runtime reads them.

    Example:

    ```mlir
    %tokens = exec.top tokens
    ```
  }];
  let arguments = (ins Exec_TopAttr:$kind);
  let results = (outs Exec_BufferType:$buffer);
  let assemblyFormat = "$kind attr-dict";
}

#endif // DIALECTS_EXEC_EXECBUFFERS_TD
