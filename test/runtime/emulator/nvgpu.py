# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lowers gemm_nvgpu.mlir.in with LLVM's own pipeline and runs it on the emulated device.

usage: nvgpu.py MLIR_OPT BUILD_FOLDER
"""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).with_name("gemm_nvgpu.mlir.in")
PIPELINE = ("--gpu-lower-to-nvvm-pipeline=cubin-chip=sm_90a cubin-features=+ptx80 "
            "cubin-format=isa opt-level=3")
# LLVM 22 writes the zero-sized array of dynamic shared memory as a static byte.
DYNAMIC = re.compile(r"\.shared \.align \d+ \.b8 __dynamic_shmem__0(\[\d*\])?;")
EXTERN = ".extern .shared .align 1024 .b8 __dynamic_shmem__0[];\n"


def lower(mlir_opt):
    lowered = subprocess.run([mlir_opt, SOURCE, PIPELINE], capture_output=True, text=True)
    if lowered.returncode:
        sys.exit(f"error: {SOURCE.name}: {lowered.stderr}")
    quoted = re.search(r'assembly = "((?:[^"\\]|\\.)*)"', lowered.stdout)
    return re.sub(r"\\([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), quoted[1])


def mend(ptx):
    """Makes dynamic shared memory what the source says it is."""
    ptx, count = DYNAMIC.subn("", ptx)
    if count != 1:
        sys.exit("error: the lowered kernel has no __dynamic_shmem__0 of its own")
    return ptx.replace(".visible .entry", EXTERN + ".visible .entry", 1)


def main(mlir_opt, build):
    folder = build / "test/runtime/emulator"
    file = folder / "gemm_nvgpu.ptx"
    file.write_text(mend(lower(mlir_opt)))
    ran = subprocess.run([folder / "NvgpuKernel"], env={**os.environ, "MOEC_NVGPU_PTX": str(file)},
                         capture_output=True, text=True)
    print(ran.stdout[-4000:] + ran.stderr)
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
