//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The whole decoder dialect; the unit that mlir-tblgen and mlir-doc read.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_DECODER_DECODER_TD
#define DIALECTS_DECODER_DECODER_TD

include "dialects/Decoder/DecoderDialect.td"
include "dialects/Decoder/DecoderOps.td"

#endif // DIALECTS_DECODER_DECODER_TD
