# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares logits and greedy text with what Hugging Face transformers computed.

usage: goldens.py GOLDEN_FOLDER... SCRATCH_FOLDER

float32 checkpoints: every logit within 1e-4 of the logits' spread, since only the order of
summation differs, and greedy text equal token for token (the goldens have no near ties).
16-bit checkpoints: the median over tokens of the root-mean-square logit error is at most that of
transformers' own 16-bit forward. The median, because 16-bit arithmetic flips a close choice of
experts now and then, and such a token is off by much.
"""
import json
import math
import pathlib
import statistics

import driver


def rms_per_token(logits, expected, tokens):
    vocabulary = len(expected) // tokens
    rows = (range(t * vocabulary, (t + 1) * vocabulary) for t in range(tokens))
    return [math.sqrt(sum((logits[i] - expected[i])**2 for i in row) / vocabulary) for row in rows]


def check_sixteen_bit(logits, expected, theirs, tokens):
    ours = statistics.median(rms_per_token(logits, expected, tokens))
    limit = statistics.median(rms_per_token(theirs, expected, tokens))
    driver.expect(ours <= limit, f"median rms error {ours:.3e}, but transformers' is {limit:.3e}")
    print(f"median rms error {ours:.3e}, transformers' {limit:.3e}")


def check_float32(logits, expected, golden, artifact):
    worst = max(abs(a - b) for a, b in zip(logits, expected)) / golden["logits_spread"]
    driver.expect(worst <= 1e-4, f"largest error is {worst:.1e} of the spread, but 1e-4 is allowed")
    print(f"largest error {worst:.1e} of the spread")
    for text in golden["runs"]:
        tokens = driver.generate(artifact, text["prompt"], len(text["greedy"]))
        driver.expect(tokens == text["greedy"], f"greedy text {tokens}, expected {text['greedy']}")


def test(name, scratch):
    folder = pathlib.Path(name)
    print(folder.name, end=": ")
    golden = json.loads((folder / "golden.json").read_text())
    artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe")
    tokens = golden["score_tokens"]
    logits = driver.floats(driver.score(artifact, [tokens], scratch)[0])
    expected = driver.floats((folder / "logits.npy").read_bytes())
    driver.expect(len(logits) == len(expected), f"{len(logits)} logits, expected {len(expected)}")
    lowp = folder / "logits_lowp.npy"
    if lowp.exists():
        check_sixteen_bit(logits, expected, driver.floats(lowp.read_bytes()), len(tokens))
    else:
        check_float32(logits, expected, golden, artifact)


driver.main(test)
