//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The decoder dialect, its types, and the base class of its operations.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_DECODER_DECODERDIALECT_TD
#define DIALECTS_DECODER_DECODERDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Decoder_Dialect : Dialect {
  let name = "decoder";
  let summary = "What surrounds the sparse layers of a language model";
  let description = [{
    Embedding, normalization, dense linear layers, rotary positions, attention
    over a cache of keys and values. Values are tensors with a dynamic token
    dimension T: a *step* computes any mix of prompt chunks and single tokens of
    several sequences, and `!decoder.batch` says where each token stands.

    A model is a function

    ```mlir
    func.func private @step(%tokens: tensor<?xi32>, %rows: tensor<?xi32>,
                            %batch: !decoder.batch,
                            %cache: !decoder.kv_cache<32, 8, 128, bf16>)
        -> (tensor<?x32000xf32>, !decoder.kv_cache<32, 8, 128, bf16>)
    ```

    whose results are the logits of the tokens that `rows` lists and the cache
    after the step.
  }];
  let cppNamespace = "::moec::decoder";
  let useDefaultTypePrinterParser = 1;
}

class Decoder_Op<string mnemonic, list<Trait> traits = []>
    : Op<Decoder_Dialect, mnemonic, !listconcat([Pure], traits)>;

def Decoder_BatchType : TypeDef<Decoder_Dialect, "Batch"> {
  let mnemonic = "batch";
  let summary = "The sequence and the position of each token of a step";
  let description = [{
    Tokens of one sequence are in ascending, contiguous position; a token sees
    the cached positions of its own sequence up to its own.
  }];
}

def Decoder_KVCacheType : TypeDef<Decoder_Dialect, "KVCache"> {
  let mnemonic = "kv_cache";
  let summary = "Keys and values of all layers and all earlier positions";
  let description = [{
    The state of a step, threaded through it as a value. How it is paged is the
    runtime's business.

    Constraints:
    - (C1) `layers`, `heads` and `head_dim` are positive and below 2^31;
      `element` is f32, f16 or bf16.
  }];
  let parameters = (ins "int64_t":$layers, "int64_t":$heads,
                        "int64_t":$headDim, "::mlir::Type":$element);
  let assemblyFormat = [{
    `<` $layers `,` $heads `,` $headDim `,` $element `>`
  }];
  let genVerifyDecl = 1;
}

#endif // DIALECTS_DECODER_DECODERDIALECT_TD
