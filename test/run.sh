#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs what is missing, builds everything and runs every test.
#
# usage: test/run.sh [--device=DEVICE] [LIT_FLAG...]
#   test/run.sh --filter=codegen -v
#   test/run.sh --device=cuda --filter=gpu   models on this machine's GPU, not on emulated ones
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

flags=()
for argument in "$@"; do
  case $argument in
  --device=*) flags+=("-D${argument#--}") ;;
  *) flags+=("$argument") ;;
  esac
done
examples/build.sh all moec-test-depends
exec /usr/lib/llvm-22/bin/lit --order=smart -sv "${flags[@]}" build/test
