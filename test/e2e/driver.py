# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tools for the end-to-end tests and reads what they wrote.

The tools are found in the folder that MOEC_BIN names.
"""
import array
import ctypes
import json
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["MOEC_BIN"])
TARGETS = ["x86-64-v3", "x86-64-v4", "znver4"]
TIMEOUT = 300


class Failure(Exception):
    """A test that failed, with the reason."""


def call(tool, *arguments):
    """Runs a tool; returns its result with text output."""
    command = [str(BIN / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)


def run(tool, *arguments):
    """Runs a tool that must succeed; returns its standard output."""
    done = call(tool, *arguments)
    if done.returncode:
        raise Failure(f"{' '.join(done.args)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def cpu_flags():
    for line in open("/proc/cpuinfo"):
        if line.startswith("flags"):
            return set(line.split())
    return set()


def permits_amx():
    """Whether Linux lets this process use AMX, as in runtime/abi/Amx.h."""
    arch_prctl, request_permission, tile_data = 158, 0x1023, 18
    return ctypes.CDLL(None).syscall(arch_prctl, request_permission, tile_data) == 0


def runnable_targets():
    """The targets that this CPU can run, `host` among them, in lists of those that add in the same order:
    on AMX, products of bfloat16 are added in another one than elsewhere."""
    flags = cpu_flags()
    needs = {"x86-64-v3": {"avx2", "fma", "f16c"}, "x86-64-v4": {"avx512f", "avx512bw"},
             "znver4": {"avx512f", "avx512bw", "avx512_bf16", "avx512_vnni"}}
    chains = [t for t in TARGETS if needs[t] <= flags]
    if {"amx_tile", "amx_bf16"} <= flags and permits_amx():
        return [chains, ["sapphirerapids", "host"]]
    return [chains + ["host"]]


def gpus():
    """Targets of GPUs to compile for, and the devices to run them on: emulated ones, or the one that
    test/run.sh was told of."""
    device = os.environ.get("MOEC_TEST_DEVICE")
    if device:
        return ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"], [device]
    return ["sm_80", "sm_90a"], ["emulated:sm_80", "emulated:sm_90a"]


def compile_model(model, output, *flags):
    """Compiles a checkpoint folder or an .mlir file."""
    run("moec", "compile", model, "-o", output, *flags)
    return output


def write_tokens(path, tokens):
    path.write_text(",".join(map(str, tokens)))
    return path


def score(artifact, texts, folder, *flags):
    """The logits of texts (lists of tokens) scored together, as bytes each."""
    files, arguments = [], []
    for i, tokens in enumerate(texts):
        arguments += ["--tokens", write_tokens(folder / f"text{i}.txt", tokens)]
    out = folder / "logits.npy"
    run("moert", "score", artifact, *arguments, "--logits", out, *flags)
    names = [out] if len(texts) == 1 else [folder / f"logits.{i}.npy" for i in range(len(texts))]
    for name in names:
        files.append(name.read_bytes())
        name.unlink()
    return files


def generate(artifact, prompt, count, *flags):
    """The tokens that follow a prompt."""
    out = run("moert", "generate", artifact, "--tokens", ",".join(map(str, prompt)), "-n", count,
              "--ignore-eos", "--json", *flags)
    return json.loads(out)["tokens"]


def floats(npy):
    """The float32 elements of the bytes of a NumPy file (format 1.0)."""
    header = int.from_bytes(npy[8:10], "little")
    values = array.array("f")
    values.frombytes(npy[10 + header:])
    return values


def expect(condition, message):
    if not condition:
        raise Failure(message)


def main(test):
    """Runs a test function on the command line's arguments: names, then a folder."""
    *names, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name in names or [None]:
            test(name, folder) if name else test(folder)
    except Failure as failure:
        sys.exit(f"{names}: {failure}")
