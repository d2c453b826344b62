# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Damages an artifact: `verify --deep` names every flip, and no run crashes or hangs.

usage: bit_flips.py SCRATCH_FOLDER

300 single bits at random places, half of them anywhere in the file, the others where they hurt most:
in the header and in the table at the end; then truncations at random lengths.
"""
import random

import driver
import make_checkpoint

FLIPS, TRUNCATIONS = 300, 20


def places(size, stream):
    """Byte offsets: anywhere, in the header, in the last 8 KiB (the table)."""
    for i in range(FLIPS):
        yield (stream.randrange(size) if i % 2 else
               stream.randrange(64) if i % 4 else size - 1 - stream.randrange(min(size, 8192)))


def check(path, what):
    """The damaged file is refused by name; running it gives an error or an answer, never a crash."""
    done = driver.call("moec", "verify", "--deep", path)
    driver.expect(done.returncode == 1, f"{what}: verify --deep exits with {done.returncode}")
    lines = done.stderr.splitlines()
    driver.expect(len(lines) == 1 and lines[0].startswith("error: ") and path.name in lines[0],
                  f"{what}: {done.stderr}")
    run = driver.call("moert", "generate", path, "--tokens", "1,2,3", "-n", "2", "--ignore-eos")
    driver.expect(run.returncode in (0, 1), f"{what}: a run exits with {run.returncode}: {run.stderr}")


def test(scratch):
    make_checkpoint.make(scratch / "checkpoint", vocabulary=16, hidden=8, heads=2, kv_heads=1, head_dim=4,
                         inner=6, layers=1, experts=3)
    good = driver.compile_model(scratch / "checkpoint", scratch / "good.moe").read_bytes()
    driver.run("moec", "verify", "--deep", scratch / "good.moe")
    damaged, stream = scratch / "damaged.moe", random.Random(5)
    for offset in places(len(good), stream):
        data = bytearray(good)
        bit = stream.randrange(8)
        data[offset] ^= 1 << bit
        damaged.write_bytes(data)
        check(damaged, f"bit {bit} of byte {offset}")
    for _ in range(TRUNCATIONS):
        length = stream.randrange(len(good))
        damaged.write_bytes(good[:length])
        check(damaged, f"cut to {length} of {len(good)} bytes")
    print(f"{FLIPS} flips and {TRUNCATIONS} truncations of {len(good)} bytes are named")


driver.main(test)
