# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dense products of many tokens are calls of cuBLASLt, unless bits must not depend on the batch.

usage: gpu_library.py GOLDEN_FOLDER... SCRATCH_FOLDER

The library of the emulated device is a stand-in, whose order of summation is none of our kernels'.
"""
import json
import os
import pathlib

import driver

TARGETS, DEVICES = driver.gpus()
TOKENS = 80  # more than 64: products that a library may compute
MISSING = "/nowhere/libcublasLt.so.13"


def compile_model(folder, path, *flags):
    """Compiles for all GPUs; returns the wide regime of the fusion report of each."""
    report = driver.run("moec", "compile", folder, "-o", path, f"--target={','.join(TARGETS)}",
                        "--fusion-report=json", *flags)
    return {target["name"]: next(r for r in target["regimes"] if r["name"] == "wide")
            for target in json.loads(report)["targets"]}


def call_without_library(*arguments):
    os.environ["MOERT_LIBCUBLASLT"] = MISSING
    try:
        return driver.call("moert", *arguments)
    finally:
        del os.environ["MOERT_LIBCUBLASLT"]


def test_counts(artifact, device, regime):
    """What ran is what the report says, and each call is in the profile."""
    bench = json.loads(driver.run("moert", "bench", artifact, f"--device={device}", "-p", TOKENS, "-n", 0,
                                  "-r", 1, "--profile", "--json"))
    test = bench["tests"][0]
    for key in ("library_calls_per_step", "launches_per_step"):
        driver.expect(test[key] == regime[key], f"{device}: {key}: {test[key]}, expected {regime[key]}")
    kernels = [kernel for kernel in bench["kernels"] if kernel["library"]]
    driver.expect(kernels and all(kernel["launches"] > 0 and kernel["seconds"] > 0 and kernel["flops"] > 0
                                  for kernel in kernels), f"{device}: calls in the profile: {kernels}")


def test_missing(artifact, batch, device):
    tokens = driver.write_tokens(artifact.with_suffix(".txt"), [1, 2, 3])
    failed = call_without_library("score", artifact, "--tokens", tokens, f"--device={device}")
    for part in ("cuBLASLt, which multiplies for many tokens, cannot be loaded", MISSING, "--deterministic=batch"):
        driver.expect(failed.returncode == 1 and part in failed.stderr, f"exit {failed.returncode}: {failed.stderr}")
    done = call_without_library("score", batch, "--tokens", tokens, f"--device={device}")
    driver.expect(done.returncode == 0, f"--deterministic=batch needs a library: {done.stderr}")


def test(name, scratch):
    folder = pathlib.Path(name)
    layers = json.loads((folder / "config.json").read_text())["num_hidden_layers"]
    artifact, batch = scratch / f"{folder.name}.moe", scratch / f"{folder.name}-batch.moe"
    wide = compile_model(folder, artifact)
    plain = compile_model(folder, batch, "--deterministic=batch")
    for target, device in zip(TARGETS, DEVICES):
        regime = wide[target]
        # Queries, keys, values and the output; the logits.
        driver.expect(regime["library_calls_per_layer"] == 4, f"{target}: {regime['library_calls_per_layer']} calls")
        driver.expect(regime["library_calls_per_step"] == 4 * layers + 1, f"{target}: calls of a step")
        driver.expect(regime["launches_per_layer"] <= 7, f"{target}: {regime['launches_per_layer']} launches")
        driver.expect(plain[target]["library_calls_per_step"] == 0, f"{target}: calls in spite of the flag")
        test_counts(artifact, device, regime)
    for device in DEVICES:
        test_missing(artifact, batch, device)
    print(f"{folder.name}: calls as they should be")
    artifact.unlink()
    batch.unlink()


driver.main(test)
