# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A GPU gives the logits that the CPU gives.

usage: gpu.py GOLDEN_FOLDER... SCRATCH_FOLDER

One artifact holds code for a CPU and for GPUs, which are emulated unless test/run.sh --device says otherwise. A GPU has orders of summation of
its own, so its logits are near those of the CPU; among themselves they have the same bits: at once, in
chunks of each regime, beside other sequences, and without fusions (of one model for each type of weights),
if they are compiled for that; else they are near. The greedy text is that of the CPU.
"""
import json
import pathlib

import driver

TARGETS, DEVICES = driver.gpus()
CHUNKS = [3, 9, 64]
UNFUSED = {"moe-odd", "moe-bf16", "moe-f16"}

# What two orders of summation in f32 make of logits, as a part of the largest; of bf16 activations that
# such a difference rounds the other way, each moves by 2^-8.
TOLERANCES = {"float32": 1e-4, "float16": 1e-4, "bfloat16": 3e-2}


def distance(found, expected):
    """The largest difference of logits, as a part of the largest of them."""
    found, expected = driver.floats(found), driver.floats(expected)
    driver.expect(len(found) == len(expected), "other sizes")
    return max(abs(a - b) for a, b in zip(found, expected)) / max(map(abs, expected))


def compare(name, device, logits, reference, element):
    far = distance(logits, reference)
    driver.expect(far <= TOLERANCES[element], f"{device}: logits are {far} away from the CPU's")
    print(f"{name}: {device}: at most {far:.1e} of the largest logit away from the CPU")


def test_gpu(artifact, unfused, golden, scratch, flag):
    tokens = golden["score_tokens"]
    others = [tokens[:9], tokens, tokens[3:40]]
    alone = driver.score(artifact, [tokens], scratch, flag)[0]
    for chunk in CHUNKS:
        together = driver.score(artifact, others, scratch, flag, "--chunk", chunk)
        driver.expect(together[1] == alone, f"{flag}: other logits in chunks of {chunk}")
    if unfused:
        plain = driver.score(unfused, [tokens], scratch, flag)[0]
        driver.expect(plain == alone, f"{flag}: other logits without fusions")
    text = golden["runs"][0]
    found = driver.generate(artifact, text["prompt"], len(text["greedy"]), flag)
    expected = driver.generate(artifact, text["prompt"], len(text["greedy"]), "--device=cpu")
    driver.expect(found == expected, f"{flag}: greedy text {found}, expected {expected}")
    return alone


def refuse_huge_pages(artifact, device):
    """They are for weights that a CPU reads."""
    done = driver.call("moert", "generate", artifact, "--tokens=1", "-n", 1, f"--device={device}", "--huge-pages")
    refused = done.returncode == 1 and not done.stdout and "own memory" in done.stderr
    driver.expect(refused, f"huge pages on {device}: exit {done.returncode}, {done.stderr}")


def test_fastest(folder, golden, scratch, reference):
    """Kernels whose bits may depend on the other rows of a step: those for many tokens, which here are 5."""
    artifact = driver.compile_model(folder, scratch / f"{folder.name}-fastest.moe", "--target=" + ",".join(TARGETS),
                                    "--regimes=1,4")
    for device in DEVICES:
        logits = driver.score(artifact, [golden["score_tokens"]], scratch, f"--device={device}")[0]
        compare(folder.name + ", many tokens", device, logits, reference, "bfloat16")
    artifact.unlink()


def test(name, scratch):
    folder = pathlib.Path(name)
    golden = json.loads((folder / "golden.json").read_text())
    element = json.loads((folder / "config.json").read_text())["torch_dtype"]
    targets = f"--target={','.join(TARGETS)}"
    batch = "--deterministic=batch"
    artifact = driver.compile_model(folder, scratch / f"{folder.name}.moe", targets + ",x86-64-v3", batch)
    unfused = None
    if folder.name in UNFUSED:
        unfused = driver.compile_model(folder, scratch / f"{folder.name}-unfused.moe", targets, batch,
                                       "--disable-fusion=all")
    reference = driver.score(artifact, [golden["score_tokens"]], scratch, "--device=cpu")[0]
    for device in DEVICES:
        logits = test_gpu(artifact, unfused, golden, scratch, f"--device={device}")
        compare(folder.name, device, logits, reference, element)
        refuse_huge_pages(artifact, device)
    if element == "bfloat16":
        test_fastest(folder, golden, scratch, reference)
    artifact.unlink()
    if unfused:
        unfused.unlink()


driver.main(test)
