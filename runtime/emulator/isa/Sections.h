//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The sections of the table, one source file each.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_SECTIONS_H
#define RUNTIME_EMULATOR_ISA_SECTIONS_H

#include "runtime/emulator/isa/Table.h"

namespace emulator {

// Each is defined in the file of its name.
Section integerSection();           // 9.7.1
Section extendedPrecisionSection(); // 9.7.2
Section floatingPointSection();     // 9.7.3
Section halfSection();              // 9.7.4, 9.7.5
Section comparisonSection();        // 9.7.6, 9.7.7
Section logicSection();             // 9.7.8
Section moveSection();              // 9.7.9: mov, prmt, cvta, ...
Section memorySection();            // 9.7.9: ld, st, prefetch, ...
Section conversionSection();        // 9.7.9: cvt
Section controlSection();           // 9.7.12
Section barrierSection();           // 9.7.13: bar, barrier
Section collectiveSection();        // 9.7.9.6, 9.7.13: shfl, vote, redux, ...
Section fenceSection();             // 9.7.13, 9.7.19: fence, nanosleep, ...
Section atomicSection();            // 9.7.13: atom, red
Section asyncCopySection();         // 9.7.9.25.3: cp.async
Section bulkCopySection();          // 9.7.9.25.4: cp.async.bulk
Section tensorCopySection();        // 9.7.9.27: cp.async.bulk.tensor
Section tensorMapSection();         // 9.7.9.26, 9.7.13.15.18
Section remoteStoreSection();       // 9.7.9.12, 9.7.13.8: st.async, red.async
Section mbarrierSection();          // 9.7.13.15
Section matrixSection();            // 9.7.14: mma
Section matrixFragmentSection();    // 9.7.14: wmma
Section matrixMoveSection();        // 9.7.14: ldmatrix, stmatrix, movmatrix
Section warpgroupMatrixSection();   // 9.7.15: wgmma
Section stackSection();             // 9.7.17

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_SECTIONS_H
