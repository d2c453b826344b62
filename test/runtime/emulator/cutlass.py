# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles kernels of NVIDIA's CUTLASS and runs them on the emulated device.

usage: cutlass.py BUILD_FOLDER

The sources come from the wheel `nvidia-cutlass`, fetched into the build folder
once. Without nvcc, or where the wheel cannot be fetched, it says what it skips.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

WHEEL = "nvidia-cutlass==4.2.0.0"
SOURCE = "cutlass_library/source"
KERNELS = {"sgemm_sm80": ("examples/cute/tutorial/sgemm_sm80.cu", "sm_80"),
           "wgmma_tma_sm90": ("examples/cute/tutorial/hopper/wgmma_tma_sm90.cu", "sm_90a")}


def skip(reason):
    print(f"SKIPPED: kernels of CUTLASS: {reason}")
    sys.exit(0)


def fetch(folder):
    """The folder of the unpacked sources."""
    source = folder / SOURCE
    if source.is_dir():
        return source
    fetched = subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-q",
                              "-d", folder, WHEEL], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if fetched.returncode or not wheels:
        skip(f"pip cannot download {WHEEL}: {fetched.stderr.strip()[-200:]}")
    unpacked = folder / "unpacked"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wanted = [name for name in wheel.namelist()
                  if name.startswith((f"{SOURCE}/include/", f"{SOURCE}/tools/util/include/"))
                  or name.removeprefix(f"{SOURCE}/") in [path for path, _ in KERNELS.values()]]
        wheel.extractall(unpacked, wanted)
    (unpacked / "cutlass_library").rename(folder / "cutlass_library")
    return source


def compile_kernel(nvcc, source, name, folder):
    path, arch = KERNELS[name]
    result = folder / f"{name}.ptx"
    if result.exists():
        return
    partial = folder / f"{name}.partial.ptx"
    subprocess.run([nvcc, "-std=c++17", f"-arch={arch}", "-ptx", "--expt-relaxed-constexpr", "-w",
                    "-I", source / "include", "-I", source / "tools/util/include",
                    source / path, "-o", partial], check=True)
    partial.rename(result)


def main(build):
    nvcc = shutil.which("nvcc")
    if not nvcc:
        skip("there is no nvcc")
    folder = build / "test/runtime/emulator/cutlass"
    folder.mkdir(parents=True, exist_ok=True)
    source = fetch(folder)
    for name in KERNELS:
        compile_kernel(nvcc, source, name, folder)
    test = build / "test/runtime/emulator/CutlassKernels"
    ran = subprocess.run([test], env={**os.environ, "MOEC_CUTLASS_PTX": str(folder)},
                         capture_output=True, text=True)
    print(ran.stdout[-4000:] + ran.stderr)
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
