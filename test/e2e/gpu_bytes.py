# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares what the fusion report says of a step with what an emulated GPU counts.

usage: gpu_bytes.py TARGET... SCRATCH_FOLDER

Counted is each byte of global memory that a launch reads, once, and each that it writes, once. A step of
each regime has the most tokens that it accepts, and nothing is cached before it, as in the report. Every
token chooses all experts, so that the report's expectation of how many are reached is no estimate.
"""
import json
import math
import os
import pathlib

import driver
import make_checkpoint

SHAPE = dict(hidden=256, inner=512, layers=2, heads=8, kv_heads=2, head_dim=32, experts=2, choices=2,
             vocabulary=1000, dtype="bfloat16")
PAGE = 32  # positions
# Counters of stages, and what a kernel reads and does not need of the plan of experts.
KERNEL_TOLERANCE = 0.03
STEP_TOLERANCE = 0.01
MOST_LAUNCHES = dict(decode=5, skinny=5, wide=7)


class Weights(make_checkpoint.Weights):
    """Blocks of random numbers, over and over: the bytes do not depend on them."""

    def add(self, name, *shape, mean=0.0, deviation=None):
        count, block = math.prod(shape), 4099
        values = [self.random.gauss(mean, deviation or 2 / math.sqrt(shape[-1])) for _ in range(min(count, block))]
        self.put(name, shape, (values * (count // block + 1))[:count])


def launches_of(artifact, target, regime, scratch):
    """What the launches of the first step did."""
    tokens = [1 + i * 37 % 900 for i in range(regime["max_tokens"])]
    profile = scratch / "profile.json"
    os.environ["MOEC_EMULATED_PROFILE"] = str(profile)
    flags = ["--chunk", len(tokens), f"--device=emulated:{target}"]
    if regime["name"] == "decode":  # the logits of all tokens
        driver.score(artifact, [tokens], scratch, *flags)
    else:
        driver.run("moert", "generate", artifact, "--tokens", ",".join(map(str, tokens)), "-n", 1, *flags)
    del os.environ["MOEC_EMULATED_PROFILE"]
    return [json.loads(line) for line in profile.read_text().splitlines()]


def bytes_of(launch):
    return launch["global"]["read_bytes"] + launch["global"]["written_bytes"]


def check_calls(name, reported, launches):
    """Compares the calls of a library, which have no names of kernels, all together."""
    calls = [launch for launch in launches if launch["library"]]
    found = len(calls), sum(map(bytes_of, calls))
    wanted = sum(call["launches"] for call in reported), sum(call["bytes"] for call in reported)
    driver.expect(found[0] == wanted[0] and abs(found[1] - wanted[1]) <= KERNEL_TOLERANCE * wanted[1],
                  f"{name}: calls of libraries and their bytes {found}, reported {wanted}")


def check_kernels(name, regime, launches):
    counted = {}
    for launch in launches:
        if not launch["library"]:
            counted.setdefault(launch["kernel"], []).append(bytes_of(launch))
    reported = {kernel["kernel"]: kernel for kernel in regime["kernels"]}
    driver.expect(counted.keys() <= reported.keys(), f"{name}: kernels {sorted(counted)}")
    check_calls(name, [reported[kernel] for kernel in reported.keys() - counted.keys()], launches)
    for kernel, found in counted.items():
        report = reported[kernel]
        driver.expect(len(found) == report["launches"], f"{name}: {kernel}: {len(found)} launches")
        # Attention reads whole pages of keys and values.
        pages = 2 * 2 * SHAPE["kv_heads"] * SHAPE["head_dim"] * PAGE * len(found) if "attention" in kernel else 0
        least = (1 - KERNEL_TOLERANCE) * report["bytes"]
        most = (1 + KERNEL_TOLERANCE) * report["bytes"] + pages
        driver.expect(least <= sum(found) <= most, f"{name}: {kernel}: {sum(found)} bytes, reported {report['bytes']}")


def check_step(name, regime, launches):
    counted, reported = sum(map(bytes_of, launches)), regime["bytes"]
    driver.expect(abs(counted - reported) <= STEP_TOLERANCE * reported, f"{name}: {counted} bytes, reported {reported}")
    names = [launch["kernel"].split("_")[0] for launch in launches if not launch["library"]]
    layers = names.index("select") - 1 - names.index("embed")
    per_layer = layers / SHAPE["layers"]
    driver.expect(per_layer == regime["launches_per_layer"], f"{name}: {per_layer} launches of a layer")
    most = MOST_LAUNCHES[regime["name"]]
    driver.expect(per_layer <= most, f"{name}: {per_layer} launches of a layer, more than {most}")
    print(f"{name}: {len(launches)} launches, {per_layer} of a layer; {counted} bytes, {counted / reported:.4f} of "
          f"the report's, {counted / regime['floor_bytes']:.3f} of the floor")


def test(target, scratch):
    make_checkpoint.Weights = Weights
    folder = scratch / "checkpoint"
    make_checkpoint.make(folder, **SHAPE)
    artifact = driver.compile_model(folder, scratch / "model.moe", f"--target={target}", "--top-logits=0")
    report = json.loads(driver.run("moec", "inspect", "--fusion-report=json", artifact))
    for regime in report["targets"][0]["regimes"]:
        name = f"{target}, {regime['name']}"
        launches = launches_of(artifact, target, regime, pathlib.Path(scratch))
        check_kernels(name, regime, launches)
        check_step(name, regime, launches)


driver.main(test)
