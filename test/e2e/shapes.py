# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random checkpoints of unusual shapes and routings, compared with the oracle in test/reference.

usage: shapes.py SCRATCH_FOLDER

float32 arithmetic: every logit within 1e-4 of the logits' spread, as for the goldens. Greedy text
is not compared: nobody chose these weights to be free of near ties. 16-bit checkpoints: the median
over tokens of the rms error is at most 1 % (bfloat16, whose products see activations of 8 bits) or
0.1 % (float16, whose only rounding is the cache's) of the spread.
"""
import math
import random
import statistics

import driver
import make_checkpoint

CASES = {
    "one expert": dict(experts=1, choices=1),
    "every expert chosen": dict(experts=3, choices=3),
    "sixty-four experts, four chosen": dict(experts=64, choices=4, inner=9),
    "ties go to the lower expert": dict(gate="ties", experts=6),
    "all rows to few experts": dict(gate="one", experts=7, choices=1),
    "smallest of everything": dict(vocabulary=3, hidden=2, heads=1, kv_heads=1, head_dim=2, inner=1,
                                   layers=1, experts=2, choices=1),
    "sizes just above a tile": dict(vocabulary=65, hidden=33, inner=97, heads=3, kv_heads=3, head_dim=22),
    "several slabs of K": dict(hidden=300, inner=530, layers=1, experts=2, vocabulary=40),
    "five queries a key": dict(heads=5, kv_heads=1, head_dim=10),
    "window of one": dict(window=1),
    "window across a page": dict(window=33),
    "tied, dense": dict(arch="mistral", tied=1, window=20),
    "llama of bfloat16": dict(arch="llama", dtype="bfloat16", hidden=40, inner=72),
    "odd bfloat16": dict(dtype="bfloat16", hidden=37, inner=31, heads=3, kv_heads=1, head_dim=14),
    "odd float16": dict(dtype="float16", hidden=37, inner=31, heads=3, kv_heads=1, head_dim=14),
}
TOLERANCE = dict(float32=1e-4, bfloat16=1e-2, float16=1e-3)


def errors(logits, expected, vocabulary, exact):
    """Of each token: the largest error if exact, else the rms error."""
    for t in range(0, len(expected), vocabulary):
        differences = [logits[i] - expected[i] for i in range(t, t + vocabulary)]
        yield (max(map(abs, differences)) if exact else
               math.sqrt(sum(d * d for d in differences) / vocabulary))


def check(name, changes, scratch):
    folder = scratch / name.replace(" ", "-").replace(",", "")
    case = make_checkpoint.make(folder, **changes)
    stream = random.Random(7)
    tokens = [stream.randrange(case["vocabulary"]) for _ in range(70)]
    artifact = driver.compile_model(folder, scratch / "model.moe")
    logits = driver.floats(driver.score(artifact, [tokens], scratch)[0])
    driver.run("moec-reference", folder, scratch / "reference.npy", 0, *tokens)
    expected = driver.floats((scratch / "reference.npy").read_bytes())
    exact = case["dtype"] == "float32"
    per_token = list(errors(logits, expected, case["vocabulary"], exact))
    worst = (max if exact else statistics.median)(per_token) / (max(expected) - min(expected))
    limit = TOLERANCE[case["dtype"]]
    driver.expect(worst <= limit, f"{name}: error {worst:.1e} of the spread, but {limit:.0e} is allowed")
    print(f"{name}: error {worst:.1e} of the spread")


def test(scratch):
    for name, changes in CASES.items():
        check(name, changes, scratch)


driver.main(test)
