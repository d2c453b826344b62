# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Unusual routings, fused and not, in steps of every size at which something changes.

usage: routing.py SCRATCH_FOLDER

The whole text in one step is compared with the oracle in test/reference; steps of other sizes (one
token, and one more and less than the most of a regime) and the program without fusions must have
its bits. Scores that are not numbers must be an error of the step, whatever its size.
"""
import driver
import make_checkpoint
import oracle

# The model is small, because each case is compiled twice.
SMALL = dict(layers=1, hidden=18, inner=11, heads=2, kv_heads=1, vocabulary=33)
CASES = {
    "one expert": dict(experts=1, choices=1),
    "every expert chosen": dict(experts=3, choices=3),
    "one of sixty-four, most are empty": dict(experts=64, choices=1),
    "four of sixty-four": dict(experts=64, choices=4),
    "two of thirty-three, bfloat16": dict(experts=33, choices=2, dtype="bfloat16"),
    "three of ten": dict(experts=10, choices=3),
    "ties: all rows to the first expert": dict(gate="ties", experts=8, choices=1),
    "ties: all rows to the first two": dict(gate="ties", experts=6, choices=2),
    "ties: all rows to the first four of sixty-four": dict(gate="ties", experts=64, choices=4),
    "all rows to the first or the last expert": dict(gate="one", experts=7, choices=1),
}
CHUNKS = [1, 2, 7, 8, 9, 63, 64, 65]
NOT_NUMBERS = "the router scores of layer 0 are not numbers"


def variants(folder, artifact):
    """The program with all fusions and with none; flags of each, for messages."""
    for flags in ([], ["--disable-fusion=all"]):
        driver.compile_model(folder, artifact, *flags)
        yield flags


def check(name, changes, scratch):
    folder, artifact = scratch / "model", scratch / "model.moe"
    case = make_checkpoint.make(folder, **{**SMALL, **changes})
    tokens = oracle.text_of(case)
    bits = None
    for flags in variants(folder, artifact):
        for chunk in [len(tokens), *CHUNKS]:
            logits = driver.score(artifact, [tokens], scratch, "--chunk", chunk)[0]
            if bits is None:
                bits = logits
                oracle.check(name, case, folder, bits, tokens)
            driver.expect(logits == bits, f"{name}: other logits with {flags} in chunks of {chunk}")


def check_not_numbers(scratch):
    folder, artifact = scratch / "model", scratch / "model.moe"
    case = make_checkpoint.make(folder, **SMALL, gate="nan")
    for flags in variants(folder, artifact):
        for chunk in CHUNKS:
            text = driver.write_tokens(scratch / "text.txt", oracle.text_of(case))
            done = driver.call("moert", "score", artifact, "--tokens", text, "--chunk", chunk)
            driver.expect(done.returncode == 1 and NOT_NUMBERS in done.stderr,
                          f"scores that are not numbers, with {flags} in chunks of {chunk}: "
                          f"exit {done.returncode}\n{done.stderr}")
    print("scores that are not numbers: refused")


def test(scratch):
    for name, changes in CASES.items():
        check(name, changes, scratch)
    check_not_numbers(scratch)


driver.main(test)
