#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes docs/GPUKernels.md: what the kernels of full-width Mixtral take of each GPU.

usage: write_kernel_tables.py MOEC PAGE

Compiles one layer of Mixtral 8x7B's width (weights of zeros, 3.4 GB in the temporary folder) for every GPU
and lists the kernels as `moec inspect --kernels --json` does. Fails if one has local memory. `ninja -C build
gpu-kernels-doc` runs it.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

# Warps that a multiprocessor holds at most: CUDA C++ Programming Guide, "Compute Capabilities".
MOST_WARPS = {"sm_80": 64, "sm_86": 48, "sm_89": 48, "sm_90a": 64, "sm_100a": 64, "sm_120a": 48}
HEAD = """# Kernels of full-width Mixtral

One layer of Mixtral 8x7B (hidden 4096, inner 14336, 8 experts, 2 of them for a token) in bfloat16, and what is around the layers,
for the most tokens of each regime. This page is written by `ninja -C build gpu-kernels-doc`; `moec inspect --kernels` says the
same of any artifact, and `--json` in full.

* *way*: of matrix products; the list says why, too. What cuBLASLt takes is its own.
* *shared*: bytes of a block, and the [layouts](GPU.md#layouts-of-shared-memory) of what is not one row.
* *warps*: that a multiprocessor holds at once, by registers, shared memory and threads.
* *MB*, *MFLOP*: what a launch moves and computes if all tokens choose experts evenly; *µs*: at best, by the rates that the target
  is taken to have, and what limits it.
* No kernel spills registers or has local memory: else this page is not written, nor is anything compiled.
"""


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE).stdout


def layouts_of(kernel):
    names = []
    for layout in kernel["layouts"]:
        name = layout.split(" ")[0]
        if name not in names:
            names.append(name)
    return ", ".join(names)


def resources_of(target, kernel):
    """Threads, registers, shared memory and warps; those of a library are its own."""
    if "threads" not in kernel:
        return ["-", "-", "-", "-"]
    if kernel["local_bytes"]:
        sys.exit(f"error: {target['name']}: {kernel['kernel']} has {kernel['local_bytes']} bytes of local memory")
    shared = f"{kernel['shared_bytes']:,}"
    if layouts := layouts_of(kernel):
        shared += f" ({layouts})"
    return [str(kernel["threads"]), str(kernel["registers"]), shared, str(kernel["resident_warps"])]


def rows_of(target):
    for regime in target["regimes"]:
        for kernel in regime["kernels"]:
            # What it is computed by; why so is in brackets.
            way = kernel["method"].split(" (")[0]
            yield [f"{regime['name']}, {regime['tokens']}", f"`{kernel['kernel']}`", way,
                   *resources_of(target, kernel), f"{kernel['bytes'] / 1e6:.2f}", f"{kernel['flops'] / 1e6:.0f}",
                   f"{kernel['seconds'] * 1e6:.1f}", kernel["limit"]]


def table_of(target):
    most = MOST_WARPS[target["name"]]
    head = ["regime, tokens", "kernel", "way", "threads", "registers", "shared", f"warps, of {most}", "MB", "MFLOP", "µs",
            "limit"]
    lines = [f"\n## {target['name']}\n", "| " + " | ".join(head) + " |",
             "|---|---|---|" + "---:|" * 7 + "---|"]
    last = None
    for row in rows_of(target):
        last, row[0] = row[0], "" if row[0] == last else row[0]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    moec, page = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(sys.executable, pathlib.Path(__file__).parent / "make_sparse_mixtral.py", folder / "model", "--layers", "1")
        run(moec, "compile", folder / "model", f"--target={','.join(MOST_WARPS)}", "-o", folder / "model.moe")
        listed = json.loads(run(moec, "inspect", "--kernels", "--json", folder / "model.moe"))
    page.write_text(HEAD + "".join(table_of(target) for target in listed["targets"]))


if __name__ == "__main__":
    main()
