# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares logits with those of test/reference.

float32 arithmetic: every logit within 1e-4 of the logits' spread, as for the goldens. Greedy text
is not compared: nobody chose random weights to be free of near ties. 16-bit checkpoints: the median
over tokens of the rms error is at most 1 % (bfloat16, whose products see activations of 8 bits) or
0.1 % (float16, whose only rounding is the cache's) of the spread.
"""
import math
import random
import statistics

import driver

TOLERANCE = dict(float32=1e-4, bfloat16=1e-2, float16=1e-3)


def text_of(case, count=70):
    """Tokens for a checkpoint; by default one step of them is of the widest regime."""
    stream = random.Random(7)
    return [stream.randrange(case["vocabulary"]) for _ in range(count)]


def errors(logits, expected, vocabulary, exact):
    """Of each token: the largest error if exact, else the rms error."""
    for t in range(0, len(expected), vocabulary):
        differences = [logits[i] - expected[i] for i in range(t, t + vocabulary)]
        yield (max(map(abs, differences)) if exact else
               math.sqrt(sum(d * d for d in differences) / vocabulary))


def check(name, case, folder, npy, tokens):
    """Fails unless the logits of the tokens are those of the checkpoint in the folder."""
    driver.run("moec-reference", folder, folder / "reference.npy", 0, *tokens)
    expected = driver.floats((folder / "reference.npy").read_bytes())
    logits = driver.floats(npy)
    driver.expect(len(logits) == len(expected), f"{name}: {len(logits)} logits, expected {len(expected)}")
    exact = case["dtype"] == "float32"
    per_token = list(errors(logits, expected, case["vocabulary"], exact))
    worst = (max if exact else statistics.median)(per_token) / (max(expected) - min(expected))
    limit = TOLERANCE[case["dtype"]]
    driver.expect(worst <= limit, f"{name}: error {worst:.1e} of the spread, but {limit:.0e} is allowed")
    print(f"{name}: error {worst:.1e} of the spread")
