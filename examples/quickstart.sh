#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# From a fresh Debian 12 to text: installs what is missing, builds moec,
# compiles the bundled model for this CPU and prints what it generates.
# The text goes to stdout, everything else to stderr.
#
# usage: examples/quickstart.sh [PROMPT]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
prompt=${1:-The Debian package manager}

examples/build.sh moec moert
build/bin/moec compile examples/mixtral-docs-9m --target=host \
  -o build/mixtral-docs-9m.moe
build/bin/moert generate build/mixtral-docs-9m.moe -p "$prompt" -n 64
