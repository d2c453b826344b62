# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The greedy text of golden models on GPUs is that of transformers.

usage: gpu_goldens.py GOLDEN_FOLDER... SCRATCH_FOLDER

Of 16-bit checkpoints it is that of the CPU: the goldens' text is that of float32 arithmetic.
"""
import json
import pathlib

import driver

TARGETS, DEVICES = driver.gpus()


def test(name, scratch):
    folder = pathlib.Path(name)
    golden = json.loads((folder / "golden.json").read_text())
    exact = not (folder / "logits_lowp.npy").exists()
    targets = TARGETS if exact else TARGETS + ["x86-64-v3"]
    artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe", f"--target={','.join(targets)}")
    text = golden["runs"][0]
    expected = text["greedy"]
    if not exact:
        expected = driver.generate(artifact, text["prompt"], len(expected), "--device=cpu")
    for device in DEVICES:
        found = driver.generate(artifact, text["prompt"], len(expected), f"--device={device}")
        driver.expect(found == expected, f"{device}: greedy text {found}, expected {expected}")
        print(f"{folder.name}: {device}: {len(found)} tokens as they should be")
    artifact.unlink()


driver.main(test)
