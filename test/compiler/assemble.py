# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Assembles the kernels of models for GPUs; spills and local memory are errors.

usage: assemble.py FOLDER MODEL...

The first model for every GPU, into FOLDER/GPU.cubin; the others for the two that differ most in registers
and shared memory that ptxas leaves them, golden models for the second alone: end-to-end tests assemble them for
sm_80 and sm_90a. Without ptxas it says what it skips.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

GPUS = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"]
OUTERMOST = ["sm_80", "sm_120a"]


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stderr}{result.stdout}")


ptxas = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
if not ptxas:
    print("SKIPPED: assembling kernels: there is no ptxas")
    sys.exit(0)
moec = pathlib.Path(os.environ["MOEC_BIN"]) / "moec"
kept, models = pathlib.Path(sys.argv[1]), sys.argv[2:]
with tempfile.TemporaryDirectory() as folder:
    ptx = pathlib.Path(folder, "kernels.ptx")
    for number, model in enumerate(models):
        is_golden = pathlib.Path(model).parent.name == "goldens"
        for gpu in OUTERMOST[is_golden:] if number else GPUS:
            run(moec, "compile", model, f"--target={gpu}", "--emit=asm", "-o", ptx)
            run(ptxas, "-warn-spills", "-warn-lmem-usage", "-Werror", f"-arch={gpu}", ptx,
                "-o", os.devnull if number else kept / f"{gpu}.cubin")
print(f"PASSED: {len(models)} models")
