# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps that give the best logits alone lead to the tokens that all logits lead to.

usage: top_logits.py GOLDEN_FOLDER... SCRATCH_FOLDER

With the best logits chosen in the kernel of their product, in one after it, and with no such steps;
greedy and sampled, in chunks of all regimes. And a NaN among the logits is an error of either.
"""
import json
import pathlib

import driver
import make_checkpoint

COMPILED = [["--top-logits=0"], ["--require-fused=head-top"], ["--disable-fusion=head-top"],
            ["--top-logits=8"], ["--top-logits=64", "--disable-fusion=all"]]
SAMPLED = [[], ["--temperature", 1, "--top-k", 1], ["--temperature", 0.7, "--top-k", 4, "--top-p", 0.8],
           ["--temperature", 2, "--top-k", 8, "--seed", 5], ["--temperature", 2, "--top-k", 64],
           ["--temperature", 1, "--top-k", 65], ["--temperature", 1]]


def texts(artifact, prompt):
    return [driver.generate(artifact, prompt, 24, *flags, "--chunk", chunk)
            for flags in SAMPLED for chunk in (1, 9, 70)]


def check_not_numbers(scratch):
    """The final norm is infinite, so logits are infinities less infinities."""
    folder = scratch / "nan"
    case = dict(layers=1, experts=2, vocabulary=300)
    make_checkpoint.make(folder, **case, norm="infinite")
    for flags in COMPILED:
        artifact = driver.compile_model(folder, scratch / "nan.moe", *flags)
        done = driver.call("moert", "generate", artifact, "--tokens", "1,2", "-n", 1)
        driver.expect(done.returncode == 1 and "is not a number" in done.stderr,
                      f"NaN among logits, {flags}: exit {done.returncode}\n{done.stderr}")


def test(name, scratch):
    folder = pathlib.Path(name)
    prompt = json.loads((folder / "golden.json").read_text())["score_tokens"]
    expected = None
    for flags in COMPILED:
        artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe", *flags)
        tokens = texts(artifact, prompt)
        expected = expected or tokens
        driver.expect(tokens == expected, f"{folder.name}: other tokens with {flags}")
    check_not_numbers(scratch)
    print(f"{folder.name}: the same tokens with {len(COMPILED)} choices")


driver.main(test)
