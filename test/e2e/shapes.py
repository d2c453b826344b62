# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random checkpoints of unusual shapes, compared with the oracle in test/reference.

usage: shapes.py SCRATCH_FOLDER
"""
import driver
import make_checkpoint
import oracle

CASES = {
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


def check(name, changes, scratch):
    folder = scratch / name.replace(" ", "-").replace(",", "")
    case = make_checkpoint.make(folder, **changes)
    tokens = oracle.text_of(case)
    artifact = driver.compile_model(folder, scratch / "model.moe")
    oracle.check(name, case, folder, driver.score(artifact, [tokens], scratch)[0], tokens)


def test(scratch):
    for name, changes in CASES.items():
        check(name, changes, scratch)


driver.main(test)
