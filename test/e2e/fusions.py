# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every choice of fusions, and any regimes, give the same bits and the golden's text.

usage: fusions.py {each|random} GOLDEN_FOLDER... SCRATCH_FOLDER

each: no fusion, each off on its own, each on on its own, other borders of the regimes. random: as
many random subsets as RANDOM_SUBSETS. Choices that give the same program are tried once. Each artifact
scores in steps of all regimes, and its greedy text is that of the golden. goldens.py compares the logits of
the program with all fusions.
"""
import json
import pathlib
import random
import sys

import driver

RANDOM_SUBSETS = 20
CHUNKS = [1, 7, 8, 9, 63, 64, 65]


def fusion_names():
    return [line.split()[0] for line in driver.run("moec", "compile", "--list-fusions").splitlines()]


def disabled(names):
    return [f"--disable-fusion={name}" for name in names]


def each():
    """Flags of moec."""
    names = fusion_names()
    yield disabled(["all"])
    yield from (disabled([name]) for name in names)
    yield from (disabled(other for other in names if other != name) for name in names)
    yield from (["--regimes=none"], ["--regimes=3"], ["--regimes=2,5"])


def subsets():
    """Flags of moec, all different and none of those of each()."""
    names, choose, seen = fusion_names(), random.Random(4), []
    while len(seen) < RANDOM_SUBSETS:
        off = [name for name in names if choose.random() < 0.5]
        if 1 < len(off) < len(names) - 1 and off not in seen:
            seen.append(off)
            yield disabled(off)


def different(folder, choices):
    """The first of the choices that give the same program, and none that give that of all fusions."""
    seen = {driver.run("moec", "compile", folder, "--emit=exec")}
    for flags in choices:
        program = driver.run("moec", "compile", folder, "--emit=exec", *flags)
        if program not in seen:
            seen.add(program)
            yield flags


def test(name, scratch):
    folder = pathlib.Path(name)
    golden = json.loads((folder / "golden.json").read_text())
    tokens, run = golden["score_tokens"], golden["runs"][0]
    artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe")

    def text():
        return driver.generate(artifact, run["prompt"], len(run["greedy"]))

    reference = driver.score(artifact, [tokens], scratch)[0]
    # Of 16-bit checkpoints the golden's text is that of float32 arithmetic.
    exact = not (folder / "logits_lowp.npy").exists()
    greedy = run["greedy"] if exact else text()
    variants = list(different(folder, VARIANTS()))
    for flags in variants:
        driver.compile_model(folder, artifact, *flags)
        for chunk in [len(tokens), *CHUNKS]:
            same = driver.score(artifact, [tokens], scratch, "--chunk", chunk)[0] == reference
            driver.expect(same, f"{folder.name}: other logits with {flags} in chunks of {chunk}")
        driver.expect(text() == greedy, f"{folder.name}: other tokens with {flags}")
    artifact.unlink()
    print(f"{folder.name}: the same bits with {len(variants)} choices of fusions and regimes")


VARIANTS = {"each": each, "random": subsets}[sys.argv.pop(1)]
driver.main(test)
