# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bundled trained model, compared with what Hugging Face transformers computed from it.

usage: trained.py CHECKPOINT GOLDEN_JSON SCORE_TEXT SCRATCH_FOLDER

Tokenization is equal. After each prefix of transformers' greedy text the most likely token is the same
wherever the margin between its two best logits exceeds MARGIN: below, 16-bit arithmetic may choose the
other one. Log-probabilities have at most the rms error of transformers' own bfloat16 forward.
"""
import json
import math
import pathlib
import sys

import driver

MARGIN = 0.1


def check_text(artifact, text, scratch):
    prompt, greedy, margins = text["prompt_tokens"], text["greedy"], text["margins"]
    found = json.loads(driver.run("moert", "tokenize", artifact, "-p", text["prompt"], "--json"))
    driver.expect(found["tokens"] == prompt, f"'{text['prompt']}' is {found['tokens']}")
    logits = driver.floats(driver.score(artifact, [prompt + greedy], scratch)[0])
    vocabulary = len(logits) // len(prompt + greedy)
    compared = 0
    for i, (token, margin) in enumerate(zip(greedy, margins)):
        if margin < MARGIN:
            continue
        begin = (len(prompt) + i - 1) * vocabulary
        row = logits[begin:begin + vocabulary]
        best = max(range(vocabulary), key=row.__getitem__)
        driver.expect(best == token, f"'{text['prompt']}': token {i} is {best}, expected {token}")
        compared += 1
    print(f"'{text['prompt']}': {compared} of {len(greedy)} tokens compared")


def check_score(artifact, golden, path):
    found = json.loads(driver.run("moert", "score", artifact, "--text", path, "--json"))
    driver.expect(found["tokens"] == golden["tokens"], "another tokenization of the text")
    errors = [(a - b)**2 for a, b in zip(found["logprobs"], golden["logprobs"])]
    rms = math.sqrt(sum(errors) / len(errors))
    driver.expect(len(errors) == len(golden["logprobs"]) and rms <= golden["lowp_rms_error"],
                  f"rms error {rms:.4f} of {len(errors)}, transformers' {golden['lowp_rms_error']:.4f}")
    print(f"rms error of log-probabilities {rms:.4f}, transformers' {golden['lowp_rms_error']:.4f}; "
          f"perplexity {found['perplexity']:.4f}, {golden['perplexity']:.4f} in float32")


def test(scratch):
    checkpoint, golden, text = arguments
    golden = json.loads(pathlib.Path(golden).read_text())
    artifact = driver.compile_model(checkpoint, scratch / "trained.moe")
    for prompt in golden["runs"]:
        check_text(artifact, prompt, scratch)
    check_score(artifact, golden["score"], text)


arguments = sys.argv[1:4]
del sys.argv[1:4]
driver.main(test)
