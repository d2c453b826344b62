# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A token's logits have the same bits however it is computed.

usage: invariance.py GOLDEN_FOLDER... SCRATCH_FOLDER

At once, in chunks of 1, 7 and 32 tokens, with 1 and 2 threads, together with other sequences, and
from the code of every target that this CPU can run (float32 and float16 weights included).
"""
import json
import pathlib

import driver


def test(name, scratch):
    folder = pathlib.Path(name)
    tokens = json.loads((folder / "golden.json").read_text())["score_tokens"]
    reference = None
    for target in driver.runnable_targets():
        artifact = driver.compile_model(folder, scratch / f"{folder.name}-{target}.moe",
                                        f"--target={target}")
        if reference is None:
            reference = driver.score(artifact, [tokens], scratch, "--threads", 1)[0]
        for flags in (["--threads", 2], ["--chunk", 1, "--threads", 2], ["--chunk", 7],
                      ["--chunk", 32, "--threads", 1]):
            same = driver.score(artifact, [tokens], scratch, *flags)[0] == reference
            driver.expect(same, f"{target}: other logits with {flags}")
        others = [tokens[:9], tokens, tokens[::-1], tokens[3:40]]
        together = driver.score(artifact, others, scratch, "--chunk", 5)
        driver.expect(together[1] == reference, f"{target}: other logits together with others")
        artifact.unlink()
    print(f"{folder.name}: the same bits everywhere")


driver.main(test)
