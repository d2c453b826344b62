# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whatever the order in which an emulated GPU does things, logits have the same bits.

usage: gpu_orders.py GOLDEN_FOLDER... SCRATCH_FOLDER

Warps and blocks run forward, in reverse and in two random orders, asynchronous copies end at once or as
late as they may, in steps of each regime that the text fills; then all runs again under the checks, which
must find nothing.
"""
import itertools
import json
import os
import pathlib

import driver

ORDERS = ["forward", "reverse", "random:1", "random:2"]
COMPLETIONS = ["eager", "lazy"]
# Borders of regimes, targets, and chunks of 17 tokens: decode, and skinny with a rest; wide, where there
# are kernels of its own, which is on tensor cores.
CASES = [("8,64", ["sm_80", "sm_90a"], [5, 12])]
TENSOR_CASES = [("1,2", ["sm_90a"], [12])]
CHECKS = "all"


def score(artifact, tokens, scratch, target, chunk, **environment):
    names = {f"MOEC_EMULATED_{key.upper()}": value for key, value in environment.items()}
    os.environ.update(names)
    try:
        return driver.score(artifact, [tokens], scratch, f"--device=emulated:{target}", "--chunk", chunk)[0]
    finally:
        for name in names:
            del os.environ[name]


def test(name, scratch):
    folder = pathlib.Path(name)
    tokens = json.loads((folder / "golden.json").read_text())["score_tokens"][:17]
    element = json.loads((folder / "config.json").read_text())["torch_dtype"]
    for regimes, targets, chunks in CASES + (TENSOR_CASES if element == "bfloat16" else []):
        artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe", f"--target={','.join(targets)}",
                                        f"--regimes={regimes}")
        test_orders(artifact, tokens, scratch, itertools.product(targets, chunks))
        artifact.unlink()
    print(f"{folder.name}: the same bits in every order, and no finding")


def test_orders(artifact, tokens, scratch, cases):
    for target, chunk in cases:
        reference = score(artifact, tokens, scratch, target, chunk)
        for order, completion in itertools.product(ORDERS, COMPLETIONS):
            found = score(artifact, tokens, scratch, target, chunk, order=order, **{"async": completion})
            driver.expect(found == reference,
                          f"{target}: other logits in chunks of {chunk}, {order}, {completion}")
        checked = score(artifact, tokens, scratch, target, chunk, check=CHECKS)
        driver.expect(checked == reference, f"{target}: other logits under checks")


driver.main(test)
