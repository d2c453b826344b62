#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Imports a checkpoint folder of Mixtral 8x7B's size, in both published layouts, and prints how long it
# took and how much memory was resident. Fails above 10 seconds or 1 GiB.
#
# usage: import_full_size.sh [MOEC]        (build/bin/moec if it is not given)
set -euo pipefail

bench=$(cd "$(dirname "$0")" && pwd)
moec=${1:-$bench/../../build/bin/moec}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for layout in separate fused; do
  python3 "$bench/make_sparse_mixtral.py" "$scratch/$layout" $([ $layout = separate ] || echo --fused)
  python3 - "$moec" "$scratch/$layout" <<'PYTHON'
import resource, subprocess, sys, time

moec, folder = sys.argv[1:]
begin = time.monotonic()
done = subprocess.run([moec, "compile", folder, "--emit=moe"], capture_output=True, text=True)
seconds = time.monotonic() - begin
mebibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
if done.returncode:
    sys.exit(done.stderr)
parameters = done.stdout.count("moe.parameter @")
print(f"{parameters} moe.parameter, {len(done.stdout):,} characters of IR, {seconds:.2f} s, "
      f"{mebibytes:.0f} MiB resident")
if seconds > 10 or mebibytes > 1024 or parameters == 0:
    sys.exit("more than 10 s or 1 GiB, or no parameters")
PYTHON
done
