# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A GPU gives the logits that the CPU gives.

usage: gpu.py GOLDEN_FOLDER... SCRATCH_FOLDER

One artifact holds code for a CPU and for two GPUs, which are emulated. Without fusions every kernel
sums in the CPU's order, so logits have the same bits: at once, in chunks of each regime, and beside
other sequences. The greedy text is that of transformers.
"""
import json
import pathlib

import driver

GPUS = ["sm_80", "sm_90a"]
CHUNKS = [3, 9, 64]


def test(name, scratch):
    folder = pathlib.Path(name)
    golden = json.loads((folder / "golden.json").read_text())
    tokens = golden["score_tokens"]
    others = [tokens[:9], tokens, tokens[3:40]]
    artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe", "--disable-fusion=all",
                                    f"--target={','.join(GPUS)},x86-64-v3")
    reference = driver.score(artifact, [tokens], scratch, "--device=cpu")[0]
    for gpu in GPUS:
        device = f"--device=emulated:{gpu}"
        for chunk in CHUNKS:
            together = driver.score(artifact, others, scratch, device, "--chunk", chunk)
            driver.expect(together[1] == reference, f"{gpu}: other logits in chunks of {chunk}")
        alone = driver.score(artifact, [tokens], scratch, device)[0]
        driver.expect(alone == reference, f"{gpu}: other logits at once")
        for text in golden["runs"][:1]:
            found = driver.generate(artifact, text["prompt"], len(text["greedy"]), device)
            expected = driver.generate(artifact, text["prompt"], len(text["greedy"]), "--device=cpu")
            driver.expect(found == expected, f"{gpu}: greedy text {found}, expected {expected}")
    artifact.unlink()
    print(f"{folder.name}: the same bits on {' and '.join(GPUS)}")


driver.main(test)
