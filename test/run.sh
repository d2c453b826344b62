#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs what is missing, builds everything and runs every test.
#
# usage: test/run.sh [LIT_FLAG...]     e.g. test/run.sh --filter=codegen -v
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

examples/build.sh all moec-test-depends
exec /usr/lib/llvm-22/bin/lit --order=smart -sv "$@" build/test
