# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The devices of moert: which one is taken, and each refusal.

usage: devices.py MODEL.mlir EMULATED_DRIVER SCRATCH_FOLDER

The emulated device's driver stands for NVIDIA's where the environment names it.
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))
import driver

MODEL, EMULATED, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
# Stand-ins for NVIDIA's libraries, which lie side by side.
STANDINS = dict(MOERT_LIBCUDA=EMULATED, MOERT_LIBCUBLASLT=str(pathlib.Path(EMULATED).parent / "libcublasLt.so.13"))
PROMPT = ["--tokens", "1,2,3", "-n", "4", "--ignore-eos"]


def moert(artifact, *flags, **environment):
    command = [driver.BIN / "moert", "generate", artifact, *PROMPT, *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=driver.TIMEOUT,
                          env={**os.environ, **environment})


def succeeds(done, on_stderr):
    driver.expect(done.returncode == 0, f"{done.args}: exit {done.returncode}\n{done.stderr}")
    driver.expect(on_stderr in done.stderr, f"{done.args}: no '{on_stderr}' in\n{done.stderr}")
    return done.stdout


def refuses(done, message, lines=1):
    driver.expect(done.returncode == 1, f"{done.args}: exit {done.returncode}")
    driver.expect(message in done.stderr, f"{done.args}: no '{message}' in\n{done.stderr}")
    driver.expect(done.stderr.count("\n") == lines, f"{done.args}: not {lines} line:\n{done.stderr}")


def compile_for(targets):
    return driver.compile_model(MODEL, FOLDER / f"{targets}.moe", f"--target={targets}",
                                "--weights=random:1", "--disable-fusion=all")


def test_choice(both, gpu):
    """A GPU where there is one, and the same text on all devices."""
    there = dict(STANDINS, MOEC_EMULATED_ARCH="sm_90a")
    text = succeeds(moert(both, MOERT_LIBCUDA="/nowhere/libcuda.so.1"), "")
    for device, environment, said in [
            ("cpu", {}, ""), ("emulated:sm_90a", {}, ""), ("auto", there, "running on cuda:0, "),
            ("cuda", there, ""), ("cuda:0", there, "")]:
        found = succeeds(moert(both, f"--device={device}", **environment), said)
        driver.expect(found == text, f"{device}: '{found}', expected '{text}'")
    succeeds(moert(gpu, **there), "running on cuda:0, ")
    # Another generation of GPUs: the CPU's code is there for that.
    done = moert(both, **STANDINS, MOEC_EMULATED_ARCH="sm_100a")
    driver.expect("running on" not in done.stderr, done.stderr)
    succeeds(done, "")


def test_refusals(both, gpu):
    nowhere = dict(MOERT_LIBCUDA="/nowhere/libcuda.so.1")
    there = dict(STANDINS, MOEC_EMULATED_ARCH="sm_90a")
    refuses(moert(both, "--device=gpu"), "there is no device 'gpu'; expected auto, cpu, cuda, cuda:N")
    refuses(moert(both, "--device=cuda:x"), "there is no device 'cuda:x'")
    refuses(moert(both, "--device=cuda", **nowhere),
            "device 'cuda': the CUDA driver cannot be loaded: /nowhere/libcuda.so.1")
    refuses(moert(both, "--device=cuda:1", **there), "there is no cuda:1, but 1 GPUs")
    refuses(moert(both, "--device=emulated:sm_80"), "cannot run any target of the artifact; it has sm_90a")
    refuses(moert(both, "--device=emulated:sm_90a", "--target=x86-64-v3"),
            "cannot run the target 'x86-64-v3'")
    refuses(moert(both, "--device=emulated:sm_12"), "MOEC_EMULATED_ARCH is \"sm_12\"",
            lines=2)  # one of the emulated device, one of moert
    refuses(moert(both, "--device=cpu", "--target=sm_90a"), "has no target for a CPU")
    refuses(moert(both, "--target=sm_80"), "the artifact has no target 'sm_80'; it has sm_90a, x86-64-v3")
    refuses(moert(gpu, **nowhere), "has no target for a CPU; it has sm_90a; and no GPU can: the CUDA driver")
    refuses(moert(both, "--device=emulated:sm_90a", MOERT_EMULATOR="/nowhere/libcuda.so.1"),
            "/nowhere/libcuda.so.1")


def test(_):
    both, gpu = compile_for("sm_90a,x86-64-v3"), compile_for("sm_90a")
    test_choice(both, gpu)
    test_refusals(both, gpu)
    # No device is needed to look at text or at the artifact.
    driver.expect("sm_90a" in driver.run("moec", "inspect", gpu), "inspect names no target")


sys.argv[1:] = [str(FOLDER)]
driver.main(test)
