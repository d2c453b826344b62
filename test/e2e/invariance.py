# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A token's logits have the same bits however it is computed.

usage: invariance.py GOLDEN_FOLDER... SCRATCH_FOLDER

At once, in chunks of many sizes, with 1 and 2 threads, together with other sequences, with fusions
and without, and from the code of every target that this CPU can run and that adds in the same order
(float32 and float16 weights included). Steps are of every regime: chunks of a text of 72 tokens leave a rest of another regime,
and four texts together are of a larger one than each alone.
"""
import json
import pathlib

import driver

ALONE = [["--threads", 2], ["--chunk", 1, "--threads", 2], ["--chunk", 7], ["--chunk", 8], ["--chunk", 9],
         ["--chunk", 32, "--threads", 1], ["--chunk", 64], ["--chunk", 65]]
# Of each text; the steps' tokens, at first and when the shorter texts are done: 8 and 4, 20 and 10,
# 57 and 32, 174 and 16.
TOGETHER = [2, 5, 16, 64]


def variants(targets):
    """Flags of moec: each target, and no fusion."""
    for target in targets:
        yield [f"--target={target}"]
    yield [f"--target={targets[-1]}", "--disable-fusion=all"]


def test(name, scratch):
    for targets in driver.runnable_targets():
        check(name, scratch, targets)


def check(name, scratch, targets):
    """The targets give the same bits, and each of them always."""
    folder = pathlib.Path(name)
    tokens = json.loads((folder / "golden.json").read_text())["score_tokens"]
    others = [tokens[:9], tokens, tokens[::-1], tokens[3:40]]
    artifact = scratch / f"{folder.name}.moe"
    reference = None
    for variant in variants(targets):
        driver.compile_model(folder, artifact, *variant)
        if reference is None:
            reference = driver.score(artifact, [tokens], scratch, "--threads", 1)[0]
        for flags in ALONE:
            same = driver.score(artifact, [tokens], scratch, *flags)[0] == reference
            driver.expect(same, f"{variant}: other logits with {flags}")
        for chunk in TOGETHER:
            together = driver.score(artifact, others, scratch, "--chunk", chunk)
            driver.expect(together[1] == reference,
                          f"{variant}: other logits together with others, in chunks of {chunk}")
    artifact.unlink()
    print(f"{folder.name}: the same bits everywhere with {', '.join(targets)}")


driver.main(test)
