# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every subset of the fusions, and any regimes, give the same bits.

usage: fusions.py GOLDEN_FOLDER... SCRATCH_FOLDER

Each fusion off on its own, all off, all but one off, random subsets off, other borders of the
regimes; each artifact scores in steps of all regimes.
"""
import json
import pathlib
import random

import driver

RANDOM_SUBSETS = 6
CHUNKS = [1, 8, 9, 64]


def fusion_names():
    return [line.split()[0] for line in driver.run("moec", "compile", "--list-fusions").splitlines()]


def subsets():
    """Lists of what is off."""
    names = fusion_names()
    yield from ([name] for name in names)
    yield ["all"]
    yield from ([other for other in names if other != name] for name in names)
    choose = random.Random(4)
    for _ in range(RANDOM_SUBSETS):
        yield [name for name in names if choose.random() < 0.5]


def test(name, scratch):
    folder = pathlib.Path(name)
    tokens = json.loads((folder / "golden.json").read_text())["score_tokens"]
    artifact = scratch / f"{folder.name}.moe"
    driver.compile_model(folder, artifact)
    reference = driver.score(artifact, [tokens], scratch)[0]
    variants = [[f"--disable-fusion={off}" for off in subset] for subset in subsets()]
    variants += [["--regimes=none"], ["--regimes=3"], ["--regimes=2,5"]]
    for flags in variants:
        driver.compile_model(folder, artifact, *flags)
        for chunk in CHUNKS:
            same = driver.score(artifact, [tokens], scratch, "--chunk", chunk)[0] == reference
            driver.expect(same, f"{folder.name}: other logits with {flags} in chunks of {chunk}")
    artifact.unlink()
    print(f"{folder.name}: the same bits with {len(variants)} choices of fusions and regimes")


driver.main(test)
