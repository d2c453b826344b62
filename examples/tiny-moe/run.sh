#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds moec, compiles tiny-moe.mlir with random weights and prints the tokens
# that it makes of three. The tokens go to stdout, everything else to stderr.
#
# usage: examples/tiny-moe/run.sh [SEED]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seed=${1:-1}

examples/build.sh moec moert
build/bin/moec compile examples/tiny-moe/tiny-moe.mlir \
  --weights=random:"$seed" -o build/tiny-moe.moe
build/bin/moert generate build/tiny-moe.moe --tokens 1,2,3 -n 16
