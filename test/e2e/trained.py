# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bundled trained model, compared with what Hugging Face transformers computed from it.

usage: trained.py CHECKPOINT GOLDEN_JSON SCORE_TEXT SCRATCH_FOLDER

Tokenization is equal. Greedy text is equal up to the first step whose margin between the two best
logits is within MARGIN: there, 16-bit arithmetic may choose the other one. Log-probabilities have at
most the rms error of transformers' own bfloat16 forward.
"""
import json
import math
import pathlib
import sys

import driver

MARGIN = 0.1


def check_text(artifact, text):
    found = json.loads(driver.run("moert", "generate", artifact, "-p", text["prompt"], "-n",
                                  len(text["greedy"]), "--ignore-eos", "--json"))
    driver.expect(found["prompt_tokens"] == text["prompt_tokens"], f"prompt is {found['prompt_tokens']}")
    safe = next((i for i, m in enumerate(text["margins"]) if m < MARGIN), len(text["margins"]))
    driver.expect(found["tokens"][:safe] == text["greedy"][:safe],
                  f"'{text['prompt']}' goes on {found['text']}, expected {text['text']}")
    print(f"'{text['prompt']}': {safe} tokens compared")


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
        check_text(artifact, prompt)
    check_score(artifact, golden["score"], text)


arguments = sys.argv[1:4]
del sys.argv[1:4]
driver.main(test)
